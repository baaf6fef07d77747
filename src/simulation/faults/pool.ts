/**
 * The pool: it pushes each block that it finds until the relay says that it is safe, as docs/clients/push-block.mjs does. What it pushes
 * while the relay is away is not queued: the next push comes a second later.
 */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { RelayEvent } from '../../contracts/events.js';
import type { Hash } from '../../wire/reader.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';

/** What the pool waits for: that the block survives a crash of the relay, or a loss of power too. */
export type Safety = 'received' | 'stored';

const AGAIN_AFTER = 1_000 * MICROS_PER_MS;

export interface PoolDeps {
  readonly engine: Engine;
  readonly safety: Safety;
  /** Hands a message to the relay's socket; what it does while the relay is away is lost. */
  readonly push: (raw: Buffer) => void;
}

export class Pool {
  /** Pushed, and not known to be safe. */
  private readonly waiting = new Set<Hash>();
  private last: Buffer | undefined;

  constructor(private readonly deps: PoolDeps) {}

  /** Blocks of which the relay has not said that they are safe. */
  get unsafe(): number {
    return this.waiting.size;
  }

  /** Pushes a block, and again each second until it is safe. */
  found(raw: Buffer): void {
    this.last = raw;
    const hash = hashHeader(raw.subarray(0, HEADER_SIZE));
    this.waiting.add(hash);
    this.insist(hash, raw);
  }

  /** Pushes the last block once more, whatever the relay said of it. */
  repeat(): void {
    if (this.last !== undefined) this.deps.push(this.last);
  }

  /** Takes an event from the relay's events socket. */
  take(event: RelayEvent): void {
    if ('hash' in event && event.hash !== undefined && this.isAnswer(event)) this.waiting.delete(event.hash);
  }

  private insist(hash: Hash, raw: Buffer): void {
    if (!this.waiting.has(hash)) return;
    this.deps.push(raw);
    this.deps.engine.after(AGAIN_AFTER, () => this.insist(hash, raw));
  }

  private isAnswer(event: RelayEvent): boolean {
    if (event.type === 'refused' || event.type === 'stored') return true;
    if (event.type === 'repeated' && event.stored === true) return true;
    const isTaken = event.type === 'received' || event.type === 'repeated';
    return this.deps.safety === 'received' && isTaken && event.unspooled === undefined;
  }
}
