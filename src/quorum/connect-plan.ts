/**
 * To which members of the active quorums connections are made, kept and given up. Pure; `streams/quorum/` carries it out.
 */
import type { Hash } from '../wire/reader.js';

/** A masternode that may be connected to. */
export interface Reachable {
  readonly masternode: Hash;
  /** `host:port` */
  readonly peer: string;
  /** The network that one owner is likely to control (/16, /32). */
  readonly group: string;
  /** The active quorums that it is a valid member of; one or more. */
  readonly quorums: readonly Hash[];
}

export interface ConnectInput {
  /** One entry for each masternode. */
  readonly members: readonly Reachable[];
  /** Quorum connections, made or being made, by `host:port`. */
  readonly connected: ReadonlySet<string>;
  /** Peers that are connected for another reason: they are reached already. */
  readonly elsewhere: ReadonlySet<string>;
  /** Peers not to be dialled now: they failed, or were lost, a moment ago. */
  readonly waiting: ReadonlySet<string>;
  /** Quorum connections at most. */
  readonly max: number;
  /** Connections to one network group at most. */
  readonly maxPerGroup: number;
  /** Connections that this plan may begin. */
  readonly maxNew: number;
  /** Connections that this plan may give up for a member of more quorums. */
  readonly maxSwaps: number;
  /** A random number for each peer, the same in each plan: relays choose differently among equals. */
  readonly lot: (peer: string) => number;
}

/** `several-quorums`: a member of more than one active quorum. `spread`: of one, the one with the fewest connections. `swap`: for another. */
export type QuorumConnectCode = 'several-quorums' | 'spread' | 'swap';
/** `not-a-member`: of no active quorum any more. `over-max`: the setting was lowered. `group-share`. `outweighed`: a member of more quorums gets the slot. */
export type QuorumDisconnectCode = 'not-a-member' | 'connected-elsewhere' | 'over-max' | 'group-share' | 'outweighed';
/** Why a member gets no connection. */
export type QuorumSkipCode = 'same-address' | 'waiting' | 'group-share' | 'over-max' | 'ramp-up';

export interface ConnectPlan {
  readonly connect: readonly { readonly peer: string; readonly code: QuorumConnectCode }[];
  readonly disconnect: readonly { readonly peer: string; readonly code: QuorumDisconnectCode }[];
  readonly keep: readonly string[];
  readonly skipped: Readonly<Record<QuorumSkipCode, number>>;
}
