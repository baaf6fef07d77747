/**
 * Collects the announcements of blocks until it can be said how fast each spread. Pure: the caller gives the time, and asks what is due.
 *
 * - A block counts once dashd has it ({@link WitnessTally.confirm}). What nobody but its announcer knows is forgotten after a minute, and held against that
 *   peer.
 * - A block of the pool's begins when it came in. Any other begins when the second peer had it that announced it: no single one dates it.
 * - It is judged when all witnesses have announced it, or {@link DEADLINE_MS} after it began.
 *
 * Bounds: {@link MAX_ALONE} blocks that only one peer announced for each peer, so that no flood pushes out what others announced, and
 * {@link MAX_PENDING} in all; blocks of the pool's always have room.
 */
import { BoundedSet } from '../common/bounded.js';
import type { Propagation } from '../contracts/propagation.js';
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { Hash } from '../wire/reader.js';
import { type Announcement, propagationOf, seenAt, type Witness } from './propagation.js';

/** A block and what the witnesses saw of it. */
export interface Judged {
  readonly hash: Hash;
  readonly propagation: Propagation;
}

/** Connected witnesses; a block is judged by those that were connected when it began. */
export interface ConnectedWitness extends Witness {
  /** Monotonic, ms. */
  readonly since: number;
}

interface Pending {
  /** When it was first heard of; monotonic, as all times here. */
  readonly since: number;
  /** When it came in from the pool. */
  arrivedAt?: number;
  isConfirmed: boolean;
  height?: number | undefined;
  /** The two that had it first, of all peers. */
  firsts: readonly { readonly peer: string; readonly seenAt: number }[];
  readonly announcements: Map<string, Announcement>;
}

export const DEADLINE_MS = 10 * SECOND_MS;
/** A block that dashd has not by then is none. */
const FORGET_MS = MINUTE_MS;
const MAX_ALONE = 32;
const MAX_PENDING = 1_024;
const MAX_JUDGED = 256;

export class WitnessTally {
  /** The oldest first. */
  private readonly pending = new Map<Hash, Pending>();
  private readonly judged = new BoundedSet<Hash>(MAX_JUDGED);
  /** By peer, what only it announced. */
  private readonly alone = new Map<string, Set<Hash>>();
  private unknown: string[] = [];

  /** True while something waits to be judged or forgotten. */
  get isBusy(): boolean {
    return this.pending.size > 0 || this.unknown.length > 0;
  }

  /**
   * Any peer announced a block.
   * @param by how; given for a witness alone
   * @param roundTripMs its shortest
   */
  announce(peer: string, hash: Hash, at: number, by?: Announcement['by'], roundTripMs?: number): void {
    const block = this.open(hash, at);
    if (block === undefined) return;
    if (by !== undefined && !block.announcements.has(peer)) block.announcements.set(peer, { at, by });
    if (block.firsts.some((one) => one.peer === peer)) return;
    const [first] = block.firsts;
    block.firsts = [...block.firsts, { peer, seenAt: seenAt(at, roundTripMs) }]
      .sort((a, b) => a.seenAt - b.seenAt)
      .slice(0, 2);
    if (first === undefined && !block.isConfirmed && block.arrivedAt === undefined) this.remember(peer, hash);
    else if (first !== undefined) this.share(hash, first.peer);
  }

  /** The pool found a block. */
  arrive(hash: Hash, at: number): void {
    const block = this.open(hash, at, true);
    if (block !== undefined) block.arrivedAt ??= at;
  }

  /** dashd has a block. @param height undefined when it is not known */
  confirm(hash: Hash, at: number, height?: number): void {
    const block = this.open(hash, at);
    if (block === undefined) return;
    block.isConfirmed = true;
    block.height ??= height;
    const [first] = block.firsts;
    if (first !== undefined) this.share(hash, first.peer);
  }

  /** dashd rejected a block. */
  reject(hash: Hash): void {
    this.close(hash);
  }

  /** A block is not to be judged. */
  ignore(hash: Hash): void {
    this.close(hash);
    this.judged.add(hash);
  }

  /** A peer is gone: what it alone announced counts for nothing. */
  forget(peer: string): void {
    for (const hash of this.alone.get(peer) ?? []) this.pending.delete(hash);
    this.alone.delete(peer);
  }

  /** The blocks that can be judged now, each once. */
  due(now: number, witnesses: readonly ConnectedWitness[]): Judged[] {
    const due: Judged[] = [];
    for (const [hash, block] of [...this.pending]) {
      const origin = block.arrivedAt ?? block.firsts[1]?.seenAt;
      if (block.isConfirmed && origin !== undefined) {
        const asked = witnesses.filter(({ since }) => since < origin);
        const isOver = now - origin >= DEADLINE_MS || asked.every(({ peer }) => block.announcements.has(peer));
        if (isOver) this.judge(hash, block, origin, asked, due);
      } else if (now - block.since >= FORGET_MS) {
        const [first, second] = block.firsts;
        if (!block.isConfirmed && first !== undefined && second === undefined) this.unknown.push(first.peer);
        this.close(hash);
      }
    }
    return due;
  }

  /** The peers that announced blocks which nobody else knows, once for each block, since this was last called. */
  takeUnknown(): readonly string[] {
    const { unknown } = this;
    this.unknown = [];
    return unknown;
  }

  private judge(hash: Hash, block: Pending, origin: number, asked: readonly Witness[], due: Judged[]): void {
    this.ignore(hash);
    // Without witnesses there is nothing to be said.
    if (asked.length === 0) return;
    const { arrivedAt, height, announcements } = block;
    const own = arrivedAt !== undefined;
    due.push({ hash, propagation: propagationOf({ own, height, origin, witnesses: asked, announcements }) });
  }

  /** @returns undefined for a block that was judged, and when too many are pending */
  private open(hash: Hash, at: number, isOwn = false): Pending | undefined {
    const known = this.pending.get(hash);
    if (known !== undefined) return known;
    if (this.judged.has(hash) || (!isOwn && this.pending.size >= MAX_PENDING)) return undefined;
    const block: Pending = { since: at, isConfirmed: false, firsts: [], announcements: new Map() };
    this.pending.set(hash, block);
    return block;
  }

  private close(hash: Hash): void {
    const [first] = this.pending.get(hash)?.firsts ?? [];
    if (first !== undefined) this.share(hash, first.peer);
    this.pending.delete(hash);
  }

  private remember(peer: string, hash: Hash): void {
    const hashes = this.alone.get(peer) ?? new Set();
    this.alone.set(peer, hashes.add(hash));
    const [oldest] = hashes;
    if (hashes.size <= MAX_ALONE || oldest === undefined) return;
    this.unknown.push(peer);
    this.close(oldest);
  }

  private share(hash: Hash, peer: string): void {
    const hashes = this.alone.get(peer);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.alone.delete(peer);
  }
}
