/**
 * The active ChainLock quorums and their members: who signs the next block, and who may sign the ones after it. A quorum stays active for
 * several intervals (mainnet: 4 quorums of 400, a new one every 288 blocks), so most members stay the same from block to block.
 */
import type { Hash } from '../wire/reader.js';
import type { QuorumType } from './signing-quorum.js';

/** A masternode that is a valid member of a quorum: it has a share of the key, so its signature counts. */
export interface Member {
  /** The hash of its registration (proRegTxHash), in display order: it stays the same while its address may change. */
  readonly masternode: Hash;
  /** `host:port`, where it is reached; absent when that is not known or is no address that may be dialled. */
  readonly peer?: string;
}

export interface Quorum {
  /** The hash of the block in which its key generation began, in display order: the identity of the quorum. */
  readonly hash: Hash;
  readonly type: QuorumType;
  readonly members: readonly Member[];
}

/** `signer`: a member of the quorum that signs the next block. `member`: of another active one. */
export type Role = 'signer' | 'member';

/** The quorums as of a tip. It does not change, but for the identities of peers, which are learned as they connect. */
export interface QuorumView {
  /** The tip, in display order, and its height: the next block is at `height + 1`. */
  readonly tip: Hash;
  readonly height: number;
  /** The active ones for the next block, the newest first. */
  readonly quorums: readonly Quorum[];
  /** The hash of the one that signs the next block; undefined without any. */
  readonly signing: Hash | undefined;
  /** @param peer `host:port` @returns undefined for a peer that is no member of an active quorum */
  roleOf(peer: string): Role | undefined;
  /** Which masternode a peer is, by what it says of itself (`mnauth`), or by its address. @returns undefined for none that is known */
  masternodeOf(peer: string): Hash | undefined;
}
