import { MINUTE_MS, type Random } from '../time.js';
import { type AddressFamily, keyOf, networkGroup, type PeerAddress, type PeerKey } from './address.js';
import { type Backoff, onDial, onFailure, onHandshake, onIsolation, onMisconduct, READY } from './backoff.js';
import { type Learned, learn } from './learned.js';
import { userAgentClass } from './user-agent.js';

/** The source of a peer. The names are those of the file format; the first three are p2pool-dash's. */
export const SOURCES = ['local_dashd', 'dashd', 'p2p_discovery', 'masternode', 'dns', 'configured'] as const;
export type Source = (typeof SOURCES)[number];

/** Everything that is known about one peer. Times are ms since the epoch, durations ms; a field is absent until it was seen. */
export interface PeerRecord {
  readonly key: PeerKey;
  readonly host: string;
  readonly port: number;
  readonly family: AddressFamily;
  readonly group: string;
  /** The pool's own dashd: outside score and selection. Configuration decides this, never a file or a peer. */
  readonly protected: boolean;
  readonly sources: readonly Source[];
  /** The network group of the peer whose gossip named it, as long as no other source has. */
  readonly via?: string;
  readonly firstSeen: number;
  /** The latest sign of life: our own observation, or an announced time, reduced. */
  readonly lastSeen: number;
  /** The last finished handshake. */
  readonly lastConnected?: number;
  readonly services?: bigint;
  readonly protocolVersion?: number;
  readonly userAgent?: string;
  /** The best height the peer is known to have: at the handshake, raised by what it announces. */
  readonly height?: number;
  readonly ping?: Ping;
  readonly broadcasts: Broadcasts;
  readonly announcements: Announcements;
  /** Absent until it announced a block of others. */
  readonly learned?: Learned;
  readonly connections: Connections;
  readonly backoff: Backoff;
}

export interface Ping {
  readonly minMs: number;
  readonly smoothedMs: number;
  readonly at: number;
}

/** How blocks pushed to this peer ended. */
export interface Broadcasts {
  readonly acknowledged: number;
  readonly accepted: number;
  /** Not a success: nothing was pushed. Not a failure either. */
  readonly alreadyHad: number;
  readonly failed: Readonly<Record<string, number>>;
  /** Outcomes weighted by how recent they are: see {@link OUTCOME_DECAY}. */
  readonly recent: { readonly succeeded: number; readonly failed: number };
  readonly failuresInARow: number;
  readonly lastAt?: number;
  /** From the push to the proof, smoothed. */
  readonly proofMs?: number;
}

/** Blocks that the peer announced. `lagMs`: how far behind the first peer to do so, smoothed; 0 is the first itself. */
export interface Announcements {
  readonly count: number;
  readonly first: number;
  readonly lagMs?: number;
}

export interface Connections {
  readonly succeeded: number;
  readonly failed: number;
  readonly lastFailure?: { readonly at: number; readonly code: string };
}

/**
 * The factor by which each outcome reduces the weight of earlier ones: about the last twenty count, so a long good record cannot hide that
 * a peer has become bad, and a peer that has recovered is rehabilitated.
 */
const OUTCOME_DECAY = 0.95;
/** The most weight outcomes can add up to; what a file brings in is scaled down to it. */
export const OUTCOME_WINDOW = 1 / (1 - OUTCOME_DECAY);

/** Weight of a new sample in a smoothed time: a few samples suffice to notice a change. */
const SMOOTHING = 1 / 4;
/** A connection that lasted this long counts as good, whatever ended it. */
const STABLE_CONNECTION_MS = MINUTE_MS;
/** Failure codes kept apart in one record; the codes come from a closed list, and this bound holds even if not. */
const MAX_FAILURE_CODES = 16;

/** An observation of a peer. */
export type Observation =
  /** We begin to dial it. */
  | { readonly kind: 'dialled' }
  /** It could not be reached, or did not finish its handshake. */
  | {
      readonly kind: 'connection-failed';
      readonly code: string;
      /** No other peer was reachable either: the cause is our own connection, not the peer. */
      readonly isolated?: boolean;
      /** See `lost`. */
      readonly misconduct?: boolean;
    }
  | {
      readonly kind: 'handshake';
      readonly services: bigint;
      readonly protocolVersion: number;
      readonly userAgent: string;
      readonly height: number;
    }
  /**
   * A connection that had finished its handshake ended. `ours`: we ended it (rotation, shutdown). `misconduct`: it flooded us, or sent
   * invalid messages.
   */
  | {
      readonly kind: 'lost';
      readonly code: string;
      readonly uptimeMs: number;
      readonly ours: boolean;
      readonly misconduct?: boolean;
    }
  /** Any message from it. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'ping'; readonly rttMs: number }
  /**
   * It announced a block at this height (when known), `lagMs` after the first of our peers to do so. `own`: it had the block from us, so this
   * says nothing about when it hears of blocks.
   */
  | { readonly kind: 'announced'; readonly lagMs: number; readonly height?: number; readonly own?: boolean }
  | { readonly kind: 'broadcast'; readonly status: 'acknowledged' | 'accepted'; readonly proofMs?: number }
  | { readonly kind: 'broadcast'; readonly status: 'already-had' }
  | { readonly kind: 'broadcast'; readonly status: 'failed'; readonly code: string };

/** A record without observations. */
export function newRecord(address: PeerAddress, source: Source, firstSeen: number, lastSeen = firstSeen): PeerRecord {
  return {
    key: keyOf(address),
    host: address.host,
    port: address.port,
    family: address.family,
    group: networkGroup(address),
    protected: false,
    sources: [source],
    firstSeen,
    lastSeen,
    broadcasts: {
      acknowledged: 0,
      accepted: 0,
      alreadyHad: 0,
      failed: {},
      recent: { succeeded: 0, failed: 0 },
      failuresInARow: 0,
    },
    announcements: { count: 0, first: 0 },
    connections: { succeeded: 0, failed: 0 },
    backoff: READY,
  };
}

/** The record after an observation at `now` (ms). `random` is the jitter of a backoff. */
export function observe(record: PeerRecord, seen: Observation, now: number, random: Random): PeerRecord {
  switch (seen.kind) {
    case 'dialled':
      return { ...record, backoff: onDial(record.backoff, now) };
    case 'connection-failed':
      return seen.isolated === true
        ? unreached(record, seen.code, now, random)
        : failedConnection(record, seen.code, seen.misconduct === true, now, random);
    case 'handshake':
      return shookHands(record, seen, now);
    case 'lost':
      return lost(record, seen, now, random);
    case 'alive':
      return { ...record, lastSeen: now };
    case 'ping':
      return { ...record, lastSeen: now, ping: pinged(record.ping, seen.rttMs, now) };
    case 'announced':
      return announced(record, seen, now);
    case 'broadcast':
      return {
        ...record,
        lastSeen: seen.status === 'failed' ? record.lastSeen : now,
        broadcasts: broadcast(record.broadcasts, seen, now),
      };
  }
}

/** Whether the peer has ever finished a handshake with us. */
export function isProven(record: PeerRecord): boolean {
  return record.lastConnected !== undefined;
}

/** Blocks whose delivery the peer proved. */
export function delivered(record: PeerRecord): number {
  return record.broadcasts.acknowledged + record.broadcasts.accepted;
}

/** Blocks that were pushed to the peer and not proven. */
export function undelivered(record: PeerRecord): number {
  return Object.values(record.broadcasts.failed).reduce((sum, count) => sum + count, 0);
}

function smoothed(before: number | undefined, sample: number): number {
  return before === undefined ? sample : before + (sample - before) * SMOOTHING;
}

function failedConnection(
  record: PeerRecord,
  code: string,
  misconduct: boolean,
  now: number,
  random: Random,
): PeerRecord {
  const { connections } = record;
  return {
    ...record,
    connections: { ...connections, failed: connections.failed + 1, lastFailure: { at: now, code } },
    backoff: (misconduct ? onMisconduct : onFailure)(record.backoff, now, random),
  };
}

/** It is retried soon, and does not count as a failure. */
function unreached(record: PeerRecord, code: string, now: number, random: Random): PeerRecord {
  const { connections, backoff } = record;
  return {
    ...record,
    connections: { ...connections, lastFailure: { at: now, code } },
    backoff: onIsolation(backoff, now, random),
  };
}

function shookHands(record: PeerRecord, seen: Extract<Observation, { kind: 'handshake' }>, now: number): PeerRecord {
  return {
    ...record,
    lastSeen: now,
    lastConnected: now,
    services: seen.services,
    protocolVersion: seen.protocolVersion,
    userAgent: userAgentClass(seen.userAgent),
    height: seen.height,
    connections: { ...record.connections, succeeded: record.connections.succeeded + 1 },
    backoff: onHandshake(record.backoff),
  };
}

function lost(
  record: PeerRecord,
  seen: Extract<Observation, { kind: 'lost' }>,
  now: number,
  random: Random,
): PeerRecord {
  const misconduct = seen.misconduct === true;
  const settled = seen.uptimeMs >= STABLE_CONNECTION_MS && !misconduct ? { ...record, backoff: READY } : record;
  return seen.ours ? settled : failedConnection(settled, seen.code, misconduct, now, random);
}

function pinged(before: Ping | undefined, rttMs: number, now: number): Ping {
  const sample = Math.max(0, rttMs);
  return {
    minMs: Math.min(before?.minMs ?? sample, sample),
    smoothedMs: smoothed(before?.smoothedMs, sample),
    at: now,
  };
}

function announced(record: PeerRecord, seen: Extract<Observation, { kind: 'announced' }>, now: number): PeerRecord {
  const { count, first, lagMs } = record.announcements;
  const lag = Math.max(0, seen.lagMs);
  const height = Math.max(record.height ?? 0, seen.height ?? 0);
  const learned = seen.own === true ? record.learned : learn(record.learned, lag);
  return {
    ...record,
    lastSeen: now,
    ...(height > 0 ? { height } : {}),
    announcements: { count: count + 1, first: first + (lag === 0 ? 1 : 0), lagMs: smoothed(lagMs, lag) },
    ...(learned !== undefined && { learned }),
  };
}

function broadcast(before: Broadcasts, seen: Extract<Observation, { kind: 'broadcast' }>, now: number): Broadcasts {
  if (seen.status === 'already-had') return { ...before, alreadyHad: before.alreadyHad + 1, failuresInARow: 0 };
  const { succeeded, failed } = before.recent;
  if (seen.status === 'failed') {
    return {
      ...before,
      failed: countFailure(before.failed, seen.code),
      recent: { succeeded: succeeded * OUTCOME_DECAY, failed: failed * OUTCOME_DECAY + 1 },
      failuresInARow: before.failuresInARow + 1,
      lastAt: now,
    };
  }
  return {
    ...before,
    [seen.status]: before[seen.status] + 1,
    recent: { succeeded: succeeded * OUTCOME_DECAY + 1, failed: failed * OUTCOME_DECAY },
    failuresInARow: 0,
    lastAt: now,
    ...(seen.proofMs === undefined ? {} : { proofMs: smoothed(before.proofMs, Math.max(0, seen.proofMs)) }),
  };
}

function countFailure(counts: Readonly<Record<string, number>>, code: string): Readonly<Record<string, number>> {
  const full = Object.keys(counts).length >= MAX_FAILURE_CODES;
  const label = Object.hasOwn(counts, code) || !full ? code : 'other';
  return { ...counts, [label]: (Object.hasOwn(counts, label) ? (counts[label] ?? 0) : 0) + 1 };
}
