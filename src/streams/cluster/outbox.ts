/**
 * Found blocks on their way to the other relays: published at once, and again until a stream has them. Without a connection they wait for
 * one; a block that a stream refuses is published three times, since each time all relays get it. For a minute a block is published again also
 * when another relay has just connected: it may have been without a connection when the block was published, and what a stream has cannot be read
 * while the servers choose a leader.
 *
 * Bounds: 32 blocks and 64 MB; the oldest is given up first, which only costs the other relays what they would have gained.
 */
import { type SchedulerLike, Subject, Subscription, throttleTime, timer } from 'rxjs';
import { CLUSTER, CLUSTER_GIVEN_UP } from '../../messages/cluster.js';
import { fill } from '../../messages/fill.js';
import { type Clock, MINUTE_MS, SECOND_MS } from '../../time.js';
import type { ClusterLink, StoreAnswer } from './link.js';

export interface OutboxDeps {
  readonly store: ClusterLink['store'];
  readonly subject: string;
  readonly network: string;
  readonly fault: (code: keyof typeof CLUSTER, detail: string) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
}

const MAX_BLOCKS = 32;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FAILURES = 3;
const RETRY_MS = 5 * SECOND_MS;
/** Longer than a relay takes to notice that its server is gone, and to connect to another. */
const AWAY_MS = MINUTE_MS;
/** Relays that connect are given what they may have missed so often at most. */
const REPEAT_PAUSE_MS = 2 * SECOND_MS;
/** More than a pool finds in that time, but on a test network: a relay that connects again and again costs the others no more than this. */
const MAX_REPEATED = 8;

interface Kept {
  readonly hash: string;
  readonly raw: Buffer;
  /** On the monotonic clock. */
  readonly at: number;
  /** The last attempt to have it stored; answers to earlier ones count only if it was. */
  attempt: number;
  failures: number;
  /** A stream has it, or there is none. */
  settled: boolean;
}

export class Outbox {
  /** The oldest first. */
  private readonly kept = new Map<string, Kept>();
  private readonly running = new Subscription();
  private readonly connected$ = new Subject<void>();

  constructor(private readonly deps: OutboxDeps) {
    const pause = throttleTime(REPEAT_PAUSE_MS, deps.scheduler, { leading: true, trailing: true });
    this.running.add(this.connected$.pipe(pause).subscribe(() => this.repeat()));
  }

  /** Blocks that no stream has stored yet. */
  get size(): number {
    return [...this.kept.values()].filter(({ settled }) => !settled).length;
  }

  /** Publishes a block in the calling turn. */
  add(hash: string, raw: Buffer): void {
    if (this.kept.has(hash)) return;
    const { clock, scheduler } = this.deps;
    const entry = { hash, raw, at: clock.monotonic(), attempt: 0, failures: 0, settled: false };
    this.kept.set(hash, entry);
    this.send(entry);
    this.makeRoom();
    this.running.add(timer(AWAY_MS, scheduler).subscribe(() => this.tidy(entry)));
  }

  /** There is a connection again: publishes what waits for one. */
  retry(): void {
    for (const entry of this.kept.values()) if (!entry.settled) this.send(entry);
  }

  /** Another relay has just connected: it may have missed the last blocks. */
  noteConnected(): void {
    if (this.kept.size > 0) this.connected$.next();
  }

  stop(): void {
    this.running.unsubscribe();
  }

  private repeat(): void {
    for (const entry of [...this.kept.values()].slice(-MAX_REPEATED)) if (this.isRecent(entry)) this.send(entry, true);
  }

  private isRecent({ at }: Kept): boolean {
    return this.deps.clock.monotonic() - at < AWAY_MS;
  }

  private tidy(entry: Kept): void {
    if (entry.settled && this.kept.get(entry.hash) === entry && !this.isRecent(entry)) this.kept.delete(entry.hash);
  }

  /** @param again to relays that may have missed it */
  private send(entry: Kept, again?: true): void {
    const { store, subject, network, clock } = this.deps;
    const age = again === true && { ageMs: Math.round(clock.monotonic() - entry.at) };
    const answer = store(subject, entry.raw, { id: entry.hash, network, ...age });
    if (answer === undefined) return;
    entry.attempt += 1;
    const { attempt } = entry;
    void answer.then((stored) => this.onAnswer(entry, attempt, stored));
  }

  private onAnswer(entry: Kept, attempt: number, answer: StoreAnswer): void {
    const { fault, subject, scheduler } = this.deps;
    const { hash } = entry;
    if (this.kept.get(hash) !== entry || entry.settled) return;
    if (answer.ok || answer.code === 'no-stream') {
      entry.settled = true;
      this.tidy(entry);
      if (!answer.ok) fault('no-stream', fill(CLUSTER['no-stream'], { subject }));
      return;
    }
    // A later one is under way.
    if (attempt !== entry.attempt) return;
    entry.failures += 1;
    const { failures } = entry;
    fault('not-stored', fill(CLUSTER['not-stored'], { hash, detail: answer.detail }));
    if (failures >= MAX_FAILURES) this.giveUp(hash, fill(CLUSTER_GIVEN_UP.attempts, { count: failures }));
    else this.running.add(timer(RETRY_MS * failures, scheduler).subscribe(() => this.again(entry)));
  }

  private again(entry: Kept): void {
    if (this.kept.get(entry.hash) === entry && !entry.settled) this.send(entry);
  }

  private makeRoom(): void {
    let bytes = 0;
    for (const { raw } of this.kept.values()) bytes += raw.length;
    const bySacrifice = [...this.kept.values()].sort((a, b) => Number(b.settled) - Number(a.settled));
    for (const { hash, raw, settled } of bySacrifice) {
      if ((this.kept.size <= MAX_BLOCKS && bytes <= MAX_BYTES) || this.kept.size === 1) return;
      bytes -= raw.length;
      if (settled) this.kept.delete(hash);
      else this.giveUp(hash, CLUSTER_GIVEN_UP.older);
    }
  }

  private giveUp(hash: string, reason: string): void {
    this.kept.delete(hash);
    this.deps.fault('given-up', fill(CLUSTER['given-up'], { hash, reason }));
  }
}
