/** What the bench's processes say to each other. Times are `process.hrtime.bigint()`: one monotonic clock for the whole machine. */
import type { FloodKind } from '../src/simulated/flood.js';

export interface SinksPlan {
  readonly readers: number;
  /** So many more finish the handshake and then never read again. */
  readonly stalled: number;
}

export type { FloodKind };

export interface FloodersPlan {
  readonly count: number;
}

export type FromFlooders =
  | { readonly type: 'listening'; readonly ports: readonly number[] }
  | { readonly type: 'flooding' };

/** So many of the peers that have behaved so far send this from now on. */
export interface ToFlooders {
  readonly type: 'flood';
  readonly kind: FloodKind;
  readonly peers: number;
}

/** Peers of a dashd, instead of servers. */
export interface FetchersPlan {
  /** dashd's P2P port. */
  readonly port: number;
  readonly peers: number;
}

export type FromSinks =
  | { readonly type: 'listening'; readonly ports: readonly number[] }
  | { readonly type: 'armed' }
  /** Each reader has the whole block; `at` is when the last of them had its last byte. */
  | { readonly type: 'delivered'; readonly at: bigint };

/** The next block: what is to be counted, and the header by which it is acknowledged afterwards. */
export type ToSinks = { readonly type: 'expect'; readonly header: Uint8Array };

export interface RpcPlan {
  /** The chain's tip before the first block. */
  readonly tip: string;
}

export type FromRpc =
  | { readonly type: 'listening'; readonly port: number }
  /** The last byte of a `submitblock` request came. */
  | { readonly type: 'submitted'; readonly at: bigint };

export interface ContenderPlan {
  /** Where the sinks listen. */
  readonly ports: readonly number[];
  /** How many of them read. */
  readonly readers: number;
  /** The ZeroMQ endpoint to be bound. */
  readonly bind: string;
  /** How long the blocks will be, bytes. */
  readonly blockSize: number;
  readonly rpcUrl: string;
  /** An empty directory to keep things in. */
  readonly folder: string;
  /** Settings of the relay's beside those of the bench, by their flags without dashes. */
  readonly flags?: Readonly<Record<string, string>>;
}

export type FromContender =
  /** Connected to every sink; `url` is where the relay's pages are. */
  | { readonly type: 'ready'; readonly url?: string }
  /** Has nothing more to do for the last block; only the relay has work left when the last byte is out. */
  | { readonly type: 'idle' }
  /** What it took of one core while nothing happened, 1: all of it. */
  | { readonly type: 'load'; readonly share: number }
  /** For how long at most the event loop was held since it was asked before, ms, and how peers were lost: by code. */
  | { readonly type: 'held'; readonly maxMs: number; readonly lost: Readonly<Record<string, number>> };

/** Take your load over so many milliseconds. The relay alone understands it. */
export type ToContender = { readonly type: 'take load'; readonly ms: number } | { readonly type: 'take hold' };

/** A relay that stands in dashd's place. */
export interface ProxyPlan {
  /** The pool's own dashd. */
  readonly rpcUrl: string;
  readonly user: string;
  readonly password: string;
  /** Where it listens for peers. */
  readonly dashdPort: number;
  /** Empty: it has no feed. */
  readonly zmqUrl: string;
  /** Ports of the other peers; with none, broadcasting is off. */
  readonly peers: readonly number[];
  /** Where JSON-RPC is to be answered. */
  readonly port: number;
  /** The ZeroMQ endpoint to be bound; nothing comes over it. */
  readonly bind: string;
  readonly folder: string;
}

export type FromProxy =
  /** Connected to all, and the tip known. */
  | { readonly type: 'ready' }
  /** The chain's tip is this block. */
  | { readonly type: `at ${string}` }
  /** All is known of this block that is to be. */
  | { readonly type: `judged ${string}` };

export const CONTENDERS = ['floor', 'relay', 'naive'] as const;
export type Contender = (typeof CONTENDERS)[number];

/** A server that does nothing but answer. */
export type FromBareHttp = { readonly type: 'listening'; readonly url: string };

/** Who looks at a relay. */
export interface Onlooking {
  /** Its pages. */
  readonly url: string;
  /** Open pages. */
  readonly followers: number;
  /** The metrics, once a second. */
  readonly scrape: boolean;
  /** An address to be asked as fast as it answers. */
  readonly flood?: string;
}

/** From now on, these and no others. */
export type ToOnlookers = { readonly type: 'look'; readonly onlooking: Onlooking };

export type FromOnlookers =
  | { readonly type: 'looking' }
  /** A flood is over. */
  | { readonly type: 'flooded'; readonly perSecond: number };
