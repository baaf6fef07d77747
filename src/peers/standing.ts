/**
 * Why a peer is not dialled: the one list of reasons, for the selection, the log and `peers explain`. What was remembered of a peer is
 * no reason for ever: with too few peers connected the configured, the proven and the slow ones are tried every minute all the same,
 * and with nobody connected all are ({@link mayRetry}).
 */
import { fill } from '../messages/fill.js';
import { BARRED } from '../messages/peers.js';
import { SECOND_MS } from '../time.js';
import { type Backoff, mayDial } from './backoff.js';
import { FITNESS, type FitnessContext, type FitnessLimits, unfitness } from './fitness.js';
import type { SkipCode } from './plan.js';
import { isProven, type PeerRecord } from './record.js';

export interface Bar {
  readonly code: Exclude<SkipCode, 'unreachable-family'>;
  /** For people. */
  readonly text: string;
}

/** With the reviews of refresh.ts every 5 s and the wait for a turn, this is under a minute. */
const RETRY_AFTER_MS = 45 * SECOND_MS;

/** Why a peer is not dialled at `now` (Unix ms). @returns undefined when nothing does */
export function barOf(
  record: PeerRecord,
  now: number,
  context: FitnessContext = {},
  limits: FitnessLimits = FITNESS,
): Bar | undefined {
  const { backoff } = record;
  if (!mayDial(backoff, now)) {
    return { code: backoff.state === 'closed' ? 'backoff' : 'breaker-open', text: waitOf(record, backoff, now) };
  }
  return unfitness(record, now, context, limits);
}

function waitOf({ connections: { lastFailure } }: PeerRecord, { failures, retryAt }: Backoff, now: number): string {
  return fill(BARRED.backoff, {
    failures: failures === 1 ? '1 failure' : `${failures} failures`,
    code: lastFailure?.code,
    seconds: Math.ceil((retryAt - now) / SECOND_MS),
  });
}

/** The operator named it. */
export function isConfigured(record: PeerRecord): boolean {
  return record.sources.includes('configured');
}

/** Whether a peer that is barred for a reason may be tried while too few are connected: `none`, when nobody is. */
export function mayRetry(record: PeerRecord, { code }: Bar, now: number, connected: 'few' | 'none'): boolean {
  const lastAt = record.connections.lastFailure?.at ?? 0;
  // A failure in the future was noted before the clock was set back.
  if (now >= lastAt && now - lastAt < RETRY_AFTER_MS) return false;
  // A slow peer is better than none, and may have been slow once.
  return connected === 'none' || code === 'slow' || isConfigured(record) || isProven(record);
}
