/**
 * How many messages may go out: a token bucket with a promise: in no hour, whenever it begins, are there more than `max`. So the bucket
 * holds half of them, for a burst, and the other half trickles in; were it to hold all and be refilled within the hour, a bad
 * hour could bring twice as many.
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

  /** From now on it is so many; what has been taken remains taken. */
  resize(max: number): void {
    this.capacity = Math.ceil(max / 2);
    this.intervalMs = HOUR_MS / (max - this.capacity + 1);
  }

  /** How many tokens the bucket holds when it is full. */
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
