/** Token buckets, as values: a bucket is replaced, never changed. Time is what the caller says it is. */
import { SECOND_MS } from '../time.js';

/** How much may be taken: a burst at once, and so much more each second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Bucket {
  /** Tokens at the time `at`. More than the burst when tokens were added. */
  readonly left: number;
  /** Milliseconds, on the clock of who uses the bucket. */
  readonly at: number;
}

/** A full bucket. */
export function fullBucket({ burst }: Rate, now: number): Bucket {
  return { left: burst, at: now };
}

/** Tokens at `now`. Time fills a bucket up to its burst; a clock that was set back fills nothing. */
export function tokensIn({ left, at }: Bucket, { burst, perSecond }: Rate, now: number): number {
  const refill = (Math.max(0, now - at) / SECOND_MS) * perSecond;
  return Math.max(left, Math.min(burst, left + refill));
}

/** Takes all of `count` tokens, or none. @returns undefined when there are fewer */
export function take(bucket: Bucket, count: number, rate: Rate, now: number): Bucket | undefined {
  const left = tokensIn(bucket, rate, now) - count;
  return left < 0 ? undefined : { left, at: now };
}
