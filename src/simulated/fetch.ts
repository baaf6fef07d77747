import { INV } from '../wire/inventory.js';
import type { ChainBlock } from './chain.js';
import { MAX_BLOCKS_IN_FLIGHT } from './dash-core.js';
import type { HandlingNode } from './handling-node.js';
import type { Peer } from './peer.js';

/**
 * Requests the blocks between the active chain and a header with at least as much work: a single one in compact form. Source:
 * `HeadersDirectFetchBlocks`.
 */
export function fetchTowards(node: HandlingNode, peer: Peer, last: ChainBlock): void {
  if (last.work < node.chain.tip.work) return;
  const missing: ChainBlock[] = [];
  let at: ChainBlock | undefined = last;
  while (at !== undefined && !node.chain.isActive(at) && missing.length <= MAX_BLOCKS_IN_FLIGHT) {
    if (at.raw === undefined && !node.downloads.has(at.hash)) missing.unshift(at);
    at = at.parent;
  }
  const wanted = missing.slice(0, MAX_BLOCKS_IN_FLIGHT);
  const [first] = wanted;
  if (first === undefined) return;
  for (const { hash } of wanted) node.downloads.begin(peer, hash);
  const isAlone = wanted.length === 1 && !node.downloads.hasOther(first.hash) && last.parent?.connected === true;
  const type = isAlone && peer.providesCompact ? INV.compactBlock : INV.block;
  peer.link.send({ command: 'getdata', items: wanted.map(({ hash }) => ({ type, hash })) });
}
