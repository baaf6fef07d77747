import type { Hash } from '../wire/reader.js';
import type { Version } from '../wire/version.js';
import { ancestor, type Chain, type ChainBlock } from './chain.js';
import type { PeerLink } from './peer-link.js';

/** The state that a node keeps for one peer. Source: Dash Core `net_processing.cpp`, `CNodeState` and `Peer`. */
export interface Peer {
  readonly id: number;
  readonly link: PeerLink;
  /** The peer opened the connection. */
  readonly inbound: boolean;
  /** `host:port`. */
  readonly address: string;
  /** Milliseconds since the Unix epoch. */
  readonly connectedAt: number;
  /** The nonce of our `version`. */
  readonly nonce: bigint;
  /** Messages received, by command. */
  readonly received: Map<string, number>;
  version: Version | undefined;
  /** `verack` was received. */
  ready: boolean;
  closing: boolean;
  prefersHeaders: boolean;
  wantsAddrV2: boolean;
  providesCompact: boolean;
  wantsCompactAtOnce: boolean;
  gaveAddresses: boolean;
  /** Token bucket: addresses that are accepted from the peer now. */
  addressTokens: number;
  addressTokensAt: number;
  points: number;
  unconnectingHeaders: number;
  /** When the last unanswered `getheaders` was sent, Unix ms. */
  askedHeadersAt: number | undefined;
  /** The best block that the peer is known to have. */
  bestKnown: ChainBlock | undefined;
  /** The best block whose header was sent to the peer. */
  bestHeaderSent: ChainBlock | undefined;
  /** A block that the peer announced and this node does not know yet. */
  lastUnknown: Hash | undefined;
  /** New blocks of the active chain, to be announced to the peer. */
  readonly toAnnounce: Hash[];
}

/** Records that a peer has a block. Source: `UpdateBlockAvailability`. */
export function noteAvailable(chain: Chain, peer: Peer, hash: Hash): void {
  resolveUnknown(chain, peer);
  const block = chain.get(hash);
  if (block === undefined) peer.lastUnknown = hash;
  else if (peer.bestKnown === undefined || block.work >= peer.bestKnown.work) peer.bestKnown = block;
}

/** Resolves a block that was announced before its header was known. Source: `ProcessBlockAvailability`. */
export function resolveUnknown(chain: Chain, peer: Peer): void {
  const block = peer.lastUnknown === undefined ? undefined : chain.get(peer.lastUnknown);
  if (block === undefined) return;
  peer.lastUnknown = undefined;
  if (peer.bestKnown === undefined || block.work >= peer.bestKnown.work) peer.bestKnown = block;
}

/** Source: `PeerHasHeader`. */
export function hasHeader(peer: Peer, block: ChainBlock): boolean {
  const inChainOf = (end: ChainBlock | undefined) => end !== undefined && ancestor(end, block.height) === block;
  return inChainOf(peer.bestKnown) || inChainOf(peer.bestHeaderSent);
}
