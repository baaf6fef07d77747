/**
 * The types of the API's replies. An interface to other programs: fields are added, never renamed. The schemas (`schemas.ts`), and with them the
 * OpenAPI document, are checked against these types by the compiler.
 */
import type { BlockAnatomy } from './anatomy.js';
import type { ClusterBlock, ClusterProof, ClusterReport } from './cluster.js';
import type { PeerProof, ServiceEvent, Verdict } from './events.js';
import type { Propagation, Sight, WitnessReport } from './propagation.js';
import type { BlockRecord, Kpis, LockForecast, PeerView, QuorumReport } from './view.js';

/** `GET /api/v1/status` */
export interface StatusReply {
  readonly version: string;
  readonly network: string;
  readonly startedAt: number;
  /** The relay's clock, ms since the epoch, from which the dashboard computes ages. */
  readonly now: number;
  readonly ready: boolean;
  /** The reasons, in words; empty when ready. */
  readonly notReady: readonly string[];
  /** Problems that do not stop the delivery of blocks, in words. */
  readonly degraded: readonly string[];
  readonly tip?: { readonly hash: string; readonly height?: number };
  readonly peers: {
    /** Past their handshake, the pool's own dashd included. */
    readonly connected: number;
    readonly min: number;
    readonly max: number;
    readonly known: number;
    /** Whether the pool's own dashd is among the connected. */
    readonly dashd: boolean;
  };
  /** Absent where `quorum.maxPeers` is 0, and until dashd has reported the quorums. */
  readonly quorums?: QuorumReport;
  /** Absent where `witnesses.count` is 0. */
  readonly witnesses?: WitnessReport;
  /** What would delay the ChainLock of the next block; absent where `locks.forecast` is 0, and until dashd was asked. */
  readonly lockForecast?: LockForecast;
  readonly services: readonly ServiceStatus[];
  readonly lastBlock?: BlockSummary;
  readonly kpis: { readonly all: Kpis; readonly day: Kpis };
}

export interface ServiceStatus {
  readonly service: ServiceEvent['service'];
  /** The last state that was reported; a fault does not change it. */
  readonly state: 'up' | 'down' | 'unknown';
  readonly since?: number;
  readonly code: string;
  readonly detail: string;
  /** Since the relay was started. */
  readonly faults: number;
  readonly lastFault?: { readonly at: number; readonly code: string; readonly detail: string };
}

/** `GET /api/v1/peers` */
export interface PeersReply {
  readonly peers: readonly PeerView[];
}

/** A block without the results per peer. */
export type BlockSummary = Omit<BlockRecord, 'verdict' | 'propagation'> & {
  readonly verdict?: Omit<Verdict, 'peers'>;
  readonly propagation?: Omit<Propagation, 'sights'>;
};

/** `GET /api/v1/blocks?limit=50&after=<hash>`, newest first */
export interface BlocksReply {
  readonly blocks: readonly BlockSummary[];
  /** The value of `after` for the next page; absent on the last. */
  readonly next?: string;
}

/** `GET /api/v1/blocks/<hash>` */
export interface BlockReply extends BlockSummary {
  /** What each witness saw; absent until `propagation` is there. */
  readonly sights?: readonly Sight[];
  /** The result per peer: so far, while there is no verdict. */
  readonly race: readonly PeerProof[];
}

/** `GET /api/v1/blocks/<hash>/anatomy`: what the block is made of */
export type AnatomyReply = BlockAnatomy;
/** `GET /api/v1/cluster` */
export interface ClusterReply extends ClusterReport {
  readonly name: string;
  /** This relay. */
  readonly relay: string;
  /** Newest first, at most 50. */
  readonly blocks: readonly ClusterBlock[];
}

/** `GET /api/v1/cluster/blocks/<hash>` */
export interface ClusterRaceReply {
  readonly hash: string;
  /** Each peer once, by the relay that proves most. */
  readonly race: readonly ClusterProof[];
}

/** `GET /healthz`: the process is alive. Without access only `status` is sent. */
export interface HealthReply {
  readonly status: 'ok';
  readonly version?: string;
  readonly startedAt?: number;
}

/**
 * `GET /readyz`: 200 when a block pushed now would be accepted and delivered to at least one node, else 503. Without access only
 * `ready` is sent.
 */
export interface ReadyReply {
  readonly ready: boolean;
  readonly notReady?: readonly string[];
  readonly degraded?: readonly string[];
}

/** The body of every error reply. */
export interface ErrorReply {
  readonly error: string;
  /** What to do about it, if anything. */
  readonly remedy?: string;
}
