/**
 * The two ports through which the outside world's whims come in. Whatever decides takes `now` as a value or one of these as
 * an argument, so that a test can run a day in a millisecond and repeat it exactly.
 */

/** Reads time. Implemented by `adapters/system.ts` and, in tests, by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch, with fractions, never running backwards. */
  now(): number;
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
