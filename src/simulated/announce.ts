/**
 * Selects how new blocks are announced to a peer, including the peer that sent them. Source: Dash Core `net_processing.cpp`,
 * `SendMessages`.
 *
 * By `headers` if the peer requested that (BIP 130) and they connect to a header that it is known to have; otherwise by an `inv` of the
 * newest block only. An `inv` does not count as knowing the header: a peer that never requests headers always gets `inv`.
 */
import type { Hash } from '../wire/reader.js';
import type { Chain, ChainBlock } from './chain.js';
import { hasHeader, type Peer, resolveUnknown } from './peer.js';

export type Announcement =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'inv'; readonly hash: Hash }
  /** Oldest first. */
  | { readonly kind: 'headers'; readonly blocks: readonly ChainBlock[] }
  | { readonly kind: 'compact'; readonly block: ChainBlock };

const MAX_BY_HEADERS = 8;

/** Selects the announcement for the blocks in a peer's queue, and empties the queue. */
export function announce(chain: Chain, peer: Peer): Announcement {
  const blocks = peer.toAnnounce.splice(0).flatMap((hash) => chain.get(hash) ?? []);
  resolveUnknown(chain, peer);
  const fresh = maySendHeaders(peer, blocks.length) ? connecting(chain, peer, blocks) : undefined;
  if (fresh === undefined) return byInv(peer, blocks.at(-1));
  const last = fresh.at(-1);
  if (last === undefined) return { kind: 'nothing' };
  if (fresh.length === 1 && peer.wantsCompactAtOnce) return { kind: 'compact', block: last };
  return peer.prefersHeaders ? { kind: 'headers', blocks: fresh } : byInv(peer, last);
}

function maySendHeaders(peer: Peer, count: number): boolean {
  if (count > MAX_BY_HEADERS) return false;
  return peer.prefersHeaders || (peer.wantsCompactAtOnce && count <= 1);
}

/** The blocks that the peer lacks, if they are in the active chain and connect to a block that it has; otherwise `undefined`. */
function connecting(chain: Chain, peer: Peer, blocks: readonly ChainBlock[]): ChainBlock[] | undefined {
  const fresh: ChainBlock[] = [];
  let before: ChainBlock | undefined;
  for (const block of blocks) {
    if (!chain.isActive(block) || (before !== undefined && block.parent !== before)) return undefined;
    before = block;
    if (fresh.length === 0 && hasHeader(peer, block)) continue;
    const connects = fresh.length > 0 || block.parent === undefined || hasHeader(peer, block.parent);
    if (!connects) return undefined;
    fresh.push(block);
  }
  return fresh;
}

function byInv(peer: Peer, newest: ChainBlock | undefined): Announcement {
  return newest === undefined || hasHeader(peer, newest) ? { kind: 'nothing' } : { kind: 'inv', hash: newest.hash };
}
