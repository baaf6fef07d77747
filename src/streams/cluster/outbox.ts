/**
 * Found blocks on their way to the other relays: published at once, and again until a stream has them. Without a connection they wait for
 * one; a block that a stream refuses is published three times, since each time all relays get it.
 *
 * Bounds: 32 blocks and 64 MB; the oldest is given up first, which only costs the other relays what they would have gained.
 */
import { type SchedulerLike, Subscription, timer } from 'rxjs';
import { CLUSTER, CLUSTER_GIVEN_UP } from '../../messages/cluster.js';
import { fill } from '../../messages/fill.js';
import { SECOND_MS } from '../../time.js';
import type { ClusterLink, StoreAnswer } from './link.js';

export interface OutboxDeps {
  readonly store: ClusterLink['store'];
  readonly subject: string;
  readonly network: string;
  readonly fault: (code: keyof typeof CLUSTER, detail: string) => void;
  readonly scheduler: SchedulerLike;
}

const MAX_BLOCKS = 32;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ATTEMPTS = 3;
const RETRY_MS = 5 * SECOND_MS;

interface Waiting {
  readonly hash: string;
  readonly raw: Buffer;
  attempts: number;
  busy: boolean;
}

export class Outbox {
  private readonly waiting = new Map<string, Waiting>();
  private readonly retries = new Subscription();

  constructor(private readonly deps: OutboxDeps) {}

  /** Blocks that no stream has stored yet. */
  get size(): number {
    return this.waiting.size;
  }

  /** Publishes a block in the calling turn. */
  add(hash: string, raw: Buffer): void {
    if (this.waiting.has(hash)) return;
    const entry = { hash, raw, attempts: 0, busy: false };
    this.waiting.set(hash, entry);
    this.send(entry);
    this.makeRoom();
  }

  /** There is a connection again: publishes what waits for one. */
  retry(): void {
    for (const entry of this.waiting.values()) this.send(entry);
  }

  stop(): void {
    this.retries.unsubscribe();
  }

  private send(entry: Waiting): void {
    const { store, subject, network } = this.deps;
    if (entry.busy) return;
    const answer = store(subject, entry.raw, { id: entry.hash, network });
    if (answer === undefined) return;
    entry.busy = true;
    entry.attempts += 1;
    void answer.then((stored) => this.onAnswer(entry, stored));
  }

  private onAnswer(entry: Waiting, answer: StoreAnswer): void {
    const { fault, subject } = this.deps;
    const { hash, attempts } = entry;
    entry.busy = false;
    if (answer.ok || !this.waiting.has(hash)) {
      this.waiting.delete(hash);
      return;
    }
    if (answer.code === 'no-stream') {
      this.waiting.delete(hash);
      fault('no-stream', fill(CLUSTER['no-stream'], { subject }));
      return;
    }
    fault('not-stored', fill(CLUSTER['not-stored'], { hash, detail: answer.detail }));
    if (attempts >= MAX_ATTEMPTS) this.giveUp(hash, fill(CLUSTER_GIVEN_UP.attempts, { count: attempts }));
    else this.retries.add(timer(RETRY_MS * attempts, this.deps.scheduler).subscribe(() => this.again(entry)));
  }

  private again(entry: Waiting): void {
    if (this.waiting.has(entry.hash)) this.send(entry);
  }

  private makeRoom(): void {
    let bytes = 0;
    for (const { raw } of this.waiting.values()) bytes += raw.length;
    for (const { hash, raw } of this.waiting.values()) {
      if ((this.waiting.size <= MAX_BLOCKS && bytes <= MAX_BYTES) || this.waiting.size === 1) return;
      bytes -= raw.length;
      this.giveUp(hash, CLUSTER_GIVEN_UP.older);
    }
  }

  private giveUp(hash: string, reason: string): void {
    this.waiting.delete(hash);
    this.deps.fault('given-up', fill(CLUSTER['given-up'], { hash, reason }));
  }
}
