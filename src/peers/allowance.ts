import { BoundedMap } from '../common/bounded.js';
import { type Bucket, fullBucket, type Rate, tokensIn } from '../common/token-bucket.js';

/** A token bucket per name. A bucket that is full again is removed, so memory is bounded by the recently active names. */
export class Allowances {
  readonly #buckets: BoundedMap<string, Bucket>;

  /**
   * @param rate a newcomer's bucket is full
   * @param capacity names kept at most; the one longest unused is removed first
   */
  constructor(
    private readonly rate: Rate,
    capacity: number,
  ) {
    this.#buckets = new BoundedMap(capacity);
  }

  /** Takes up to `wanted` whole tokens at `now` (ms). @returns how many were granted */
  take(name: string, wanted: number, now: number): number {
    const bucket = this.#buckets.get(name) ?? fullBucket(this.rate, now);
    const tokens = tokensIn(bucket, this.rate, now);
    const granted = Math.max(0, Math.min(wanted, Math.floor(tokens)));
    this.#buckets.renew(name, { left: tokens - granted, at: now });
    this.#removeFull(now);
    return granted;
  }

  #removeFull(now: number): void {
    for (const [name, bucket] of this.#buckets) {
      if (tokensIn(bucket, this.rate, now) < this.rate.burst) break;
      this.#buckets.delete(name);
    }
  }
}
