import { exponentialMs, jittered } from '../common/backoff.js';
import { HOUR_MS, MINUTE_MS, type Random, SECOND_MS } from '../time.js';

/**
 * When a peer may be dialled again. A breaker in three states:
 *
 *     closed ──`threshold` failures──► open ──its time is over──► half-open (one dial on trial)
 *        ▲                              ▲                            │
 *        └──────────── success ─────────┼──────── failure ───────────┘
 *
 * In `closed` each failure already doubles the wait; `open` is the long one. A value, so that it is saved with the peer.
 */
export type Backoff =
  | { readonly state: 'closed'; readonly failures: number; readonly retryAt: number }
  | { readonly state: 'open'; readonly failures: number; readonly retryAt: number }
  | { readonly state: 'half-open'; readonly failures: number; readonly retryAt: number };

export interface BackoffPolicy {
  /** The wait after the first failure, before jitter. */
  readonly baseMs: number;
  /** The longest wait, with or without an open breaker. */
  readonly maxMs: number;
  /** The random share of a wait: 0.5 means between half of it and all of it. */
  readonly jitter: number;
  /** Failures in a row that open the breaker. */
  readonly threshold: number;
  /** The first wait in `open`; it doubles with each failed trial. */
  readonly openMs: number;
  /** A trial without a reported result ends after this time. */
  readonly trialMs: number;
}

export const BACKOFF: BackoffPolicy = {
  baseMs: 10 * SECOND_MS,
  maxMs: 6 * HOUR_MS,
  jitter: 0.5,
  threshold: 5,
  openMs: 15 * MINUTE_MS,
  trialMs: MINUTE_MS,
};

export const READY: Backoff = { state: 'closed', failures: 0, retryAt: 0 };

/**
 * Whether the peer may be dialled at `now` (Unix ms). A wait longer than this number of failures allows was started before the clock was
 * set back, and is over.
 */
export function mayDial(backoff: Backoff, now: number, policy: BackoffPolicy = BACKOFF): boolean {
  const longest = Math.max(policy.trialMs, waitAfter(backoff.failures, policy));
  return now >= backoff.retryAt || backoff.retryAt - now > longest;
}

/** Before jitter. */
function waitAfter(failures: number, { threshold, openMs, baseMs, maxMs }: BackoffPolicy): number {
  return failures >= threshold
    ? exponentialMs(openMs, maxMs, failures - threshold)
    : exponentialMs(baseMs, maxMs, failures - 1);
}

/** Call it when a dial begins: an open breaker whose time is over lets exactly this one through. */
export function onDial(backoff: Backoff, now: number, policy: BackoffPolicy = BACKOFF): Backoff {
  if (backoff.state === 'closed') return backoff;
  return { state: 'half-open', failures: backoff.failures, retryAt: now + policy.trialMs };
}

/** After a failed dial, handshake or short-lived connection. */
export function onFailure(backoff: Backoff, now: number, random: Random, policy: BackoffPolicy = BACKOFF): Backoff {
  const failures = backoff.failures + 1;
  const open = failures >= policy.threshold;
  const waitMs = jittered(waitAfter(failures, policy), policy.jitter, random);
  return { state: open ? 'open' : 'closed', failures, retryAt: now + waitMs };
}

/** After a flood or invalid messages: the breaker opens at once, and for longer each time, however long the connection lasted. */
export function onMisconduct(backoff: Backoff, now: number, random: Random, policy: BackoffPolicy = BACKOFF): Backoff {
  const failures = Math.max(backoff.failures, policy.threshold - 1);
  return onFailure({ ...backoff, failures }, now, random, policy);
}

/** After a dial that failed while no peer was reachable: the peer's state does not change. */
export function onIsolation(backoff: Backoff, now: number, random: Random, policy: BackoffPolicy = BACKOFF): Backoff {
  return {
    state: 'closed',
    failures: backoff.failures,
    retryAt: now + jittered(policy.trialMs, policy.jitter, random),
  };
}

/**
 * After a handshake: the breaker closes, but the failures still count until the connection has lasted: otherwise a peer that hangs up after
 * each handshake would be redialled for ever.
 */
export function onHandshake(backoff: Backoff): Backoff {
  return { state: 'closed', failures: backoff.failures, retryAt: 0 };
}
