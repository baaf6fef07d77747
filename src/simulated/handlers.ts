/**
 * The handler of each message, after Dash Core's `ProcessMessage` (`net_processing.cpp`). A node ignores a command without a handler
 * and, until the handshake is complete, every command that is not part of it.
 */
import { HEADER_SIZE, hashHeader } from '../block/x11.js';
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Command, Message } from '../wire/registry.js';
import type { Version } from '../wire/version.js';
import type { Chain, ChainBlock } from './chain.js';
import { compactBlock } from './compact.js';
import { onBlocktxn, onCmpctblock, onGetblocktxn } from './compact-relay.js';
import {
  ADDRESSES_PER_SECOND,
  COMPACT_VERSION,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_HEADERS,
  MAX_COMPACT_DEPTH,
  MAX_HEADERS,
  MAX_UNCONNECTING_HEADERS,
  MIN_PEER_VERSION,
  SERVICE,
} from './dash-core.js';
import { fetchTowards } from './fetch.js';
import type { BlockForm, HandlingNode } from './handling-node.js';
import { noteAvailable, type Peer } from './peer.js';

type MessageWith<C extends Command> = Extract<Message, { readonly command: C }>;
type Handlers = { readonly [C in Command]?: (node: HandlingNode, peer: Peer, message: MessageWith<C>) => void };

const HANDSHAKE: Handlers = {
  version: onVersion,
  verack: (node, peer) => {
    if (!peer.ready) node.handshakeDone(peer);
  },
  sendheaders: (_node, peer) => {
    peer.prefersHeaders = true;
  },
  sendcmpct: (_node, peer, message) => {
    if (message.version !== COMPACT_VERSION) return;
    peer.providesCompact = true;
    peer.wantsCompactAtOnce = message.highBandwidth;
  },
  sendaddrv2: (node, peer) => {
    if (peer.ready) node.drop(peer, 'sendaddrv2 received after verack');
    else peer.wantsAddrV2 = true;
  },
};

const AFTERWARDS: Handlers = {
  ping: (_node, peer, { nonce }) => {
    peer.link.send({ command: 'pong', nonce });
  },
  inv: onInv,
  getdata: onGetdata,
  block: onBlock,
  cmpctblock: (node, peer, message) =>
    onCmpctblock(node, peer, message, (headers) => processHeaders(node, peer, headers, 'compact')),
  getblocktxn: onGetblocktxn,
  blocktxn: onBlocktxn,
  tx: (node, _peer, { raw }) => {
    node.mempool.add(raw);
  },
  headers: (node, peer, { headers }) => {
    peer.askedHeadersAt = undefined;
    processHeaders(node, peer, headers, 'full');
  },
  getheaders: onGetheaders,
  getaddr: onGetaddr,
  addr: (node, peer, { addresses }) => onAddresses(node, peer, addresses),
  addrv2: (node, peer, { addresses }) => onAddresses(node, peer, addresses),
};

/** Handles one message of a peer. */
export function handle(node: HandlingNode, peer: Peer, message: Message): void {
  if (peer.version === undefined && message.command !== 'version') {
    node.note(`non-version message before version handshake. Message "${message.command}" from peer=${peer.id}`);
    return;
  }
  const early = HANDSHAKE[message.command];
  const handler = early ?? (peer.ready ? AFTERWARDS[message.command] : undefined);
  // The compiler cannot relate the table's key to the type of the message.
  (handler as ((node: HandlingNode, peer: Peer, message: Message) => void) | undefined)?.(node, peer, message);
}

function onVersion(node: HandlingNode, peer: Peer, version: Version): void {
  if (peer.version !== undefined) {
    node.note(`redundant version message from peer=${peer.id}`);
    return;
  }
  if (version.version < MIN_PEER_VERSION) {
    node.drop(peer, `using obsolete version ${version.version}`);
  } else if (peer.inbound && version.masternode) {
    node.drop(peer, 'is an inbound masternode connection, but we are not a masternode');
  } else if (peer.inbound && node.isOwnNonce(version.nonce)) {
    node.drop(peer, 'connected to self');
  } else {
    peer.version = version;
    if (peer.inbound) node.sendVersion(peer);
    peer.link.send({ command: 'sendaddrv2' });
    peer.link.send({ command: 'verack' });
  }
}

/** Requests the headers of an announced block before the block itself. */
function onInv(node: HandlingNode, peer: Peer, { items }: MessageWith<'inv'>): void {
  const blocks = items.filter((item) => item.type === INV.block);
  for (const { hash } of blocks) noteAvailable(node.chain, peer, hash);
  const news = blocks.findLast(({ hash }) => node.chain.get(hash)?.raw === undefined && !node.downloads.has(hash));
  if (news !== undefined) node.askHeaders(peer);
}

function onGetdata(node: HandlingNode, peer: Peer, { items }: MessageWith<'getdata'>): void {
  // Core sends `notfound` for items that are not blocks, and nothing for inventory types that it does not know.
  const missing = items.filter((item) => !isBlock(item) && item.type <= node.release.lastInventoryType);
  if (missing.length > 0) peer.link.send({ command: 'notfound', items: missing });
  for (const item of items) {
    const block = node.chain.get(item.hash);
    if (!isBlock(item) || block?.raw === undefined || !block.connected) continue;
    const isCompact = item.type === INV.compactBlock && mayServeCompact(node.chain, block);
    peer.link.send(isCompact ? compactBlock(block.raw, node.nextNonce()) : { command: 'block', raw: block.raw });
  }
}

/** Who asks for an older block has no mempool for it: the whole is sent. Source: `ProcessGetBlockData`. */
function mayServeCompact(chain: Chain, { height }: ChainBlock): boolean {
  return chain.canDirectFetch && height >= chain.tip.height - MAX_COMPACT_DEPTH;
}

function isBlock({ type }: InventoryItem): boolean {
  return type === INV.block || type === INV.compactBlock;
}

function onBlock(node: HandlingNode, peer: Peer, { raw }: MessageWith<'block'>): void {
  const header = raw.subarray(0, HEADER_SIZE);
  const hash = hashHeader(header);
  if (node.refuses(peer, hash, header)) return;
  const requested = node.downloads.end(hash);
  node.process(peer, raw, { requested, form: 'full' });
}

function processHeaders(node: HandlingNode, peer: Peer, headers: readonly Buffer[], form: BlockForm): void {
  const [first] = headers;
  if (first === undefined) return;
  const outcome = node.chain.acceptHeaders(headers);
  if (outcome.accepted) {
    peer.unconnectingHeaders = 0;
    noteAvailable(node.chain, peer, outcome.last.hash);
    if (headers.length === MAX_HEADERS) node.askHeaders(peer, outcome.last);
    fetchTowards(node, peer, outcome.last);
  } else if (outcome.fault.kind === 'missing-parent' && headers.length <= MAX_ANNOUNCED_HEADERS) {
    unconnecting(node, peer);
  } else {
    node.punish(peer, outcome.fault, 'invalid header received', form);
  }
}

function unconnecting(node: HandlingNode, peer: Peer): void {
  peer.unconnectingHeaders += 1;
  node.askHeaders(peer);
  if (peer.unconnectingHeaders % MAX_UNCONNECTING_HEADERS === 0) {
    node.misbehaving(peer, 20, `${peer.unconnectingHeaders} non-connecting headers`);
  }
}

function onGetheaders(node: HandlingNode, peer: Peer, { locator, stop }: MessageWith<'getheaders'>): void {
  const { chain } = node;
  const claimed = node.claimedHeader(stop);
  if (claimed !== undefined) {
    peer.link.send({ command: 'headers', headers: [claimed] });
    return;
  }
  const named = locator.length === 0 ? chain.get(stop) : undefined;
  if (locator.length === 0 && named === undefined) return;
  const blocks: ChainBlock[] = [];
  const from = named?.height ?? chain.fork(locator).height + 1;
  let next = named ?? chain.at(from);
  while (next !== undefined) {
    blocks.push(next);
    if (blocks.length === MAX_HEADERS || next.hash === stop) break;
    next = chain.at(next.height + 1);
  }
  peer.bestHeaderSent = next ?? chain.tip;
  peer.link.send({ command: 'headers', headers: blocks.map((block) => block.header.bytes) });
}

function onGetaddr(node: HandlingNode, peer: Peer): void {
  if (!peer.inbound || peer.gaveAddresses) {
    node.note(`Ignoring ${peer.inbound ? 'repeated' : 'outbound'} "getaddr". peer=${peer.id}`);
    return;
  }
  peer.gaveAddresses = true;
  const addresses = node.addressBook.forGetaddr();
  if (addresses.length === 0) return;
  peer.link.send({ command: peer.wantsAddrV2 ? 'addrv2' : 'addr', addresses });
}

/** Accepts 0.1 addresses per second from a peer and ignores the rest. */
function onAddresses(node: HandlingNode, peer: Peer, addresses: MessageWith<'addr'>['addresses']): void {
  const now = node.clock.now();
  const earned = ((now - peer.addressTokensAt) / 1000) * ADDRESSES_PER_SECOND;
  peer.addressTokens = Math.min(MAX_ADDRESSES, peer.addressTokens + earned);
  peer.addressTokensAt = now;
  const taken = addresses.slice(0, Math.floor(peer.addressTokens));
  peer.addressTokens -= taken.length;
  node.addressBook.add(taken.filter((address) => (address.services & SERVICE.network) !== 0n));
  node.note(
    `Received addr: ${addresses.length} addresses (${taken.length} processed, ` +
      `${addresses.length - taken.length} rate-limited) from peer=${peer.id}`,
  );
}
