/** A relay with a configuration as a user has it, a pool's socket that pushes to it, and its events. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Push } from 'zeromq';
import { hashHeader } from '../../src/block/x11.js';
import { loadConfig } from '../../src/config/config.js';
import type { BlockProof, BlockRefused, BlockVerdict, RelayEvent, ServiceEvent } from '../../src/contracts/events.js';
import { type Relay, type RelayDeps, startRelay } from '../../src/relay/relay.js';
import type { Hash } from '../../src/wire/reader.js';
import { atEnd } from './at-end.js';
import { PATIENCE_MS } from './patience.js';

/** For what no event tells. */
const LOOK_EVERY_MS = 50;

const ANY_PORT = 'tcp://127.0.0.1:0';

export class RelayUnderTest {
  readonly events: RelayEvent[] = [];
  poolBind = '';
  eventsBind = '';
  private readonly waiting = new Set<() => void>();
  private readonly pool = new Push({ linger: 0 });
  private readonly forget = atEnd(() => this.stop());
  private stopping: Promise<void> | undefined;

  private constructor(
    readonly relay: Relay,
    readonly folder: string,
  ) {}

  /** @param options flags without their dashes, over those that every test wants */
  static async start(
    options: Readonly<Record<string, string>>,
    deps: Partial<RelayDeps> = {},
  ): Promise<RelayUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-relay-'));
    const loaded = loadConfig({
      options: {
        network: 'regtest',
        'dashd-zmq-url': 'none',
        'broadcast-min-peers': '0',
        // A dozen relays share two cores here.
        'broadcast-peer-db': join(folder, 'broadcast_peers.json'),
        'history-file': join(folder, 'block_history.jsonl'),
        'pool-bind': ANY_PORT,
        'events-bind': ANY_PORT,
        ...options,
      },
      env: { HOME: '/nonexistent' },
      readFile: () => '',
      platform: process.platform,
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    const early: RelayEvent[] = [];
    let listen = (event: RelayEvent): void => {
      early.push(event);
    };
    const relay = await startRelay(loaded.config, {
      userAgent: '/blockcast:test/',
      ...deps,
      listen: (event) => listen(event),
    });
    const under = new RelayUnderTest(relay, folder);
    listen = (event) => under.take(event);
    for (const event of early) under.take(event);
    under.poolBind = options['pool-bind'] ?? (await under.endpointOf('pool-socket'));
    under.eventsBind = options['events-bind'] ?? (await under.endpointOf('events-socket'));
    under.pool.connect(under.poolBind);
    return under;
  }

  /** A port that the system chose as it was bound can be nobody else's. */
  private async endpointOf(service: ServiceEvent['service']): Promise<string> {
    const { detail } = await this.until(`${service}: up`, (events) =>
      events.find(
        (event): event is ServiceEvent => event.type === 'service' && event.service === service && event.state === 'up',
      ),
    );
    return /tcp:\S+$/.exec(detail)?.[0] ?? detail;
  }

  /** Waits until `find`, which sees the events so far, has found something: it looks at each event, and from time to time. @throws Error naming `what`, as it is by then, when that takes too long */
  async until<T>(what: string | (() => string), find: (events: readonly RelayEvent[]) => T | undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_resolve, reject) => {
      const fail = (): void => {
        reject(new Error(`waited ${PATIENCE_MS} ms for ${typeof what === 'string' ? what : what()}`));
      };
      timer = setTimeout(fail, PATIENCE_MS);
    });
    try {
      for (;;) {
        const found = find(this.events);
        if (found !== undefined) return found;
        await Promise.race([
          impatience,
          new Promise<void>((resolve) => this.waiting.add(resolve)),
          pause(LOOK_EVERY_MS),
        ]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until exactly these peers are connected. */
  async connected(count: number): Promise<void> {
    await this.until(
      () => `${count} peers, there are ${[...this.relay.peers.keys()]}: ${JSON.stringify(this.events.slice(-10))}`,
      () => (this.relay.peers.size === count ? true : undefined),
    );
  }

  /** Waits until dashd has answered with its tip, so that the gate knows parents. */
  async tipKnown(): Promise<void> {
    await this.until('a tip', (events) => events.find(({ type }) => type === 'tip'));
  }

  async push(...frames: readonly (Buffer | string)[]): Promise<void> {
    await this.pool.send([...frames]);
  }

  /** The last verdict on a block that satisfies `enough`. */
  verdict(raw: Buffer, enough: (verdict: BlockVerdict) => boolean = () => true): Promise<BlockVerdict> {
    const hash = hashOf(raw);
    return this.until(`the verdict on ${hash}`, (events) =>
      events.findLast(
        (event): event is BlockVerdict => event.type === 'verdict' && event.hash === hash && enough(event),
      ),
    );
  }

  /**
   * Waits for a verdict that says this. The first one is due after 3 s: on a busy machine not all have answered by then, and another follows.
   * @throws AssertionError with what the last verdict said, when none does
   */
  async verdictSays<T>(raw: Buffer, read: (verdict: BlockVerdict) => T, expected: T): Promise<BlockVerdict> {
    try {
      return await this.verdict(raw, (verdict) => isDeepStrictEqual(read(verdict), expected));
    } catch {
      const last = await this.verdict(raw);
      assert.deepEqual(read(last), expected);
      return last;
    }
  }

  refusal(code: string): Promise<BlockRefused> {
    return this.until(`a refusal: ${code}`, (events) =>
      events.find((event): event is BlockRefused => event.type === 'refused' && event.code === code),
    );
  }

  proofs(raw: Buffer): BlockProof[] {
    const hash = hashOf(raw);
    return this.events.filter((event): event is BlockProof => event.type === 'proof' && event.hash === hash);
  }

  /** Does nothing when it was stopped before. */
  stop(): Promise<void> {
    this.stopping ??= this.close();
    return this.stopping;
  }

  private async close(): Promise<void> {
    this.forget();
    this.pool.close();
    await this.relay.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private take(event: RelayEvent): void {
    this.events.push(event);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

export function hashOf(raw: Buffer): Hash {
  return hashHeader(raw.subarray(0, 80));
}
