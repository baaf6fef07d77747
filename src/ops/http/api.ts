/**
 * What the API answers, as the dashboard and other programs read it. An interface to others: fields are added, never renamed. The
 * OpenAPI document and its test hold to these types.
 */
import type { PeerProof, ServiceEvent, Verdict } from '../../contracts/events.js';
import type { BlockRecord, Kpis, PeerView } from '../../contracts/view.js';

/** `GET /api/v1/status` */
export interface StatusReply {
  readonly version: string;
  readonly network: string;
  readonly startedAt: number;
  /** The relay's clock, ms since the epoch: a page counts ages from it, not from its own. */
  readonly now: number;
  readonly ready: boolean;
  /** Why not, in words; empty when ready. */
  readonly notReady: readonly string[];
  /** What is amiss though blocks go out, in words. */
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
  readonly services: readonly ServiceStatus[];
  readonly lastBlock?: BlockSummary;
  readonly kpis: { readonly all: Kpis; readonly day: Kpis };
}

export interface ServiceStatus {
  readonly service: ServiceEvent['service'];
  /** The last that was told; a fault leaves it as it was. */
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

/** A block without its race. */
export type BlockSummary = Omit<BlockRecord, 'verdict'> & { readonly verdict?: Omit<Verdict, 'peers'> };

/** `GET /api/v1/blocks?limit=50&after=<hash>`, newest first */
export interface BlocksReply {
  readonly blocks: readonly BlockSummary[];
  /** To be given as `after` for the next page; absent on the last. */
  readonly next?: string;
}

/** `GET /api/v1/blocks/<hash>` */
export interface BlockReply extends BlockSummary {
  /** Who was written, who acknowledged, who accepted, and when: so far, while there is no verdict. */
  readonly race: readonly PeerProof[];
}

/** `GET /healthz`: the process is alive. All but `status` is for those who may see the other pages. */
export interface HealthReply {
  readonly status: 'ok';
  readonly version?: string;
  readonly startedAt?: number;
}

/**
 * `GET /readyz`: 200 when a block pushed now would be taken and would reach somebody, else 503. All but `ready` is for those who may
 * see the other pages.
 */
export interface ReadyReply {
  readonly ready: boolean;
  readonly notReady?: readonly string[];
  readonly degraded?: readonly string[];
}

/** Every answer that is not a success. */
export interface ErrorReply {
  readonly error: string;
  /** What to do about it, where something can be done. */
  readonly remedy?: string;
}
