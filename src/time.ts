/**
 * The two ports through which the outside world's whims come in. Whatever decides takes `now` as a value or one of these as
 * an argument, so that a test can run a day in a millisecond and repeat it exactly.
 */

/** Reads time. Implemented by `adapters/system.ts` and, in tests, by `test/support/clock.ts`. */
export interface Clock {
  /**
   * The wall clock, milliseconds since the Unix epoch. For points in time only (`at`, `last_seen`, what is signed): it jumps when
   * somebody sets it, so the difference of two readings is no duration.
   */
  now(): number;
  /** Milliseconds, with fractions, from an arbitrary origin; never runs backwards, whatever the wall clock does. For durations. */
  monotonic(): number;
}

/** A moment by both clocks. */
export interface Moment {
  /** Unix ms. */
  readonly at: number;
  /** Milliseconds on the monotonic clock. */
  readonly monotonicAt: number;
}

export function momentOf(clock: Clock): Moment {
  return { at: clock.now(), monotonicAt: clock.monotonic() };
}

/**
 * When a moment of this process was, Unix ms, by the wall clock as it goes now: one that was set since dates it otherwise than the clock
 * before. Time for which the machine was suspended is not seen to pass (see Clock), and then counts as a clock that was set.
 */
export function dated({ at, monotonicAt }: Moment, clock: Clock): number {
  const byThisClock = clock.now() - (clock.monotonic() - monotonicAt);
  return Math.abs(byThisClock - at) > SECOND_MS ? byThisClock : at;
}

/** A source of randomness. Not for secrets: nonces, jitter and shuffles. */
export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** An unsigned 64-bit integer. */
  u64(): bigint;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
