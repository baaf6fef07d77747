/**
 * A token bucket that allows at most `max` messages in any hour. The bucket holds half of them, for a burst, and refills with the other half
 * within the hour; a bucket that held all of them would allow twice as many in an hour.
 *
 * Kept as one time, the one at which the bucket will be full again, less one token (the generic cell rate algorithm, ITU-T I.371).
 */
import { HOUR_MS } from '../../time.js';

export class Allowance {
  private capacity = 1;
  private intervalMs = HOUR_MS;
  private fullAt = Number.NEGATIVE_INFINITY;

  /** @param max messages in any hour, 1 or more */
  constructor(max: number) {
    this.resize(max);
  }

  /** Changes the limit; tokens that were taken remain taken. */
  resize(max: number): void {
    this.capacity = Math.ceil(max / 2);
    this.intervalMs = HOUR_MS / (max - this.capacity + 1);
  }

  /** The capacity of the bucket, tokens. */
  get size(): number {
    return this.capacity;
  }

  /**
   * How long until a token may be taken so that `keep` are left: 0 when it may be now, never more than it takes to fill the bucket.
   * @param keep less than {@link size}
   */
  waitMs(now: number, keep = 0): number {
    return Math.max(0, this.fullAt - (this.capacity - 1 - keep) * this.intervalMs - now);
  }

  take(now: number): void {
    this.fullAt = Math.max(this.fullAt, now) + this.intervalMs;
  }
}
