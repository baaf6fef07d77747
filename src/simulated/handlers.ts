/**
 * What a node does with each message, as Dash Core's `ProcessMessage` does (`net_processing.cpp`). A command without a
 * handler is ignored, as is, before the handshake is over, everything that does not belong to it.
 */
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Command, Message } from '../wire/registry.js';
import type { Version } from '../wire/version.js';
import type { ChainBlock } from './chain.js';
import {
  ADDRESSES_PER_SECOND,
  COMPACT_VERSION,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_HEADERS,
  MAX_BLOCKS_IN_FLIGHT,
  MAX_HEADERS,
  MAX_UNCONNECTING_HEADERS,
  MIN_PEER_VERSION,
  SERVICE,
} from './dash-core.js';
import type { SimulatedNode } from './node.js';
import { noteAvailable, type Peer } from './peer.js';

type MessageWith<C extends Command> = Extract<Message, { readonly command: C }>;
type Handlers = { readonly [C in Command]?: (node: SimulatedNode, peer: Peer, message: MessageWith<C>) => void };

/** Dash Core `protocol.h`: MSG_PLATFORM_BAN is the last of its kinds of things. */
const LAST_KNOWN_TYPE = 33;

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
  headers: (node, peer, { headers }) => onHeaders(node, peer, headers),
  getheaders: onGetheaders,
  getaddr: onGetaddr,
  addr: (node, peer, { addresses }) => onAddresses(node, peer, addresses),
  addrv2: (node, peer, { addresses }) => onAddresses(node, peer, addresses),
};

/** Carries out one message of a peer. */
export function handle(node: SimulatedNode, peer: Peer, message: Message): void {
  if (peer.version === undefined && message.command !== 'version') {
    node.note(`non-version message before version handshake. Message "${message.command}" from peer=${peer.id}`);
    return;
  }
  const early = HANDSHAKE[message.command];
  const handler = early ?? (peer.ready ? AFTERWARDS[message.command] : undefined);
  // The table's key and the message's command are the same word, which the compiler cannot follow.
  (handler as ((node: SimulatedNode, peer: Peer, message: Message) => void) | undefined)?.(node, peer, message);
}

function onVersion(node: SimulatedNode, peer: Peer, version: Version): void {
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

/** Announced blocks are fetched headers first, even a single one. */
function onInv(node: SimulatedNode, peer: Peer, { items }: MessageWith<'inv'>): void {
  const blocks = items.filter((item) => item.type === INV.block);
  for (const { hash } of blocks) noteAvailable(node.chain, peer, hash);
  const news = blocks.findLast(({ hash }) => node.chain.get(hash)?.raw === undefined && !node.isRequested(hash));
  if (news !== undefined) node.askHeaders(peer);
}

function onGetdata(node: SimulatedNode, peer: Peer, { items }: MessageWith<'getdata'>): void {
  // Core says `notfound` for what is no block only, and nothing of what it does not know.
  const missing = items.filter((item) => !isBlock(item) && item.type <= LAST_KNOWN_TYPE);
  if (missing.length > 0) peer.link.send({ command: 'notfound', items: missing });
  for (const item of items) {
    const block = node.chain.get(item.hash);
    if (!isBlock(item) || block?.raw === undefined || !block.connected) continue;
    peer.link.send({ command: 'block', raw: block.raw });
  }
}

function isBlock({ type }: InventoryItem): boolean {
  return type === INV.block || type === INV.compactBlock;
}

function onBlock(node: SimulatedNode, peer: Peer, { raw }: MessageWith<'block'>): void {
  node.receiveBlock(peer, raw);
}

function onHeaders(node: SimulatedNode, peer: Peer, headers: readonly Buffer[]): void {
  peer.askedHeadersAt = undefined;
  const [first] = headers;
  if (first === undefined) return;
  const outcome = node.chain.acceptHeaders(headers);
  if (outcome.accepted) {
    peer.unconnectingHeaders = 0;
    noteAvailable(node.chain, peer, outcome.last.hash);
    if (headers.length === MAX_HEADERS) node.askHeaders(peer, outcome.last);
    fetchTowards(node, peer, outcome.last);
  } else if (outcome.fault.kind === 'missing parent' && headers.length <= MAX_ANNOUNCED_HEADERS) {
    unconnecting(node, peer);
  } else {
    node.punish(peer, outcome.fault, 'invalid header received');
  }
}

function unconnecting(node: SimulatedNode, peer: Peer): void {
  peer.unconnectingHeaders += 1;
  node.askHeaders(peer);
  if (peer.unconnectingHeaders % MAX_UNCONNECTING_HEADERS === 0) {
    node.misbehaving(peer, 20, `${peer.unconnectingHeaders} non-connecting headers`);
  }
}

/** Asks for the blocks between our chain and a header with at least as much work. Source: `HeadersDirectFetchBlocks`. */
function fetchTowards(node: SimulatedNode, peer: Peer, last: ChainBlock): void {
  if (last.work < node.chain.tip.work) return;
  const missing: ChainBlock[] = [];
  let at: ChainBlock | undefined = last;
  while (at !== undefined && !node.chain.isActive(at) && missing.length <= MAX_BLOCKS_IN_FLIGHT) {
    if (at.raw === undefined && !node.isRequested(at.hash)) missing.unshift(at);
    at = at.parent;
  }
  const wanted = missing.slice(0, MAX_BLOCKS_IN_FLIGHT);
  if (wanted.length === 0) return;
  for (const { hash } of wanted) node.request(peer, hash);
  peer.link.send({ command: 'getdata', items: wanted.map(({ hash }) => ({ type: INV.block, hash })) });
}

function onGetheaders(node: SimulatedNode, peer: Peer, { locator, stop }: MessageWith<'getheaders'>): void {
  const { chain } = node;
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

function onGetaddr(node: SimulatedNode, peer: Peer): void {
  if (!peer.inbound || peer.gaveAddresses) {
    node.note(`Ignoring ${peer.inbound ? 'repeated' : 'outbound'} "getaddr". peer=${peer.id}`);
    return;
  }
  peer.gaveAddresses = true;
  const addresses = node.addressBook.forGetaddr();
  if (addresses.length === 0) return;
  peer.link.send({ command: peer.wantsAddrV2 ? 'addrv2' : 'addr', addresses });
}

/** Takes a tenth of an address a second from a peer, and lets the rest go by. */
function onAddresses(node: SimulatedNode, peer: Peer, addresses: MessageWith<'addr'>['addresses']): void {
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
