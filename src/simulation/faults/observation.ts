/**
 * What is seen of a run, in the order in which it happened: the relay's events, what goes over its sockets, what is on its disk. The
 * invariants read nothing else, so each can be tested with a list written by hand.
 */
import type { RelayEvent } from '../../contracts/events.js';
import type { Hash } from '../../wire/reader.js';
import type { Micros } from '../engine.js';

/**
 * `starting`: from here on its ports are used. `started`: all is open. `killed`: as by `kill -9`; `power-lost`: and the machine with it.
 * `stopping`: asked to stop; `stopped`: everything is closed. `frozen`: it stands still; `thawed`: it goes on.
 */
export type RelayState =
  | 'starting'
  | 'started'
  | 'killed'
  | 'power-lost'
  | 'stopping'
  | 'stopped'
  | 'frozen'
  | 'thawed';

/** A connection of the relay's, dialled once. */
export interface SeenConnection {
  /** Counts from 1 over the whole run. */
  readonly connection: number;
  /** `host:port` */
  readonly peer: string;
  readonly protected: boolean;
}

/** Quantities that must stay bounded. */
export interface Gauges {
  /** Sockets to peers that the relay has open, those being dialled included. */
  readonly sockets: number;
  /** Peers that have finished their handshake. */
  readonly live: number;
  /** Peers in the book. */
  readonly known: number;
  /** Files in the relay's folders, temporary ones included. */
  readonly files: number;
  /** Actions that wait in virtual time: the relay's timers, and messages under way. */
  readonly pending: number;
}

/** The state of the network when the run ends, long after the last fault. */
export interface End {
  readonly type: 'end';
  /** Blocks that dashd or a peer without faults has, in its best chain or beside it. */
  readonly known: ReadonlySet<Hash>;
  /** Blocks whose files are in the spool. */
  readonly kept: ReadonlySet<Hash>;
  /** The last block that the pool found, after the faults; at which nodes of the network it is the tip, and of how many. */
  readonly last: { readonly hash: Hash; readonly nodes: number; readonly of: number };
  readonly live: number;
  readonly dashdIsLive: boolean;
  /** As many peers as are wanted at least, or as there are. */
  readonly wanted: number;
}

export type Seen =
  | { readonly type: 'relay'; readonly state: RelayState }
  | { readonly type: 'event'; readonly event: RelayEvent }
  | (SeenConnection & { readonly type: 'dialled' })
  /** Over, for whatever reason and by whichever end. */
  | (SeenConnection & { readonly type: 'closed' })
  /** The relay wrote a `block` message (`full`) or a `cmpctblock` message. */
  | (SeenConnection & { readonly type: 'pushed'; readonly hash: Hash; readonly form: 'full' | 'compact' })
  /** The peer requested a block (`getdata`). */
  | (SeenConnection & { readonly type: 'requested'; readonly hash: Hash })
  /** The peer announced a block (`inv`). */
  | (SeenConnection & { readonly type: 'announced'; readonly hash: Hash })
  /** The peer answered the `getheaders` behind a block. `absent`: its chain does not have the block, nor another one on its parent. */
  | (SeenConnection & {
      readonly type: 'answered';
      readonly hash: Hash;
      readonly answer: 'has' | 'has-another' | 'absent';
    })
  /** The blocks whose files are in the spool: after each event about a block, and after each crash. */
  | { readonly type: 'spooled'; readonly hashes: ReadonlySet<Hash> }
  /** After each step of virtual time. */
  | { readonly type: 'gauges'; readonly gauges: Gauges }
  | End;

export type Observation = Seen & { readonly at: Micros };
