import type { Clock } from '../time.js';
import type { Hash } from '../wire/reader.js';
import type { AddressBook } from './address-book.js';
import type { Behaviour } from './behaviour.js';
import type { BlockDownloads } from './block-downloads.js';
import type { Chain, ChainBlock } from './chain.js';
import type { BlockFault } from './consensus-rules.js';
import type { DashCoreRelease } from './dash-core.js';
import type { HighBandwidthPeers } from './high-bandwidth.js';
import type { Mempool } from './mempool.js';
import type { Peer } from './peer.js';

/** How a block came: by `block`, or by `cmpctblock`. */
export type BlockForm = 'full' | 'compact';

/** How a block came, and whether the node had requested it. */
export interface Received {
  readonly form: BlockForm;
  readonly requested: boolean;
}

/** The parts of a node that the handlers use. */
export interface HandlingNode {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly addressBook: AddressBook;
  readonly release: DashCoreRelease;
  readonly mempool: Mempool;
  readonly downloads: BlockDownloads;
  readonly highBandwidth: HighBandwidthPeers;
  readonly behaviour: Behaviour;
  /** Appends a line to the node's log. */
  note(line: string): void;
  sendVersion(peer: Peer): void;
  /** Whether the nonce belongs to a connection that this node opened: it is connected to itself. */
  isOwnNonce(nonce: bigint): boolean;
  handshakeDone(peer: Peer): void;
  drop(peer: Peer, reason: string): void;
  misbehaving(peer: Peer, points: number, reason: string): void;
  punish(peer: Peer, fault: BlockFault, message: string, form?: BlockForm): void;
  /** Whether the node's behaviour keeps it from taking a block. */
  refuses(peer: Peer, hash: Hash, header: Buffer): boolean;
  /** Checks a block and connects it, which takes time. */
  process(peer: Peer, raw: Buffer, how: Received): void;
  /** The random nonce of a compact block. */
  nextNonce(): bigint;
  /** The header of a block that the node pretends to have. */
  claimedHeader(hash: Hash): Buffer | undefined;
  /** Sends `getheaders`, unless an earlier one is unanswered. */
  askHeaders(peer: Peer, from?: ChainBlock): void;
}
