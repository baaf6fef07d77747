import { fill } from '../messages/fill.js';
import { UNFIT, type UnfitCode } from '../messages/peers.js';
import { HOUR_MS } from '../time.js';
import type { PeerRecord } from './record.js';

/** What a peer must be able to do to be worth a slot, whatever its score. */
export interface FitnessLimits {
  /** A peer this many blocks behind our tip cannot use a new block. */
  readonly maxBlocksBehind: number;
  /** Broadcasts failed in a row. */
  readonly maxFailuresInARow: number;
  /** A smoothed ping (ms) under this is never slow... */
  readonly slowPingMs: number;
  /** ...and above it only beyond this many times the median of our peers: where all are slow, the line is ours. */
  readonly slowPingFactor: number;
  /** Bad marks older than this (ms) are forgotten, so that a peer gets another chance. */
  readonly memoryMs: number;
}

export const FITNESS: FitnessLimits = {
  maxBlocksBehind: 3,
  maxFailuresInARow: 2,
  slowPingMs: 500,
  slowPingFactor: 3,
  memoryMs: HOUR_MS,
};

/** What the others are like. */
export interface FitnessContext {
  /** Absent while we do not know it: then nobody is behind. */
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
 * Why a peer that is connected is not worth its slot at `now` (ms). Its height counts: it is what the peer shows now, unlike the
 * height of a connection that is over, which says nothing of where the peer is today.
 * @returns undefined when it is, or when nothing is known against it
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

/** Why a peer is not worth a slot at `now` (ms), by what is remembered of it. @returns undefined when nothing is known against it */
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
  // One ping on a busy machine would exclude for an hour a peer that the operator configured; the configuration outweighs it.
  if (sources.includes('configured')) return undefined;
  const slowMs = Math.max(limits.slowPingMs, limits.slowPingFactor * (context.medianPingMs ?? 0));
  if (ping !== undefined && ping.smoothedMs > slowMs && isRecent(ping.at, now, limits)) {
    return { code: 'slow', text: fill(UNFIT.slow, { ms: Math.round(ping.smoothedMs), max: Math.round(slowMs) }) };
  }
  return undefined;
}

/** Of a clock that has been set back since, a date that lies ahead says nothing. */
function isRecent(at: number, now: number, { memoryMs }: FitnessLimits): boolean {
  return Math.abs(now - at) < memoryMs;
}

function blocksBehind({ height }: PeerRecord, { tipHeight }: FitnessContext): number {
  return tipHeight === undefined || height === undefined ? 0 : tipHeight - height;
}

/**
 * Whether a live peer counts as a broadcast target: it shook hands (on our network, or it would not have), serves the chain and
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
