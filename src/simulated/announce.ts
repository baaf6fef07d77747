/**
 * How new blocks are announced to a peer, that is, to the one who brought them too. Source: Dash Core `net_processing.cpp`,
 * `SendMessages`.
 *
 * By `headers` if the peer asked for that (BIP 130) and all of them connect to a header it is known to have; else by an `inv`
 * of the newest block alone. Being sent an `inv` does not count as having the header: who never asks for headers is
 * announced to by `inv` for ever.
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

/** Decides what to tell a peer of the blocks in its queue, and empties the queue. */
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

/** The blocks the peer does not have, if they are in our chain and follow one it has; `undefined` when they are not. */
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
