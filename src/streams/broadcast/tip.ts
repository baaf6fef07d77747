/**
 * What is known of the chain: its tip, and the recent blocks with what their children are checked against. Sources are dashd's feed and
 * RPC, and our own blocks once they are sent. What peers announce does not count, and neither does what a block claims about itself: a
 * height comes from dashd, or is the parent's plus one.
 *
 * Bounds: 600 blocks. `context` takes 24 steps, `isAncestor` 600 at most.
 */

import { expandTarget } from '../../block/header.js';
import type { ChainContext } from '../../block/plausible.js';
import { BoundedMap } from '../../common/bounded.js';
import { SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';

/** More than a day of blocks. */
const MAX_KNOWN = 600;
/** Blocks whose targets Dark Gravity Wave averages. Source: Dash Core `src/pow.cpp`. */
const TARGETS = 24;
/** Blocks above the median of whose times a block's time must be. Source: Dash Core `src/chain.h` nMedianTimeSpan. */
const TIMES = 11;

/** So often in a row dashd names the same ancestor of the tip until that is the tip: 10 s, in which it connects any block. */
const INSISTS = 3;

/** The fields of a header that its children are checked against. */
export interface ParentHeader {
  /** Seconds since the Unix epoch. */
  readonly time: number;
  /** The target in compact form. */
  readonly bits: number;
}

interface KnownBlock {
  readonly previous?: Hash | undefined;
  readonly height?: number | undefined;
  readonly time?: number | undefined;
  /** Set for blocks that dashd has: a target that dashd has not accepted proves nothing. */
  readonly target?: bigint | undefined;
  /** dashd has the block, or there was no doubt about it when it was sent. */
  readonly certain: boolean;
}

export class ChainTip {
  private current: Hash | undefined;
  /** The oldest first. */
  private readonly blocks = new BoundedMap<Hash, KnownBlock>(MAX_KNOWN);
  private tallest = 0;
  /** The ancestor that dashd named last, and what the tip was. */
  private named: { readonly hash: Hash; readonly above: Hash | undefined; readonly times: number } | undefined;

  get hash(): Hash | undefined {
    return this.current;
  }

  /** The tip's height, or the greatest known while that is not known; 0 without any. Sent in our `version` message. */
  get height(): number {
    return (this.current === undefined ? undefined : this.heightOf(this.current)) ?? this.tallest;
  }

  /** The time in the tip's header, milliseconds since the Unix epoch; infinity while it is not known. */
  get timeMs(): number {
    const time = this.current === undefined ? undefined : this.blocks.get(this.current)?.time;
    return time === undefined ? Number.POSITIVE_INFINITY : time * SECOND_MS;
  }

  heightOf(hash: Hash): number | undefined {
    return this.blocks.get(hash)?.height;
  }

  /** True when a child of the block has a certain parent. */
  knows(hash: Hash): boolean {
    return this.blocks.get(hash)?.certain === true;
  }

  /** Records that dashd has a block. Arguments left out are unknown; what was known before stays. */
  see(hash: Hash, previous?: Hash, height?: number, header?: ParentHeader): void {
    const before = this.blocks.get(hash);
    const parent = previous ?? before?.previous;
    this.keep(hash, {
      previous: parent,
      height: height ?? this.heightAbove(parent) ?? before?.height,
      time: header?.time ?? before?.time,
      target: header === undefined ? before?.target : expandTarget(header.bits),
      certain: true,
    });
  }

  /** Records that a block was sent. @param certain false when dashd could not be asked about a doubt */
  add(hash: Hash, previous: Hash, time: number, certain: boolean): void {
    const before = this.blocks.get(hash);
    const height = this.heightAbove(previous) ?? before?.height;
    this.keep(hash, { ...before, previous, height, time, certain: certain || before?.certain === true });
  }

  /**
   * Makes a block the tip, unless it is an ancestor of the tip: then it comes late from a slower source.
   * @returns true when the tip changed
   */
  move(hash: Hash): boolean {
    if (hash === this.current || this.isAncestor(hash)) return false;
    if (!this.blocks.has(hash)) this.keep(hash, { certain: true });
    this.current = hash;
    return true;
  }

  /**
   * Records the tip that dashd names when it is asked, every few seconds. An ancestor of the tip is made the tip when dashd insists on it: it
   * has given up the blocks above (`invalidateblock`, or its data are from a copy).
   * @returns true when the tip changed
   */
  isNamed(hash: Hash): boolean {
    const above = this.current;
    if (!this.isAncestor(hash)) {
      this.named = undefined;
      return this.move(hash);
    }
    const isSame = this.named?.hash === hash && this.named.above === above;
    const times = isSame ? (this.named?.times ?? 0) + 1 : 1;
    this.named = { hash, above, times };
    if (times < INSISTS) return false;
    this.current = hash;
    return true;
  }

  /** Forgets the tip: the dashd that it came from has fallen behind, or is on another chain. */
  forget(): void {
    this.current = undefined;
  }

  /**
   * Removes a block that dashd rejected, and all its descendants: its parent is the tip again.
   * @returns the blocks removed
   */
  retract(hash: Hash): ReadonlySet<Hash> {
    if (this.current === hash || this.isAncestor(hash)) this.current = this.blocks.get(hash)?.previous;
    const gone = new Set([hash]);
    for (let known = 0; known < gone.size; ) {
      known = gone.size;
      for (const [child, { previous }] of this.blocks)
        if (previous !== undefined && gone.has(previous)) gone.add(child);
    }
    for (const one of gone) this.blocks.delete(one);
    this.tallest = 0;
    for (const { height = 0 } of this.blocks.values()) this.tallest = Math.max(this.tallest, height);
    return gone;
  }

  /** True when the tip is a descendant of the block. */
  isAncestor(hash: Hash): boolean {
    let at = this.current === undefined ? undefined : this.blocks.get(this.current)?.previous;
    while (at !== undefined) {
      if (at === hash) return true;
      at = this.blocks.get(at)?.previous;
    }
    return false;
  }

  /** What a block with this parent is checked against: the chain at its parent, or at the tip when the parent is not known. */
  contextOf(previous: Hash): ChainContext {
    const parent = this.blocks.get(previous);
    const times: (number | undefined)[] = [];
    const targets: bigint[] = [];
    let at = parent ?? this.below({ previous: this.current });
    for (; at !== undefined && targets.length < TARGETS; at = this.below(at)) {
      times.push(at.time);
      if (at.target !== undefined) targets.push(at.target);
    }
    return {
      parentHeight: parent?.height,
      parentTime: parent?.time,
      medianTime: parent && median(times.slice(0, TIMES)),
      easiestTarget: targets.sort((a, b) => (a < b ? 1 : -1))[0],
    };
  }

  private below({ previous }: Pick<KnownBlock, 'previous'>): KnownBlock | undefined {
    return previous === undefined ? undefined : this.blocks.get(previous);
  }

  private heightAbove(previous: Hash | undefined): number | undefined {
    const height = previous === undefined ? undefined : this.heightOf(previous);
    return height === undefined ? undefined : height + 1;
  }

  private keep(hash: Hash, known: KnownBlock): void {
    this.blocks.set(hash, known);
    this.tallest = Math.max(this.tallest, known.height ?? 0);
  }
}

/** @returns undefined when a time is missing */
function median(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  return known.length < TIMES ? undefined : known[(TIMES - 1) / 2];
}
