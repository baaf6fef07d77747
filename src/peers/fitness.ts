import { fill } from '../messages/fill.js';
import { UNFIT, type UnfitCode } from '../messages/peers.js';
import { HOUR_MS } from '../time.js';
import type { PeerRecord } from './record.js';

/** What a peer must fulfil to be worth a slot, whatever its score. */
export interface FitnessLimits {
  /** A peer this many blocks behind our tip cannot use a new block. */
  readonly maxBlocksBehind: number;
  /** Failed broadcasts in a row. */
  readonly maxFailuresInARow: number;
  /** A smoothed ping (ms) under this is never slow... */
  readonly slowPingMs: number;
  /** The same for an onion peer, six relays away. */
  readonly slowOnionPingMs: number;
  /** ...and above it only beyond this multiple of the median of our peers: if all are slow, our own connection is the cause. */
  readonly slowPingFactor: number;
  /** Faults older than this (ms) do not count, so that a peer gets another chance. */
  readonly memoryMs: number;
}

export const FITNESS: FitnessLimits = {
  maxBlocksBehind: 3,
  maxFailuresInARow: 2,
  slowPingMs: 500,
  slowOnionPingMs: 3_000,
  slowPingFactor: 3,
  memoryMs: HOUR_MS,
};

/** What a peer is compared with. */
export interface FitnessContext {
  /** Absent while it is not known: then no peer counts as behind. */
  readonly tipHeight?: number;
  /** Median of the smoothed pings of live peers, ms. */
  readonly medianPingMs?: number;
}

export type Unfitness = {
  readonly code: UnfitCode;
  readonly text: string;
};

type RememberedUnfitness = Unfitness & { readonly code: Exclude<Unfitness['code'], 'behind'> };

/** Service bit NETWORK: serves the whole chain. Source: Dash Core `protocol.h`. */
export const NODE_NETWORK = 1n;

/**
 * Why a connected peer is not worth its slot at `now` (ms). Its height counts, since it is current; the height of a past connection does
 * not. @returns undefined when it is, or when nothing is known against it
 */
export function liveUnfitness(
  record: PeerRecord,
  now: number,
  context: FitnessContext,
  limits: FitnessLimits = FITNESS,
): Unfitness | undefined {
  const behind = blocksBehind(record, context);
  if (behind > limits.maxBlocksBehind) return { code: 'behind', text: fill(UNFIT.behind, { blocks: behind }) };
  return unfitness(record, now, context, limits);
}

/** Why a peer is not worth a slot at `now` (ms), by its record. @returns undefined when nothing is known against it */
export function unfitness(
  record: PeerRecord,
  now: number,
  context: FitnessContext,
  limits: FitnessLimits = FITNESS,
): RememberedUnfitness | undefined {
  const { services, broadcasts, ping, sources } = record;
  if (services !== undefined && (services & NODE_NETWORK) === 0n) {
    return { code: 'no-network-service', text: UNFIT['no-network-service'] };
  }
  if (broadcasts.failuresInARow >= limits.maxFailuresInARow && isRecent(broadcasts.lastAt ?? 0, now, limits)) {
    return {
      code: 'failing',
      text: fill(UNFIT.failing, { blocks: broadcasts.failuresInARow }),
    };
  }
  // One slow ping on a busy machine would exclude a configured peer for an hour; the configuration takes precedence.
  if (sources.includes('configured')) return undefined;
  const least = record.family === 'onion' ? limits.slowOnionPingMs : limits.slowPingMs;
  const slowMs = Math.max(least, limits.slowPingFactor * (context.medianPingMs ?? 0));
  if (ping !== undefined && ping.smoothedMs > slowMs && isRecent(ping.at, now, limits)) {
    return { code: 'slow', text: fill(UNFIT.slow, { ms: Math.round(ping.smoothedMs), max: Math.round(slowMs) }) };
  }
  return undefined;
}

/** A date in the future comes from a clock that was set back, and does not count. */
function isRecent(at: number, now: number, { memoryMs }: FitnessLimits): boolean {
  return Math.abs(now - at) < memoryMs;
}

function blocksBehind({ height }: PeerRecord, { tipHeight }: FitnessContext): number {
  return tipHeight === undefined || height === undefined ? 0 : tipHeight - height;
}

/**
 * Whether a live peer counts as a broadcast target: it completed its handshake (and so is on our network), serves the chain and
 * is near our tip. Until then it holds a slot but does not count towards the minimum.
 */
export function isTarget(
  record: PeerRecord,
  ready: boolean,
  context: FitnessContext,
  limits: FitnessLimits = FITNESS,
): boolean {
  if (!ready || record.services === undefined || (record.services & NODE_NETWORK) === 0n) return false;
  const { tipHeight } = context;
  return tipHeight === undefined || tipHeight - (record.height ?? 0) <= limits.maxBlocksBehind;
}
