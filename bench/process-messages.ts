/** The messages between the bench's processes. Times are `process.hrtime.bigint()`, one monotonic clock for the machine. */
import type { BlockForm } from '../src/contracts/events.js';
import type { FloodKind } from '../src/simulated/flood.js';

export interface SinksPlan {
  readonly readers: number;
  /** Further sinks that never read after the handshake. */
  readonly stalled: number;
  /** They choose the sender as a high-bandwidth peer (BIP 152), so that blocks come in compact form. */
  readonly compact: boolean;
}

export type { FloodKind };

export interface FloodersPlan {
  readonly count: number;
}

export type FromFlooders =
  | { readonly type: 'listening'; readonly ports: readonly number[] }
  | { readonly type: 'flooding' };

/** Makes so many peers flood that have not flooded yet. */
export interface ToFlooders {
  readonly type: 'flood';
  readonly kind: FloodKind;
  readonly peers: number;
}

/** Peers of a dashd, which connect to it. */
export interface FetchersPlan {
  /** dashd's P2P port. */
  readonly port: number;
  readonly peers: number;
}

export type FromSinks =
  | { readonly type: 'listening'; readonly ports: readonly number[] }
  | { readonly type: 'armed' }
  /** All readers have the block; `at` is when the last one got its last byte, `firstAt` when the first one but dashd did. */
  | { readonly type: 'delivered'; readonly at: bigint; readonly firstAt: bigint };

/** Announces the next block by the header that acknowledges it afterwards. */
export type ToSinks = { readonly type: 'expect'; readonly header: Uint8Array };

export interface ShaperPlan {
  /** Of the receivers behind the uplink. */
  readonly ports: readonly number[];
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
}

/** The ports that lead to those of the plan, in its order. */
export type FromShaper = { readonly type: 'listening'; readonly ports: readonly number[] };

export interface RpcPlan {
  /** The chain's tip before the first block. */
  readonly tip: string;
}

export type FromRpc =
  | { readonly type: 'listening'; readonly port: number }
  /** The last byte of a `submitblock` request arrived. */
  | { readonly type: 'submitted'; readonly at: bigint };

export interface ContenderPlan {
  /** Ports of the sinks. */
  readonly ports: readonly number[];
  /** The number of sinks that read. */
  readonly readers: number;
  /** The ZeroMQ endpoint to bind. */
  readonly bind: string;
  /** Size of the blocks in the form in which they are sent, bytes. */
  readonly blockSize: number;
  readonly form: BlockForm;
  readonly rpcUrl: string;
  /** An empty directory for files. */
  readonly folder: string;
  /** Further settings of the relay, by their flags without dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Ports of peers in the relay's peer book, for it to choose as witnesses. */
  readonly witnesses?: readonly number[];
}

export type FromContender =
  /** Connected to every sink; `url` is that of the relay's pages. */
  | { readonly type: 'ready'; readonly url?: string }
  /** The work for the last block is done; only the relay has work after the last byte. */
  | { readonly type: 'idle' }
  /** Share of one core, 0 to 1. */
  | { readonly type: 'load'; readonly share: number }
  /** Resident memory of the process, bytes. */
  | { readonly type: 'memory'; readonly bytes: number }
  /**
   * Longest block of the event loop since the last request, ms, the longest that its thread worked meanwhile, ms of processor time, absent
   * where the platform does not say, and the number of lost peers by code.
   */
  | {
      readonly type: 'held';
      readonly maxMs: number;
      readonly workedMs?: number;
      readonly lost: Readonly<Record<string, number>>;
    };

/** Requests a measurement; only the relay answers. `ms` is the duration of the load measurement. */
export type ToContender =
  | { readonly type: 'take load'; readonly ms: number }
  | { readonly type: 'take hold' }
  | { readonly type: 'take memory' };

/** A relay with its JSON-RPC proxy enabled. */
export interface ProxyPlan {
  /** The pool's own dashd. */
  readonly rpcUrl: string;
  readonly user: string;
  readonly password: string;
  /** dashd's P2P port. */
  readonly dashdPort: number;
  /** Empty: no ZeroMQ notifications. */
  readonly zmqUrl: string;
  /** Ports of the other peers; broadcasting is disabled when empty. */
  readonly peers: readonly number[];
  /** The port of the proxy. */
  readonly port: number;
  /** The ZeroMQ endpoint to bind; not used by the bench. */
  readonly bind: string;
  readonly folder: string;
}

export type FromProxy =
  /** Connected to all peers, and the tip is known. */
  | { readonly type: 'ready' }
  /** The chain's tip is this block. */
  | { readonly type: `at ${string}` }
  /** The verdict on this block is final. */
  | { readonly type: `judged ${string}` };

/** The modules of `contenders/` that take part in a rig (`rig.ts`). */
export type Contender = 'floor' | 'forward' | 'relay' | 'naive';

/** The minimal HTTP server. */
export type FromBareHttp = { readonly type: 'listening'; readonly url: string };

/** Monitoring load. */
export interface Observation {
  /** The relay's pages. */
  readonly url: string;
  /** Number of open pages. */
  readonly followers: number;
  /** Whether the metrics are scraped once per second. */
  readonly scrape: boolean;
  /** A URL that is requested as fast as it answers. */
  readonly flood?: string;
}

/** Replaces the current load. */
export type ToObservers = { readonly type: 'look'; readonly observation: Observation };

export type FromObservers =
  | { readonly type: 'looking' }
  /** A flood has ended. */
  | { readonly type: 'flooded'; readonly perSecond: number };
