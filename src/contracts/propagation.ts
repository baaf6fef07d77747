/**
 * What the witnesses saw: peers that are never sent a block by us, so that the time until they have one is the time that the network took.
 * docs/witnesses.md explains it. Times named `at` or `since` are milliseconds since the Unix epoch.
 *
 * Times that end in `Ms` count from the block's origin: a block of the pool's from the moment it came in; any other from the moment when the
 * second of our connections announced it, so that no single peer can date a block.
 */
import type { Hash } from '../wire/reader.js';
import type { SIGHTS, WITNESS_LOSSES, WITNESS_WAYS } from './codes.js';

/**
 * `counted`: the announcement is in the figures. `early`: it came before the block can have been there. `unseen`: there was none in time; in the
 * median it counts as later than all others.
 */
export type SightCode = (typeof SIGHTS)[number];

/** How a witness announced a block. */
export type WitnessWay = (typeof WITNESS_WAYS)[number];

/** Why a witness is no longer one. */
export type WitnessLoss = (typeof WITNESS_LOSSES)[number];

/** One witness and one block. */
export interface Sight {
  /** `host:port` as it is dialled. */
  readonly peer: string;
  readonly state: SightCode;
  /** ISO 3166-1 alpha-2; absent where it is not known. */
  readonly country?: string;
  /** Of the first announcement; absent when there was none. */
  readonly way?: WitnessWay;
  /** When the announcement came in. */
  readonly announcedMs?: number;
  /** When the witness had the block: half of its shortest round trip before that. */
  readonly seenMs?: number;
}

/** How fast a block that dashd knows spread among the witnesses. */
export interface Propagation {
  /** A block of the pool's. */
  readonly own: boolean;
  readonly height?: number;
  /** Witnesses that were connected when the block came, those whose announcement was `early` left out. */
  readonly witnesses: number;
  /** Of them, those that have announced it. */
  readonly seen: number;
  /** The first of the witnesses had it. */
  readonly firstMs?: number;
  /** Half of the witnesses had it: the network propagation time. Absent when fewer announced it. */
  readonly medianMs?: number;
  /** The last of those that announced it had it. */
  readonly lastMs?: number;
  /** In the order in which they had it; those that did not announce it last. */
  readonly sights: readonly Sight[];
}

/** Once a block: when all witnesses have announced it, or after ten seconds. */
export interface BlockPropagation extends Propagation {
  readonly type: 'propagation';
  readonly at: number;
  readonly hash: Hash;
}

/** A witness is connected, or is a witness no more. Witnesses have no `peer-connected` and `peer-lost`: they are no broadcast peers. */
export interface WitnessEvent {
  readonly type: 'witness';
  readonly at: number;
  readonly peer: string;
  readonly state: 'connected' | 'lost';
  /** `chosen` when it is connected. */
  readonly code: 'chosen' | WitnessLoss;
  /** In words. */
  readonly reason: string;
}

/** What can be asked of the witnesses at any moment. */
export interface WitnessReport {
  /** `witnesses.count` */
  readonly wanted: number;
  readonly connected: number;
  /** Connected and being connected to. */
  readonly witnesses: readonly WitnessView[];
  /** The last 100 blocks of the pool's since the start, and of others. */
  readonly own: PropagationFigures;
  readonly others: PropagationFigures;
  /** The last 50 of all, newest first, without what each witness saw. */
  readonly recent: readonly Omit<BlockPropagation, 'sights'>[];
}

export interface PropagationFigures {
  /** Blocks with a median. */
  readonly blocks: number;
  /** Their mean {@link Propagation.medianMs}; absent without blocks. */
  readonly medianMs?: number;
}

export interface WitnessView {
  readonly peer: string;
  readonly state: 'connected' | 'connecting';
  /** Of that state. */
  readonly since: number;
  readonly country?: string;
  /** The network that one owner is likely to control (/16, /32). */
  readonly group: string;
  /** Why it was chosen, in words. */
  readonly why: string;
  /** The shortest round trip of the last ones, milliseconds; absent until the first. */
  readonly roundTripMs?: number;
  /** Blocks of its announcements that counted, came too early, or did not come in time. */
  readonly counted: number;
  readonly early: number;
  readonly unseen: number;
  /** Announced blocks that dashd does not know. */
  readonly unknown: number;
}
