/**
 * Writes blocks over time: at the speed of a limited uplink, as far ahead of it as the plan says, the rest in small portions as it carries
 * what was written; and not before the time for which the plan holds a write back. Whoever learns of a block elsewhere while it waits here is not written to, which leaves the uplink to others.
 *
 * A block that comes while others wait goes before them, since it is the newest; a peer's earlier blocks go right before it, because a child
 * without its parent would cost us 10 of that peer's 100 misbehaviour points.
 *
 * Bounds: {@link MAX_WAITING} writes wait; beyond that all are made at once.
 */
import { type SchedulerLike, Subscription, timer } from 'rxjs';
import { LEAD_MS, type PlannedWrite } from '../../quorum/push-plan.js';
import type { PushBlock } from '../../session/types.js';
import type { Clock } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { Connections } from '../connections/connections.js';
import type { Settle, Written } from '../connections/multicast.js';

export interface PacedWritesDeps {
  readonly connections: Pick<Connections, 'push' | 'live'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
  /** Told of each portion that is written later than with the first. */
  readonly wrote?: (block: PushBlock, written: readonly Written[]) => void;
}

interface Waiting {
  readonly block: PushBlock;
  readonly peer: string;
  readonly bytes: number;
  /** Held back until then, milliseconds on the monotonic clock. */
  readonly heldUntil: number;
  /** Counts pushes: a parent has a lower number than its child. */
  readonly number: number;
}

const MAX_WAITING = 20_000;
/** A busy event loop makes timers late; what would have been written meanwhile follows at once, up to this. */
const MAX_LATE_MS = 50;
/** Portions of half the lead, so that the uplink has the other half while a timer is late. */
const PORTION_MS = LEAD_MS / 2;

export class PacedWrites {
  private waiting: readonly Waiting[] = [];
  /** When the uplink will have carried what was written, milliseconds on the monotonic clock. */
  private freeAt = 0;
  /** Bytes per millisecond. */
  private speed = Infinity;
  private next = Subscription.EMPTY;
  private pushes = 0;

  constructor(private readonly deps: PacedWritesDeps) {}

  /**
   * Writes a block to the first peers at once, and to the others in time.
   * @param writes in the order of the plan
   * @param pace bytes per second; unless given, all is written at once
   * @returns the rest of the push to the first peers, as {@link Connections.push} does
   */
  push(block: PushBlock, writes: readonly PlannedWrite[], pace = Infinity): Settle {
    this.speed = pace / 1000;
    if (pace === Infinity) this.freeAt = 0;
    this.pushes += 1;
    const number = this.pushes;
    const now = this.deps.clock.monotonic();
    const own = writes.map(
      ({ peer, bytes, heldMs }): Waiting => ({ block, peer, bytes, heldUntil: now + heldMs, number }),
    );
    this.waiting = this.waiting.length === 0 ? own : withEarlier(own, this.waiting);
    return this.write(block);
  }

  /** True while writes wait: a block goes through here then, or its parent would come after it. */
  get isBusy(): boolean {
    return this.waiting.length > 0;
  }

  /** The block's memory is needed for another, or it is not to be sent any more. */
  forget(hash: Hash): void {
    this.waiting = this.waiting.filter(({ block }) => block.hash !== hash);
  }

  stop(): void {
    this.next.unsubscribe();
    this.waiting = [];
  }

  /** Writes what is due. @param fresh the block that is being pushed: it is written, but not settled */
  private write(fresh?: PushBlock): Settle {
    const { connections, clock, wrote } = this.deps;
    const due = this.takeDue(clock.monotonic(), fresh === undefined ? MAX_LATE_MS : 0);
    let settleFresh: Settle = () => [];
    for (const { block, peers } of portionsOf(due)) {
      const settle = connections.push(block, new Set(peers.map(({ peer }) => peer)));
      const settled = (): readonly Written[] => this.correct(peers, settle());
      if (block === fresh) settleFresh = settled;
      else wrote?.(block, settled());
    }
    this.schedule();
    return settleFresh;
  }

  /** @param lateMs for which the uplink may have idled since the last writes, while a timer was late: that is made up for */
  private takeDue(now: number, lateMs: number): readonly Waiting[] {
    const isBounded = this.waiting.length <= MAX_WAITING;
    let count = 0;
    this.freeAt = Math.max(this.freeAt, now - lateMs);
    for (const { peer, bytes, heldUntil } of this.waiting) {
      if (isBounded && bytes > 0 && (this.freeAt - now > LEAD_MS || heldUntil > now)) break;
      count += 1;
      if (this.deps.connections.live.has(peer)) this.freeAt += bytes / this.speed;
    }
    const due = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return due;
  }

  /** A peer that has the block by now, or takes it whole, was written other bytes than planned. */
  private correct(planned: readonly Waiting[], written: readonly Written[]): readonly Written[] {
    const plannedBytes = new Map(planned.map(({ peer, bytes }) => [peer, bytes]));
    for (const { peer, bytes } of written) {
      const before = plannedBytes.get(peer) ?? 0;
      if (before > 0) this.freeAt += (bytes - before) / this.speed;
    }
    this.schedule();
    return written;
  }

  private schedule(): void {
    this.next.unsubscribe();
    const [first] = this.waiting;
    if (first === undefined) return;
    const { clock, scheduler } = this.deps;
    const inMs = Math.max(1, Math.max(this.freeAt - LEAD_MS + PORTION_MS, first.heldUntil) - clock.monotonic());
    this.next = timer(inMs, scheduler).subscribe(() => this.write());
  }
}

/**
 * A block's writes, each with the peer's earlier blocks right before it; then what else waits. A peer's blocks are held no longer than the
 * earliest of them: blocks that follow each other fast would keep each other waiting.
 */
function withEarlier(own: readonly Waiting[], earlier: readonly Waiting[]): readonly Waiting[] {
  const byPeer = grouped(earlier, ({ peer }) => peer);
  const merged = own.flatMap((one) => {
    const before = byPeer.get(one.peer) ?? [];
    byPeer.delete(one.peer);
    const heldUntil = Math.min(one.heldUntil, ...before.map((other) => other.heldUntil));
    return [...before, { ...one, heldUntil }];
  });
  return [...merged, ...[...byPeer.values()].flat()];
}

/** By block, in the order in which the blocks were pushed. */
function portionsOf(
  due: readonly Waiting[],
): readonly { readonly block: PushBlock; readonly peers: readonly Waiting[] }[] {
  return [...grouped(due, ({ number }) => number)]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, peers]) => (peers[0] === undefined ? [] : [{ block: peers[0].block, peers }]));
}

function grouped<K>(all: readonly Waiting[], keyOf: (one: Waiting) => K): Map<K, Waiting[]> {
  const groups = new Map<K, Waiting[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
