/** Events as the relay emits them, and an alert engine that is polled when it is due. */
import assert from 'node:assert/strict';
import type { BlockVerdict, PeerProof, RelayEvent, ServiceEvent } from '../../../src/contracts/events.js';
import { Engine } from '../../../src/ops/alerts/engine.js';
import type { Notice } from '../../../src/ops/alerts/notice.js';
import type { Delivery, Envelope, Transport } from '../../../src/ops/alerts/transport.js';
import { DELIVERED } from '../../support/verdict.js';

export const START = 1_794_000_000_000;
export const DASHD = '127.0.0.1:9999';

export function hash(n: number): string {
  return n.toString(16).padStart(64, '0');
}

export function service(
  name: ServiceEvent['service'],
  state: ServiceEvent['state'],
  code: string = state,
  detail = `${name} is ${state}`,
): ServiceEvent {
  return { type: 'service', at: START, service: name, state, code, detail };
}

export function connected(peer: string): RelayEvent {
  const remote = { userAgent: '/Dash Core:23.1.2/', height: 1, protocolVersion: 70238 };
  return { type: 'peer-connected', at: START, peer, protected: peer === DASHD, ...remote };
}

export function lost(peer: string, { code = 'closed-by-peer', wasReady = true } = {}): RelayEvent {
  const bytes = { bytesIn: 0, bytesOut: 0 };
  return {
    type: 'peer-lost',
    at: START,
    peer,
    protected: peer === DASHD,
    code,
    reason: 'it closed',
    wasReady,
    ...bytes,
  };
}

export function proof(peer: string, status: PeerProof['status'], block = hash(1)): RelayEvent {
  const reason = status === 'failed' ? { reason: 'connection-error: ECONNRESET' } : {};
  return { type: 'proof', at: START, hash: block, peer, protected: peer === DASHD, status, ...reason };
}

export function received(block: string, source: 'pool' | 'dashd' = 'pool'): RelayEvent {
  return { type: 'received', at: START, hash: block, source, size: 1_000 };
}

export function refused(source: 'pool' | 'dashd' = 'pool'): RelayEvent {
  const why = { code: 'bad-proof-of-work', reason: 'its hash is above its target' };
  return { type: 'refused', at: START, source, size: 300, sha256: hash(7), hash: hash(8), ...why };
}

export function verdict(block: string, changes: Partial<BlockVerdict> = {}): BlockVerdict {
  return {
    type: 'verdict',
    at: START,
    ...DELIVERED,
    hash: block,
    height: 42,
    peersReached: 3,
    peersTried: 4,
    accepted: 3,
    failed: 1,
    ...changes,
  };
}

export const FAILED = {
  outcome: 'failed',
  success: false,
  reason: 'no peer is known to have it',
  peersReached: 0,
} as const;

export function finality(block: string, state: 'pending' | 'chainlocked' | 'buried' | 'orphaned'): RelayEvent {
  return {
    type: 'finality',
    at: START,
    hash: block,
    height: 42,
    state,
    ...(state === 'orphaned' ? { by: hash(999) } : {}),
  };
}

/** An engine and all that it emitted. Times are ms since the start. */
export class Watch {
  readonly engine: Engine;
  readonly notices: Notice[] = [];
  private ms = 0;

  constructor(repeatAfterMs = 0) {
    this.engine = new Engine(repeatAfterMs);
  }

  /** Moves time to `ms`, then emits the events. */
  at(ms: number, ...events: readonly RelayEvent[]): this {
    this.passTo(ms);
    for (const event of events) this.engine.note(event, START + ms);
    this.look();
    return this;
  }

  /** `12.5 s: firing dashd-lost`, in order. */
  get reported(): string[] {
    return this.notices.map(({ at, state, key, repeat }) => {
      const again = repeat > 0 && state === 'firing' ? ' again' : '';
      return `${(at - START) / 1_000} s: ${state} ${key}${again}`;
    });
  }

  get standing(): string[] {
    return this.engine.standing(START + this.ms).map(({ key }) => key);
  }

  private passTo(ms: number): void {
    for (let due = this.engine.nextDue(); due !== undefined && due <= START + ms; due = this.engine.nextDue()) {
      assert.ok(due >= START + this.ms, 'it is due in the past');
      this.ms = due - START;
      this.look();
    }
    this.ms = ms;
  }

  private look(): void {
    this.notices.push(...this.engine.evaluate(START + this.ms).notices);
  }
}

/** The receiver of a channel, which answers as the test sets. */
export class FakeTransport implements Transport {
  readonly sent: Envelope[] = [];
  answers: Delivery[] = [];
  closed = false;
  /** Called at each attempt. */
  onSend: () => void = () => undefined;
  private readonly held: (() => void)[] = [];
  hold = false;

  constructor(readonly name: 'webhook' | 'telegram' = 'webhook') {}

  async send(envelope: Envelope, signal: AbortSignal): Promise<Delivery> {
    this.sent.push({ ...envelope });
    this.onSend();
    if (this.hold) {
      await new Promise<void>((resolve) => {
        this.held.push(resolve);
        signal.addEventListener('abort', () => resolve());
      });
      if (signal.aborted) return { ok: false, rejected: false, detail: 'cut short' };
    }
    return this.answers.shift() ?? { ok: true, detail: 'taken' };
  }

  release(): void {
    this.hold = false;
    for (const resolve of this.held.splice(0)) resolve();
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** `firing dashd-lost`, in order of the attempts. */
  get keys(): string[] {
    return this.sent.map(({ notice }) => `${notice.state} ${notice.key}`);
  }
}

export function aNotice(changes: Partial<Notice> = {}): Notice {
  return {
    key: 'dashd-lost',
    alert: 'dashd-lost',
    aboutBlock: false,
    severity: 'critical',
    title: 'Local dashd lost',
    summary: '127.0.0.1:9999: closed-by-peer: it closed',
    remedy: 'Start it.',
    docs: 'docs/operations.md#blockcast-dashd-lost',
    since: START,
    details: { peer: DASHD },
    state: 'firing',
    repeat: 0,
    at: START + 15_000,
    returns: 0,
    text: 'It is lost.',
    ...changes,
  };
}
