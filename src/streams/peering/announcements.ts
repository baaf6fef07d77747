/**
 * Who announced which block, and how long after the first to do so. It counts once the block's height is known, that is once it
 * has turned out to be one of the chain's: a peer gains nothing by announcing blocks that are not, nor by announcing old ones.
 *
 * Of each peer only its latest hearsay is remembered, until the peer is gone: no flood of hashes pushes out what another announced.
 */
import { BoundedMap, BoundedSet } from '../../common/bounded.js';
import type { Hash } from '../../wire/reader.js';
import type { ChainTip } from '../broadcast/tip.js';

/** What a peer has earned by announcing a block. */
export interface Credit {
  readonly peer: string;
  /** After the first peer that announced it. */
  readonly lagMs: number;
  readonly height: number;
  /** The pool found the block: the peer has it from us. */
  readonly own?: boolean;
}

interface KnownBlock {
  readonly firstAt: number;
  readonly credited: Set<string>;
}

const MAX_HEARSAY = 32;
const MAX_BLOCKS = 256;
const MAX_OWN = 256;
/** A block so far below the tip is no news. */
const OLD_BLOCKS = 6;

export class Announcements {
  /** Peers that announced a block, with the time, the first one first; until there is credit for it. */
  private readonly hearsay = new Map<Hash, Map<string, number>>();
  private readonly byPeer = new Map<string, Set<Hash>>();
  /** Blocks of the chain: each peer is credited once. */
  private readonly known = new BoundedMap<Hash, KnownBlock>(MAX_BLOCKS);

  private readonly own = new BoundedSet<Hash>(MAX_OWN);

  constructor(private readonly tip: Pick<ChainTip, 'height' | 'heightOf'>) {}

  /** @param monotonicAt milliseconds on the monotonic clock */
  add(peer: string, hash: Hash, monotonicAt: number): void {
    const tellers = this.hearsay.get(hash) ?? new Map<string, number>();
    const announced = this.byPeer.get(peer) ?? new Set();
    if (tellers.has(peer)) return;
    this.hearsay.set(hash, tellers.set(peer, monotonicAt));
    this.byPeer.set(peer, announced.add(hash));
    const [oldest] = announced;
    if (announced.size > MAX_HEARSAY && oldest !== undefined) this.withdraw(peer, oldest);
  }

  /** The pool has found the block, and no peer can have heard of it but from us. */
  found(hash: Hash): void {
    if (!this.hearsay.has(hash) && !this.known.has(hash)) this.own.add(hash);
  }

  /** The credits due for a block; each is given once. */
  credits(hash: Hash): Credit[] {
    const height = this.tip.heightOf(hash);
    const tellers = [...(this.hearsay.get(hash) ?? [])];
    const [first] = tellers;
    if (height === undefined || first === undefined) return [];
    for (const [peer] of tellers) this.withdraw(peer, hash);
    if (this.tip.height - height >= OLD_BLOCKS) return [];
    const block = this.remember(hash, first[1]);
    const fresh = tellers.filter(([peer]) => !block.credited.has(peer));
    for (const [peer] of fresh) block.credited.add(peer);
    const origin = this.own.has(hash) && ({ own: true } as const);
    return fresh.map(([peer, at]) => ({ peer, lagMs: at - block.firstAt, height, ...origin }));
  }

  /** The credits due for all blocks: a height may become known without anybody announcing it. */
  allCredits(): Credit[] {
    return [...this.hearsay.keys()].flatMap((hash) => this.credits(hash));
  }

  /** The peer is gone. */
  forget(peer: string): void {
    for (const hash of this.byPeer.get(peer) ?? []) this.withdraw(peer, hash);
  }

  private remember(hash: Hash, firstAt: number): KnownBlock {
    const block = this.known.get(hash) ?? { firstAt, credited: new Set() };
    this.known.set(hash, block);
    return block;
  }

  private withdraw(peer: string, hash: Hash): void {
    const tellers = this.hearsay.get(hash);
    tellers?.delete(peer);
    if (tellers?.size === 0) this.hearsay.delete(hash);
    const announced = this.byPeer.get(peer);
    announced?.delete(hash);
    if (announced?.size === 0) this.byPeer.delete(peer);
  }
}
