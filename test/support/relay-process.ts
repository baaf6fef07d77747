/** A relay in a process of its own, which a test may kill at any time, and a pool that pushes to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Push, Subscriber } from 'zeromq';
import type { BlockEvent } from '../../src/contracts/events.js';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import type { Hash } from '../../src/wire/reader.js';
import { atEnd } from './at-end.js';
import { PATIENCE_MS } from './patience.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** Characters of the log that are kept for error messages. */
const MAX_OUTPUT = 20_000;
const CONNECTED = /(?:local dashd|peer) (\S+) connected: /;

/** Waits until `find` gives something. @throws Error naming `what`, as it is by then, when that takes too long; what `find` throws */
export async function until<T>(
  what: string | (() => string),
  find: () => T | undefined,
  everyMs = 5,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const from = performance.now();
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() - from > patienceMs)
      throw new Error(`waited ${patienceMs} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export class RelayProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'blockcast-process-'));
  readonly spool = join(this.folder, 'spool');
  readonly history = join(this.folder, 'blocks.jsonl');
  readonly events: BlockEvent[] = [];
  /** The end of its log since it was started. */
  output = '';
  /** Peers that have finished their handshake since it was started. */
  private readonly peers = new Set<string>();
  private child: ChildProcess | undefined;
  private readonly pool = new Push({ linger: 0, reconnectInterval: 10 });
  private readonly subscriber = new Subscriber({ linger: 0, reconnectInterval: 10 });
  private readonly listeners = new Set<(event: BlockEvent) => void>();
  private readonly forget = atEnd(() => this.remove());

  /**
   * @param flags beyond those that keep it to itself
   * @param env more of its environment
   */
  constructor(
    private readonly flags: readonly string[],
    private readonly env: Readonly<Record<string, string>> = {},
  ) {
    this.pool.connect(this.endpoint('pool'));
    this.subscriber.connect(this.endpoint('events'));
    this.subscriber.subscribe();
    void this.listen();
  }

  /** Starts it, or starts it again; resolves when it answers over both sockets. */
  async start(more: readonly string[] = []): Promise<void> {
    this.output = '';
    this.peers.clear();
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        MAIN,
        'run',
        '--network=regtest',
        `--pool-bind=${this.endpoint('pool')}`,
        `--events-bind=${this.endpoint('events')}`,
        `--broadcast-peer-db=${join(this.folder, 'peers.json')}`,
        `--history-file=${this.history}`,
        '--broadcast-skip-bootstrap=true',
        '--broadcast-min-peers=0',
        ...(this.hasPages ? [] : ['--http-enabled=false']),
        '--log-level=debug',
        '--log-format=json',
        ...this.flags,
        ...more,
      ],
      { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        if (this.child === child) this.note(line);
      });
    }
    this.child = child;
    await this.says(/pool socket up/);
    await this.says(/events socket up/);
    // The pages come after the sockets.
    if (this.hasPages) await this.says(/HTTP up/);
  }

  /** Waits until so many peers have finished their handshake, since it was started. */
  async connected(count: number): Promise<void> {
    await this.until(`${count} peers`, () => this.peers.size >= count);
  }

  private get hasPages(): boolean {
    return this.flags.some((flag) => flag.startsWith('--http-port'));
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Waits for a line of its log. */
  async says(line: RegExp): Promise<void> {
    await this.until(`${line}`, () => line.test(this.output));
  }

  async push(raw: Buffer): Promise<void> {
    await this.pool.send(raw);
  }

  /** The next event of the type about the block, from now on. */
  next(type: BlockEvent['type'], hash: Hash): Promise<BlockEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} of ${hash}: ${this.output}`)), PATIENCE_MS);
      // Some are never emitted, and nobody waits for those.
      timer.unref();
      const listener = (event: BlockEvent): void => {
        if (event.type !== type || !('hash' in event) || event.hash !== hash) return;
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(event);
      };
      this.listeners.add(listener);
    });
  }

  /** Ends it without giving it time to do anything. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code as number | null;
  }

  async remove(): Promise<void> {
    this.forget();
    await this.kill();
    this.pool.close();
    this.subscriber.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private note(line: string): void {
    this.output = `${this.output}${line}\n`.slice(-MAX_OUTPUT);
    const peer = CONNECTED.exec(line)?.[1];
    if (peer !== undefined) this.peers.add(peer);
  }

  /** A process that has ended emits nothing more, and may not have logged the reason. */
  private async until(what: string, isSo: () => boolean): Promise<void> {
    const { child } = this;
    await until(
      () => `${what}: ${this.output}`,
      () => {
        if (isSo()) return true;
        const end = child?.exitCode ?? child?.signalCode ?? undefined;
        if (end !== undefined) throw new Error(`the relay ended (${end}) before ${what}: ${this.output}`);
        return undefined;
      },
    );
  }

  endpoint(name: 'pool' | 'events'): string {
    return `ipc://${join(this.folder, name)}`;
  }

  private async listen(): Promise<void> {
    for await (const [message] of this.subscriber) {
      const event = message && parseBlockEvent(message);
      if (event === undefined) continue;
      this.events.push(event);
      for (const listener of [...this.listeners]) listener(event);
    }
  }
}
