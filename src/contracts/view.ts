/**
 * What can be asked of a running relay at any moment, for pages and metrics: read-only, and cheap enough for every request. What
 * happens is reported as events (events.ts); here is what stands. Times named `at` or `since` are milliseconds since the Unix epoch.
 */

import type { Hash } from '../wire/reader.js';
import type { AnatomyAnswer } from './anatomy.js';
import type { ClusterView } from './cluster.js';
import type { BlockFinality, FinalityState, QuorumRole, Verdict } from './events.js';
import type { BlockLocks, IgnoredLocks, LockForecastEvent } from './locks.js';
import type { Propagation, WitnessReport } from './propagation.js';

export interface RelayView {
  readonly network: string;
  readonly startedAt: number;
  /** The chain's tip as far as it is known; its height is absent until dashd or a block reported it. */
  tip(): { readonly hash: Hash; readonly height?: number } | undefined;
  /** Connected and being connected to, the pool's own dashd first, the others by falling score. */
  peers(): readonly PeerView[];
  /** @param name `host:port` as in {@link PeerView.peer} */
  peer(name: string): PeerView | undefined;
  /** How many they are: without their scores, which cost more. */
  counts(): PeerCounts;
  /** Peers in the book. */
  known(): number;
  /** How many peers are wanted. */
  readonly wanted: { readonly min: number; readonly max: number };
  readonly history: HistoryView;
  /** What a block of the history is made of, read in a worker thread. Never rejects. Absent where `history.anatomy` is false. */
  readonly anatomy?: (hash: Hash) => Promise<AnatomyAnswer>;
  /** The ChainLock quorums as of the tip; absent where `quorum.maxPeers` is 0, undefined until dashd has reported them. */
  readonly quorums?: () => QuorumReport | undefined;
  /** The witnesses and what they saw; absent where `witnesses.count` is 0. */
  readonly witnesses?: () => WitnessReport;
  /** What is known of the other relays; absent where this one works alone. */
  readonly cluster?: ClusterView;
  /** Found blocks on disk; absent when `spool.enabled` is false. */
  readonly spool?: () => SpoolView;
  /** What would delay the ChainLock of the next block; absent where `locks.forecast` is 0, undefined until dashd was asked. */
  readonly lockForecast?: () => LockForecast | undefined;
  readonly ignoredLocks?: () => IgnoredLocks;
}

export type LockForecast = Omit<LockForecastEvent, 'type'>;

export interface PeerCounts {
  /** Past their handshake, the pool's own dashd included. */
  readonly connected: number;
  readonly connecting: number;
  /** Whether the pool's own dashd is among the connected. */
  readonly dashd: boolean;
  /** Of the connected: those that have chosen us as a high-bandwidth peer (BIP 152). */
  readonly highBandwidth: number;
  /** Of the connected: those that are reached through Tor. */
  readonly tor: number;
}

/** The active ChainLock quorums, and how many of their members are connected. */
export interface QuorumReport {
  /** Of the chain's tip, as of which the quorums are active. */
  readonly height: number;
  /** Connections to members that are wanted: `quorum.maxPeers`. */
  readonly wanted: number;
  /** Distinct masternodes in the active quorums, and those of them that are connected. */
  readonly members: number;
  readonly connected: number;
  /** Newest first. */
  readonly quorums: readonly QuorumState[];
}

export interface QuorumState {
  readonly hash: Hash;
  /** Dash's number of the quorum's type: 2 for `llmq_400_60`. */
  readonly type: number;
  /** It signs the ChainLock of the next block. */
  readonly signing: boolean;
  readonly members: number;
  readonly connected: number;
  /** Of the connected: those that have chosen us as a high-bandwidth peer. */
  readonly highBandwidth: number;
}

export interface SpoolView {
  /** The folder. */
  readonly path: string;
  readonly blocks: number;
  /** Of these blocks. */
  readonly bytes: number;
  /** When blocks were last synced to disk; absent until then. */
  readonly syncedAt?: number;
  /** Since the start. */
  readonly faults: number;
}

export interface PeerView {
  /** `host:port` as it is dialled. */
  readonly peer: string;
  /** The pool's own dashd. */
  readonly protected: boolean;
  readonly state: 'connected' | 'connecting';
  /** Of that state. */
  readonly since: number;
  readonly userAgent?: string;
  readonly protocolVersion?: number;
  /** The best height that the peer is known to have. */
  readonly height?: number;
  /** ISO 3166-1 alpha-2, such as `DE`; absent where it is not known. */
  readonly country?: string;
  /** Absent for a node of no active ChainLock quorum. */
  readonly role?: QuorumRole;
  /** The active ChainLock quorums that it is a member of. */
  readonly quorums?: number;
  /** The proRegTxHash of the masternode that it is. */
  readonly masternode?: Hash;
  /** It has asked for new blocks in compact form at once (BIP 152, high-bandwidth mode). */
  readonly highBandwidth?: true;
  /** There and back, smoothed, milliseconds. */
  readonly pingMs?: number;
  /** Where it was heard of. */
  readonly sources: readonly string[];
  readonly lastSeen: number;
  readonly score: ScoreView;
  readonly blocks: {
    readonly acknowledged: number;
    readonly accepted: number;
    readonly alreadyHad: number;
    /** By code, from a closed list. */
    readonly failed: Readonly<Record<string, number>>;
    readonly failuresInARow: number;
    /** From the push to the proof, smoothed, milliseconds. */
    readonly proofMs?: number;
  };
}

/** The terms add up to the total. */
export interface ScoreView {
  readonly total: number;
  readonly terms: readonly { readonly label: string; readonly value: number; readonly why: string }[];
}

/** A block of the pool's, from its arrival to its end. */
export interface BlockRecord {
  readonly hash: Hash;
  readonly height?: number;
  readonly size: number;
  readonly transactions?: number;
  readonly receivedAt: number;
  readonly gateMs?: number;
  /** Absent until it has fallen; absent for good when the process died before that. */
  readonly verdict?: Verdict;
  /** How fast it reached the witnesses; absent until they have seen it, and where there were none. */
  readonly propagation?: Propagation;
  readonly finality: Omit<BlockFinality, 'type' | 'hash' | 'height'>;
  /** Absent until dashd was asked. */
  readonly locks?: Omit<BlockLocks, 'type' | 'hash' | 'height'>;
}

export interface HistoryView {
  readonly size: number;
  /** Newest first, at most `limit`, beginning behind the block `after` when one is given. */
  latest(limit: number, after?: Hash): readonly BlockRecord[];
  get(hash: Hash): BlockRecord | undefined;
  /** Over the blocks received since `since` (ms since the epoch); all unless given. */
  kpis(since?: number): Kpis;
}

/** What a pool operator is measured by (requirement 24). Rates are between 0 and 1, and absent where there is nothing to divide by. */
export interface Kpis {
  readonly blocks: number;
  /** Of the blocks with a verdict, those that were a success. */
  readonly successRate?: number;
  /** The mean over blocks of the median proof, milliseconds. */
  readonly averageBroadcastMs?: number;
  /** Of the peers that blocks were pushed to, those that were reached. */
  readonly peerAvailability?: number;
  /** Of the blocks whose end is known, those that were orphaned. */
  readonly orphanRate?: number;
  /** Until nine of ten peers had proven it, mean over blocks, milliseconds. */
  readonly propagationMs?: number;
  /** Until half of the witnesses had it, peers that it was not pushed to: mean over blocks, milliseconds. */
  readonly networkPropagationMs?: number;
  /** From a block's arrival to its ChainLock, mean over the blocks whose ChainLock dashd announced, milliseconds. */
  readonly chainLockMs?: number;
  /** Of the blocks whose locks are known, those in which a transaction delayed the ChainLock. */
  readonly delayedRate?: number;
  readonly finality: Readonly<Record<FinalityState, number>>;
}
