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
  /** No wait is longer, breaker or not. */
  readonly maxMs: number;
  /** The share of a wait that is random: 0.5 means between half of it and all of it. */
  readonly jitter: number;
  /** Failures in a row that open the breaker. */
  readonly threshold: number;
  /** The first wait in `open`; it doubles with each failed trial. */
  readonly openMs: number;
  /** A trial that was never reported back is given up after this. */
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
 * Whether the peer may be dialled at `now` (Unix ms). A wait longer than so many failures bring was begun by a clock that has been set
 * back since, and is over.
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

/** To be called as a dial begins: an open breaker whose time is over lets exactly this one through. */
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

/** After a flood or nonsense: the breaker opens at once, and for longer each time, however long the connection had lasted. */
export function onMisconduct(backoff: Backoff, now: number, random: Random, policy: BackoffPolicy = BACKOFF): Backoff {
  const failures = Math.max(backoff.failures, policy.threshold - 1);
  return onFailure({ ...backoff, failures }, now, random, policy);
}

/** After a dial that failed while nobody could be reached: what was known of the peer stays as it was. */
export function onIsolation(backoff: Backoff, now: number, random: Random, policy: BackoffPolicy = BACKOFF): Backoff {
  return {
    state: 'closed',
    failures: backoff.failures,
    retryAt: now + jittered(policy.trialMs, policy.jitter, random),
  };
}

/**
 * After a handshake: the breaker closes, but the failures stay on the account until the connection has lasted, or a peer that
 * shakes hands and hangs up would be redialled for ever.
 */
export function onHandshake(backoff: Backoff): Backoff {
  return { state: 'closed', failures: backoff.failures, retryAt: 0 };
}
