/**
 * The events of a relay. The block events are also what `events.bind` publishes, one JSON object a message: they are
 * an interface to other programs (docs/events.md), so a field is added here, never renamed.
 *
 * Times named `at` are milliseconds since the Unix epoch; those that end in `Ms` count from the moment the block came in.
 */
import type { Hash } from '../wire/reader.js';
import type {
  BLOCK_SOURCES,
  FINALITY_STATES,
  FORMS,
  LATE_CODES,
  OUTCOMES,
  PROOF_STATUSES,
  QUORUM_ROLES,
  RPC_OUTCOMES,
  TIP_SOURCES,
} from './codes.js';
import type { BlockLocks, ChainLockTime, LockForecastEvent, LocksRelayed } from './locks.js';
import type { BlockPropagation, WitnessEvent } from './propagation.js';
import type { ServiceCode } from './services.js';

export type BlockSource = (typeof BLOCK_SOURCES)[number];

/** How far delivery to one peer was proven, each step stronger than the one before; the last two are the other ends. */
export type ProofStatus = (typeof PROOF_STATUSES)[number];

/** `signer`: in the quorum that signs the block's ChainLock; `member`: in another active ChainLock quorum. */
export type QuorumRole = (typeof QUORUM_ROLES)[number];

/** How a block goes to a peer: whole, or in compact form (BIP 152). */
export type BlockForm = (typeof FORMS)[number];

/** What it took to give a peer a block, as far as that is known; set once something was written to the peer. */
export interface BlockWay {
  /** `full` once the peer was sent the whole block, be it after a compact one. */
  readonly form: BlockForm;
  /** Bytes of the block sent to this peer: of all its messages, and of the transactions that the peer asked for. */
  readonly bytes: number;
  /** How often an answer of the peer made us send more: transactions that it lacked, or the whole block. */
  readonly roundTrips: number;
}

export interface PeerProof extends Partial<BlockWay> {
  /** `host:port` as it was dialled. */
  readonly peer: string;
  /** The pool's own dashd. */
  readonly protected: boolean;
  /** What the peer was for this block when it was sent it; absent for a node of no active quorum. */
  readonly role?: QuorumRole;
  readonly status: ProofStatus;
  /**
   * Why it failed; set when, and only when, the status is `failed`. `not-in-chain`: the peer has processed the block, or was not sent it for want of
   * the parent, and its chain does not have it.
   */
  readonly reason?: string;
  /** The peer was sent the block later than others could have been: it connected later, or lacked the parent. */
  readonly late?: true;
  /** The block that stands in the peer's chain in place of ours, which it has beside it. */
  readonly rival?: Hash;
  /** The kernel took the last byte. */
  readonly writtenMs?: number;
  /** The pong to the ping behind the block came: the peer has processed it. */
  readonly acknowledgedMs?: number;
  /** The peer announced the block, or returned its header: it is in its chain. */
  readonly acceptedMs?: number;
}

/**
 * Why a block was not sent when it was found. `recovered`: it was in the spool when the relay started, or when dashd came back. `no-peers`:
 * no peer that has it was connected when it arrived.
 */
export type LateCode = (typeof LATE_CODES)[number];

/** What dashd answered to `submitblock`. `unavailable`: no answer, `reason` says why. */
export interface RpcResult {
  readonly outcome: (typeof RPC_OUTCOMES)[number];
  /** dashd's reason for a rejection, or why it did not answer. */
  readonly reason?: string;
  readonly ms: number;
}

/** Of the peers whose quorum signs the block's ChainLock. */
export interface SignersReached {
  readonly tried: number;
  readonly reached: number;
  /** When 60 % of the tried had it, as many as a ChainLock needs of the whole quorum; absent until then. */
  readonly majorityMs?: number;
}

export interface Verdict {
  readonly hash: Hash;
  readonly source: BlockSource;
  readonly size: number;
  readonly height?: number;
  /**
   * `delivered`: a peer has it or dashd took it. `local-only`: the same, but no peer except the pool's own dashd was reached.
   * `rejected`: dashd rejected it as invalid. `failed`: nobody is known to have it, or `local-only` with `broadcast.fallback` off.
   */
  readonly outcome: (typeof OUTCOMES)[number];
  readonly success: boolean;
  /** Why it is not a plain success; absent when it is. */
  readonly reason?: string;
  /** Set when, and only when, the block was sent later than it was found. */
  readonly late?: LateCode;
  readonly rpc?: RpcResult;
  /** Peers that acknowledged, accepted or already had the block, of all that were tried. */
  readonly peersReached: number;
  readonly peersTried: number;
  readonly accepted: number;
  readonly alreadyHad: number;
  readonly failed: number;
  /** First, median and last proof among the peers that were pushed to and reached. */
  readonly firstMs?: number;
  readonly medianMs?: number;
  readonly lastMs?: number;
  /** Absent when no peer was a signer of the block. */
  readonly signers?: SignersReached;
  readonly peers: readonly PeerProof[];
}

export interface BlockReceived {
  readonly type: 'received';
  readonly at: number;
  readonly hash: Hash;
  readonly source: BlockSource;
  readonly size: number;
  readonly transactions?: number;
  readonly height?: number;
  /** From the block's arrival until the gate had judged it, ms. */
  readonly gateMs?: number;
  /** Why the peers must wait for dashd's answer (soft gate); absent when they need not. */
  readonly held?: readonly string[];
  /** What the pool should correct in its message, although the block was found in it; absent when there is nothing. */
  readonly note?: string;
  /** Why the block is not on disk, so that it does not survive a crash of the relay; absent when it is on disk. */
  readonly unspooled?: string;
  /** Set with {@link firstAt}. */
  readonly late?: LateCode;
  /** When a block that is sent again first came in, ms since the epoch. */
  readonly firstAt?: number;
}

/** The block survives a loss of power: its file and the file's folder are synced. Reported once for each block of the pool's. */
export interface BlockStored {
  readonly type: 'stored';
  readonly at: number;
  readonly hash: Hash;
}

export interface BlockRefused {
  readonly type: 'refused';
  readonly at: number;
  readonly source: BlockSource;
  /** Absent when there was not even a header to hash. */
  readonly hash?: Hash;
  readonly size: number;
  readonly code: string;
  readonly reason: string;
  /** SHA-256 of the payload as it was received, so that its sender can recognise the frame. */
  readonly sha256: string;
}

/** A block that was received before: nothing was sent, the first result holds. */
export interface BlockRepeated {
  readonly type: 'repeated';
  readonly at: number;
  readonly hash: Hash;
  readonly source: BlockSource;
  /** It survives a loss of power, or need not: `stored` was reported, or dashd and the network have it. */
  readonly stored?: true;
  /** As in `received`. */
  readonly unspooled?: string;
}

/**
 * The state of a block of the pool in dashd's chain. `chainlocked` and `buried` (100 blocks deep) are final; `orphaned` is reported
 * once dashd's chain is longer than any branch it is in, or its rival is ChainLocked, and is taken back should the chain return to it.
 */
export type FinalityState = (typeof FINALITY_STATES)[number];

export interface BlockFinality {
  readonly type: 'finality';
  readonly at: number;
  readonly hash: Hash;
  readonly height?: number;
  readonly state: FinalityState;
  /** Of the block itself, as dashd counts: 1 for the tip; absent when it is not in the active chain. */
  readonly confirmations?: number;
  /** The block that stands at its height, when it is orphaned. */
  readonly by?: Hash;
  /** Set with `chainlocked`; absent where the relay did not run between the block's arrival and its ChainLock. */
  readonly chainLock?: ChainLockTime;
}

export interface BlockProof extends PeerProof {
  readonly type: 'proof';
  readonly at: number;
  readonly hash: Hash;
}

export interface BlockVerdict extends Verdict {
  readonly type: 'verdict';
  readonly at: number;
}

export type BlockEvent =
  | BlockReceived
  | BlockRefused
  | BlockRepeated
  | BlockStored
  | BlockProof
  | BlockVerdict
  | BlockFinality
  | BlockPropagation
  | BlockLocks
  | LocksRelayed;

/** A peer was connected or lost. */
export type PeerEvent =
  | {
      readonly type: 'peer-connected';
      readonly at: number;
      readonly peer: string;
      readonly protected: boolean;
      /** A member of a quorum, connected to beside the peers of the book. */
      readonly quorum?: true;
      readonly userAgent: string;
      readonly height: number;
      readonly protocolVersion: number;
    }
  | {
      readonly type: 'peer-lost';
      readonly at: number;
      readonly peer: string;
      readonly protected: boolean;
      /** As when it was connected. */
      readonly quorum?: true;
      /** A code from a closed list, fit for a metric's label. */
      readonly code: string;
      readonly reason: string;
      /** True when the peer had finished its handshake. */
      readonly wasReady: boolean;
      readonly bytesIn: number;
      readonly bytesOut: number;
    };

/** A change in one of the services around us: `up` and `down` are reported once each, a `fault` each time. */
export interface ServiceEvent {
  readonly type: 'service';
  readonly at: number;
  readonly service: ServiceCode;
  readonly state: 'up' | 'down' | 'fault';
  readonly code: string;
  readonly detail: string;
}

/** dashd's chain has a new tip, according to its feed or its RPC. */
export interface TipEvent {
  readonly type: 'tip';
  readonly at: number;
  readonly hash: Hash;
  readonly source: (typeof TIP_SOURCES)[number];
}

/** A review of the peers, and the planned changes. */
export interface PlanEvent {
  readonly type: 'plan';
  readonly at: number;
  readonly connect: readonly PlannedChange[];
  readonly disconnect: readonly PlannedChange[];
  /** Connections that stay. */
  readonly kept: number;
  /** Of the connections before the plan, those that count as broadcast targets. */
  readonly targets: number;
  /** Peers in the book. */
  readonly known: number;
  /** Of these, why they are no candidates: by reason, from a closed list; what did not occur is left out. */
  readonly skipped?: Readonly<Record<string, number>>;
}

export interface PlannedChange {
  readonly peer: string;
  /** From a closed list. */
  readonly code: string;
  readonly reason: string;
}

/** The result for the addresses that a peer announced in one message. */
export interface GossipEvent {
  readonly type: 'gossip';
  readonly at: number;
  /** Who announced them. */
  readonly peer: string;
  readonly added: number;
  /** Known before. */
  readonly known: number;
  /** Of those added or known: dated ahead of time. */
  readonly futureDated: number;
  /** By reason, from a closed list; what did not occur is left out. */
  readonly refused: Readonly<Record<string, number>>;
}

export type RelayEvent =
  | BlockEvent
  | PeerEvent
  | PlanEvent
  | GossipEvent
  | ServiceEvent
  | TipEvent
  | WitnessEvent
  | LockForecastEvent;
