/**
 * The blocks that a peer is known to have. Immutable, like the session's state that it is part of; a peer adds a block every few minutes
 * and is asked whenever one is pushed, so both are cheap: the newest few are in a set of their own, which alone is copied.
 *
 * Bounds: {@link MAX_KNOWN_BLOCKS}; the newest of them are kept, all but {@link YOUNG} at any time. Every peer announces the same blocks, and up to 1,500 are
 * connected, so each hash is one string for all of them: 8 KB for a peer instead of 30.
 */

import { BoundedMap } from '../common/bounded.js';
import type { Hash } from '../wire/reader.js';

/** Enough for a burst of 100 blocks and the blocks of the network in the meantime: six hours of them. */
export const MAX_KNOWN_BLOCKS = 256;
/** So many are added before they join the others. */
const YOUNG = 16;

/** The one copy of each hash; it changes nothing but memory. */
const copies = new BoundedMap<Hash, Hash>(4 * MAX_KNOWN_BLOCKS);

export class KnownBlocks {
  static readonly NONE = new KnownBlocks(new Set(), new Set());

  private constructor(
    private readonly young: ReadonlySet<Hash>,
    private readonly old: ReadonlySet<Hash>,
  ) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  /** The oldest first. */
  *[Symbol.iterator](): Generator<Hash, void> {
    yield* this.old;
    yield* this.young;
  }

  has(hash: Hash): boolean {
    return this.young.has(hash) || this.old.has(hash);
  }

  /** @param hashes none of which it has */
  add(hashes: readonly Hash[]): KnownBlocks {
    if (hashes.length === 0) return this;
    const young = new Set([...this.young, ...hashes.map(shared)]);
    if (young.size <= YOUNG) return new KnownBlocks(young, this.old);
    return new KnownBlocks(KnownBlocks.NONE.young, new Set([...this.old, ...young].slice(YOUNG - MAX_KNOWN_BLOCKS)));
  }
}

function shared(hash: Hash): Hash {
  const copy = copies.get(hash);
  if (copy !== undefined) return copy;
  copies.set(hash, hash);
  return hash;
}
