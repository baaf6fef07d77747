/**
 * What we know of the chain: its tip, and the blocks lately seen with what is needed to judge a child of theirs. dashd (its feed, its RPC)
 * tells of blocks, and our own blocks join when they are sent. What peers announce is no part of it, and neither is what a block claims
 * about itself: a height is dashd's word, or the parent's height and one.
 *
 * Bounds: 600 blocks. A look at a block's surroundings takes 24 steps, and 600 at most.
 */

import { expandTarget } from '../../block/header.js';
import type { Surroundings } from '../../block/plausible.js';
import { BoundedMap } from '../../common/bounded.js';
import type { Hash } from '../../wire/reader.js';

/** More than a day of blocks. */
const MAX_KNOWN = 600;
/** Targets that Dark Gravity Wave averages. Source: Dash Core `src/pow.cpp`. */
const TARGETS = 24;
/** Times of which a block's must be above the median. Source: Dash Core `src/chain.h` nMedianTimeSpan. */
const TIMES = 11;

/** What a header says that its children are judged by. */
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
  /** Set by dashd's word alone: a target that dashd has not accepted proves nothing. */
  readonly target?: bigint | undefined;
  /** dashd has it, or nothing spoke against it when we sent it. */
  readonly certain: boolean;
}

export class ChainTip {
  private current: Hash | undefined;
  /** Oldest first. */
  private readonly blocks = new BoundedMap<Hash, KnownBlock>(MAX_KNOWN);
  private tallest = 0;

  get hash(): Hash | undefined {
    return this.current;
  }

  /** The tip's height; the greatest known as long as that is not. What our `version` claims; 0: unknown. */
  get height(): number {
    return (this.current === undefined ? undefined : this.heightOf(this.current)) ?? this.tallest;
  }

  heightOf(hash: Hash): number | undefined {
    return this.blocks.get(hash)?.height;
  }

  /** Whether a child of the block may be trusted to have a parent. */
  knows(hash: Hash): boolean {
    return this.blocks.get(hash)?.certain === true;
  }

  /** dashd has a block. What is left out is not known, and what was known before stays. */
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

  /** A block of ours has been sent. @param certain false when dashd could not be asked about a doubt */
  add(hash: Hash, previous: Hash, time: number, certain: boolean): void {
    const before = this.blocks.get(hash);
    const height = this.heightAbove(previous) ?? before?.height;
    this.keep(hash, { ...before, previous, height, time, certain: certain || before?.certain === true });
  }

  /**
   * A block is the tip. An ancestor of today's tip is not: it is old news from a slower source.
   * @returns true when the tip changed
   */
  move(hash: Hash): boolean {
    if (hash === this.current || this.isAncestor(hash)) return false;
    if (!this.blocks.has(hash)) this.keep(hash, { certain: true });
    this.current = hash;
    return true;
  }

  /** No tip is known any more: the dashd that told of it has fallen behind, or is on another chain. */
  forget(): void {
    this.current = undefined;
  }

  /**
   * dashd refused our own block, and with it all that stands on it: its parent is the tip again, and nothing is left of them.
   * @returns the blocks that are gone
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

  /** True when the chain has grown past a block: the tip is a descendant of it. */
  isAncestor(hash: Hash): boolean {
    let at = this.current === undefined ? undefined : this.blocks.get(this.current)?.previous;
    while (at !== undefined) {
      if (at === hash) return true;
      at = this.blocks.get(at)?.previous;
    }
    return false;
  }

  /** What the chain is like where a block wants to join it: at its parent, or at the tip when that is not known. */
  around(previous: Hash): Surroundings {
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

/** @returns undefined when one is missing */
function median(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  return known.length < TIMES ? undefined : known[(TIMES - 1) / 2];
}
