/**
 * What we know of the chain: its tip, and the blocks lately seen, so that a new block's parent can be told from a stranger's.
 * The feed, RPC, our own pushes and the peers' announcements all add to it.
 */
import type { Hash } from '../wire/reader.js';

/** More than a day of blocks. */
const MAX_KNOWN = 600;
const MAX_RUMOURS = 600;

export class ChainTip {
  private current: Hash | undefined;
  /** Blocks of the chain, oldest first, each with its parent where we know it. */
  private readonly parents = new Map<Hash, Hash | undefined>();
  private readonly heights = new Map<Hash, number>();
  /** Blocks that some peer has spoken of. Kept apart, so that no number of them pushes out what is certain. */
  private readonly rumours = new Set<Hash>();
  private tallest = 0;

  get hash(): Hash | undefined {
    return this.current;
  }

  /** The greatest height heard of; what our `version` claims. */
  get height(): number {
    return this.tallest;
  }

  /** The height of a block of the chain, where it was told. */
  heightOf(hash: Hash): number | undefined {
    return this.heights.get(hash);
  }

  knows(hash: Hash): boolean {
    return this.parents.has(hash) || this.rumours.has(hash);
  }

  /** A block exists: somebody has it. Without its parent that is hearsay. */
  see(hash: Hash, previous?: Hash, height?: number): void {
    if (previous === undefined) this.hear(hash);
    else this.keep(hash, previous);
    if (height === undefined) return;
    this.tallest = Math.max(this.tallest, height);
    if (this.parents.has(hash)) this.heights.set(hash, height);
  }

  /**
   * A block is the tip. An ancestor of today's tip is not: it is old news from a slower source.
   * @returns true when the tip changed
   */
  move(hash: Hash): boolean {
    if (hash === this.current || this.isAncestor(hash)) return false;
    this.keep(hash, this.parents.get(hash));
    this.current = hash;
    return true;
  }

  /** No tip is known any more: the dashd that told of it has fallen behind, or is on another chain. */
  forget(): void {
    this.current = undefined;
  }

  /** dashd refused our own block, and with it all that stands on it: its parent is the tip again. */
  retract(hash: Hash): void {
    if (this.current === hash || this.isAncestor(hash)) this.current = this.parents.get(hash);
    this.parents.delete(hash);
    this.heights.delete(hash);
    this.rumours.delete(hash);
  }

  /** True when the chain has grown past a block: the tip is a descendant of it. */
  isAncestor(hash: Hash): boolean {
    let at = this.current === undefined ? undefined : this.parents.get(this.current);
    while (at !== undefined) {
      if (at === hash) return true;
      at = this.parents.get(at);
    }
    return false;
  }
  private keep(hash: Hash, previous: Hash | undefined): void {
    this.parents.set(hash, previous);
    for (const oldest of this.parents.keys()) {
      if (this.parents.size <= MAX_KNOWN) break;
      this.parents.delete(oldest);
      this.heights.delete(oldest);
    }
  }

  private hear(hash: Hash): void {
    this.rumours.add(hash);
    for (const oldest of this.rumours) {
      if (this.rumours.size <= MAX_RUMOURS) break;
      this.rumours.delete(oldest);
    }
  }
}
