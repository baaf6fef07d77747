/**
 * The active ChainLock quorums and their members: who signs the next block, and who may sign the ones after it. A quorum stays active for
 * several intervals (mainnet: 4 quorums of 400, a new one every 288 blocks), so most members stay the same from block to block.
 */
import type { Hash } from '../wire/reader.js';
import type { Reachable } from './connect-plan.js';
import { type QuorumType, signingQuorum } from './signing-quorum.js';

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

/** Where a selected quorum has to be active: so many blocks below the height that it signs. Source: Dash Core llmq/quorumsman.h. */
const SIGN_HEIGHT_OFFSET = 8;

/** The height as of which the quorums are active that may sign the block behind a tip; negative on a chain of fewer blocks. */
export function signingHeight(tipHeight: number): number {
  return tipHeight + 1 - SIGN_HEIGHT_OFFSET;
}

/** The quorums that are active for the block behind a tip. */
export interface ActiveQuorums {
  readonly tip: Hash;
  readonly height: number;
  readonly type: QuorumType;
  /** The newest first. */
  readonly quorums: readonly Quorum[];
}

/** @param claims which masternode each connected peer says it is (`mnauth`); may change as long as the view is used */
export function viewOf(active: ActiveQuorums, claims: ReadonlyMap<string, Hash>): QuorumView {
  const { tip, height, type, quorums } = active;
  const hashes = quorums.map(({ hash }) => Buffer.from(hash, 'hex').reverse());
  const signer = quorums[signingQuorum(type, hashes, height + 1)];
  const roles = new Map<Hash, Role>();
  const byPeer = new Map<string, Hash>();
  for (const quorum of quorums) {
    for (const { masternode, peer } of quorum.members) {
      if (quorum === signer || !roles.has(masternode)) roles.set(masternode, quorum === signer ? 'signer' : 'member');
      if (peer !== undefined) byPeer.set(peer, masternode);
    }
  }
  const masternodeOf = (peer: string): Hash | undefined => claims.get(peer) ?? byPeer.get(peer);
  return {
    tip,
    height,
    quorums,
    signing: signer?.hash,
    masternodeOf,
    roleOf(peer) {
      const masternode = masternodeOf(peer);
      return masternode === undefined ? undefined : roles.get(masternode);
    },
  };
}

/**
 * The members of quorums that have an address, one entry for each masternode.
 * @param groupOf the network of an address that one owner is likely to control
 */
export function reachable(quorums: readonly Quorum[], groupOf: (peer: string) => string): Reachable[] {
  const members = new Map<Hash, Reachable & { readonly quorums: Hash[] }>();
  for (const { hash, members: all } of quorums) {
    for (const { masternode, peer } of all) {
      if (peer === undefined) continue;
      const known = members.get(masternode) ?? { masternode, peer, group: groupOf(peer), quorums: [] };
      members.set(masternode, known);
      if (!known.quorums.includes(hash)) known.quorums.push(hash);
    }
  }
  return [...members.values()];
}
