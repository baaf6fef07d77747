/**
 * What we know of the chain: its tip, and the blocks lately seen, so that a new block's parent can be told from a stranger's.
 * The feed, RPC, our own pushes and the peers' announcements all add to it.
 */
import type { Hash } from '../wire/reader.js';

/** More than a day of blocks. */
const MAX_KNOWN = 600;

export class ChainTip {
  private current: Hash | undefined;
  /** Blocks seen, oldest first, each with its parent where we know it. */
  private readonly parents = new Map<Hash, Hash | undefined>();
  private tallest = 0;

  get hash(): Hash | undefined {
    return this.current;
  }

  /** The greatest height heard of; what our `version` claims. */
  get height(): number {
    return this.tallest;
  }

  knows(hash: Hash): boolean {
    return this.parents.has(hash);
  }

  /** A block exists: somebody has it. */
  see(hash: Hash, previous?: Hash, height?: number): void {
    if (!this.parents.has(hash) || previous !== undefined) this.parents.set(hash, previous);
    for (const oldest of this.parents.keys()) {
      if (this.parents.size <= MAX_KNOWN) break;
      this.parents.delete(oldest);
    }
    this.tallest = Math.max(this.tallest, height ?? 0);
  }

  /**
   * A block is the tip. An ancestor of today's tip is not: it is old news from a slower source.
   * @returns true when the tip changed
   */
  move(hash: Hash): boolean {
    if (hash === this.current || this.isAncestor(hash)) return false;
    this.see(hash, this.parents.get(hash));
    this.current = hash;
    return true;
  }

  /** dashd refused our own block: its parent is the tip again. */
  retract(hash: Hash): void {
    const parent = this.parents.get(hash);
    this.parents.delete(hash);
    if (this.current === hash) this.current = parent;
  }

  private isAncestor(hash: Hash): boolean {
    let at = this.current === undefined ? undefined : this.parents.get(this.current);
    while (at !== undefined) {
      if (at === hash) return true;
      at = this.parents.get(at);
    }
    return false;
  }
}
