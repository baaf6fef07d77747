/**
 * Compact blocks (BIP 152) as Dash Core 23 handles them. Source: `net_processing.cpp`, the handlers of `cmpctblock`, `getblocktxn` and
 * `blocktxn`.
 *
 *   cmpctblock with an unknown parent              getheaders, nothing else
 *   … with no more work than the tip               its header is kept, the block is not fetched: in a tie the first tip stays
 *   … while the tip is older than 50 minutes       likewise
 *   … more than two blocks above the tip           handled as a header: the blocks between are requested whole
 *   … of a block that another peer is asked for    taken if the mempool has all; otherwise the first sender is waited for
 *   … otherwise                                    taken if the mempool has all, else getblocktxn
 *
 * A malformed one, and a `blocktxn` of the wrong length, cost 100 points; an invalid block behind a valid header costs none.
 */
import { hashHeader } from '../block/x11.js';
import type { BlockTxn } from '../wire/blocktxn.js';
import type { CmpctBlock } from '../wire/cmpctblock.js';
import type { GetBlockTxn } from '../wire/getblocktxn.js';
import { INV } from '../wire/inventory.js';
import { type Hash, hashFromWire, Malformed } from '../wire/reader.js';
import type { ChainBlock } from './chain.js';
import { blockTransactions } from './compact.js';
import { MAX_BLOCKS_IN_FLIGHT } from './dash-core.js';
import type { HandlingNode } from './handling-node.js';
import { PartialBlock, type PartialFault, readTransactions } from './partial-block.js';
import { noteAvailable, type Peer } from './peer.js';

/** A compact block further above the tip is handled as a header. */
const MAX_ABOVE_TIP = 2;
/** `MAX_BLOCKTXN_DEPTH`: of an older block, the whole is sent. */
const MAX_BLOCKTXN_DEPTH = 10;

/** @param onHeaders handles a header that announces a block */
export function onCmpctblock(
  node: HandlingNode,
  peer: Peer,
  message: CmpctBlock,
  onHeaders: (headers: readonly Buffer[]) => void,
): void {
  const { header } = message;
  const hash = hashHeader(header);
  if (node.refuses(peer, hash, header) || isIgnored(node, peer, hash)) return;
  const { chain } = node;
  if (chain.get(parentOf(header)) === undefined) {
    if (!chain.initialDownload) node.askHeaders(peer);
    return;
  }
  const outcome = chain.acceptHeaders([header]);
  if (!outcome.accepted) {
    node.punish(peer, outcome.fault, 'invalid header via cmpctblock', 'compact');
    return;
  }
  const block = outcome.last;
  noteAvailable(chain, peer, hash);
  if (block.raw !== undefined) return;
  const download = node.downloads.get(hash);
  const isUseless = block.work <= chain.tip.work || block.height > chain.tip.height + MAX_ABOVE_TIP;
  if (isUseless && download !== undefined) requestWhole(peer, hash);
  else if (block.work <= chain.tip.work) return;
  else if (download === undefined && !chain.canDirectFetch) return;
  else if (isUseless) onHeaders([header]);
  else take(node, peer, block, message);
}

function isIgnored({ behaviour, downloads, highBandwidth }: HandlingNode, peer: Peer, hash: Hash): boolean {
  if (behaviour.compactBlocks === 'ignored') return true;
  if (behaviour.compactBlocks !== 'only-when-chosen') return false;
  return !highBandwidth.has(peer) && downloads.get(hash)?.peer !== peer;
}

function take(node: HandlingNode, peer: Peer, block: ChainBlock, message: CmpctBlock): void {
  const { hash } = block;
  const { downloads } = node;
  const download = downloads.get(hash);
  const partial = readPartial(node, message);
  if (partial === undefined) return;
  const mayWait = download === undefined ? downloads.countOf(peer) < MAX_BLOCKS_IN_FLIGHT : download.peer === peer;
  if (!mayWait) {
    takeIfComplete(node, peer, partial);
    return;
  }
  if (download?.partial !== undefined) {
    node.note('Peer sent us compact block we were already syncing!');
    return;
  }
  if (partial === 'invalid') {
    downloads.end(hash);
    node.misbehaving(peer, 100, 'invalid compact block');
  } else if (partial === 'failed') {
    if (download === undefined) downloads.begin(peer, hash);
    requestWhole(peer, hash);
  } else {
    downloads.begin(peer, hash, partial);
    const indexes = positionsToRequest(node, partial);
    if (indexes.length === 0) complete(node, peer, hash, []);
    else peer.link.send({ command: 'getblocktxn', hash, indexes });
  }
}

function positionsToRequest({ behaviour }: HandlingNode, partial: PartialBlock): number[] {
  if (behaviour.compactBlocks === 'out-of-range') return [partial.count];
  if (behaviour.compactBlocks === 'all-requested') partial.clear();
  return partial.missing;
}

/** @returns undefined, with a note, for a message that cannot be read */
function readPartial(node: HandlingNode, message: CmpctBlock): PartialBlock | PartialFault | undefined {
  try {
    return PartialBlock.read(message, node.mempool);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    node.note(`cmpctblock: ${error.message}`);
    return undefined;
  }
}

/** A block that another peer is waited for, or one too many from this peer: it is used if nothing is missing. */
function takeIfComplete(node: HandlingNode, peer: Peer, partial: PartialBlock | PartialFault): void {
  if (typeof partial === 'string') return;
  const raw = partial.missing.length === 0 ? partial.fill([]) : 'invalid';
  if (typeof raw !== 'string') node.process(peer, raw, { requested: true, form: 'compact' });
}

export function onBlocktxn(node: HandlingNode, peer: Peer, { hash, count, transactions }: BlockTxn): void {
  const download = node.downloads.get(hash);
  if (download?.partial === undefined || download.peer !== peer) {
    node.note(`Peer ${peer.id} sent us block transactions for block we weren't expecting`);
    return;
  }
  if (node.behaviour.compactBlocks === 'requested-again') {
    peer.link.send({ command: 'getblocktxn', hash, indexes: download.partial.missing });
    return;
  }
  const read = readTransactions(transactions, count);
  if (read !== undefined) complete(node, peer, hash, read);
}

/** Fills a partial block and processes it. */
function complete(node: HandlingNode, peer: Peer, hash: Hash, rest: readonly Buffer[]): void {
  const download = node.downloads.get(hash);
  if (download?.partial === undefined) return;
  const raw = download.partial.fill(rest);
  if (raw === 'invalid') {
    node.downloads.end(hash);
    node.misbehaving(peer, 100, 'invalid compact block/non-matching block transactions');
  } else if (raw === 'failed') {
    download.partial = undefined;
    requestWhole(peer, hash);
  } else {
    node.downloads.end(hash);
    node.process(peer, raw, { requested: true, form: 'compact' });
  }
}

export function onGetblocktxn(node: HandlingNode, peer: Peer, { hash, indexes }: GetBlockTxn): void {
  const block = node.chain.get(hash);
  if (block?.raw === undefined) {
    node.note(`Peer ${peer.id} sent us a getblocktxn for a block we don't have`);
    return;
  }
  if (block.height < node.chain.tip.height - MAX_BLOCKTXN_DEPTH) {
    node.note(`Peer ${peer.id} sent us a getblocktxn for a block > ${MAX_BLOCKTXN_DEPTH} deep`);
    peer.link.send({ command: 'block', raw: block.raw });
    return;
  }
  const all = blockTransactions(block.raw);
  const found = indexes.flatMap((index) => all[index] ?? []);
  if (found.length < indexes.length) {
    node.misbehaving(peer, 100, 'getblocktxn with out-of-bounds tx indices');
    return;
  }
  peer.link.send({ command: 'blocktxn', hash, count: found.length, transactions: Buffer.concat(found) });
}

function requestWhole(peer: Peer, hash: Hash): void {
  peer.link.send({ command: 'getdata', items: [{ type: INV.block, hash }] });
}

function parentOf(header: Buffer): Hash {
  return hashFromWire(header.subarray(4, 36));
}
