import type { Hash } from '../wire/reader.js';
import type { Version } from '../wire/version.js';
import { ancestor, type Chain, type ChainBlock } from './chain.js';
import type { PeerLink } from './peer-link.js';

/** What a node remembers of one peer. Source: Dash Core `net_processing.cpp`, `CNodeState` and `Peer`. */
export interface Peer {
  readonly id: number;
  readonly link: PeerLink;
  /** They dialled us. */
  readonly inbound: boolean;
  /** Where they are, as `host:port`. */
  readonly address: string;
  /** Milliseconds since the Unix epoch. */
  readonly connectedAt: number;
  /** Our nonce in `version`. */
  readonly nonce: bigint;
  /** Messages received, by command. */
  readonly received: Map<string, number>;
  version: Version | undefined;
  /** `verack` came. */
  ready: boolean;
  closing: boolean;
  prefersHeaders: boolean;
  wantsAddrV2: boolean;
  providesCompact: boolean;
  wantsCompactAtOnce: boolean;
  gaveAddresses: boolean;
  /** How many addresses we would take from them now. */
  addressTokens: number;
  addressTokensAt: number;
  points: number;
  unconnectingHeaders: number;
  /** Milliseconds; when the last unanswered `getheaders` went out. */
  askedHeadersAt: number | undefined;
  /** The best block they showed to have. */
  bestKnown: ChainBlock | undefined;
  /** The best block whose header we sent them. */
  bestHeaderSent: ChainBlock | undefined;
  /** A block they announced that we do not know yet. */
  lastUnknown: Hash | undefined;
  /** Blocks that joined our chain and were not announced to them yet. */
  readonly toAnnounce: Hash[];
}

/** Notes that a peer has a block. Source: `UpdateBlockAvailability`. */
export function noteAvailable(chain: Chain, peer: Peer, hash: Hash): void {
  resolveUnknown(chain, peer);
  const block = chain.get(hash);
  if (block === undefined) peer.lastUnknown = hash;
  else if (peer.bestKnown === undefined || block.work >= peer.bestKnown.work) peer.bestKnown = block;
}

/** A block announced before its header was known may be known by now. Source: `ProcessBlockAvailability`. */
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
