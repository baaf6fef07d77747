import { SECOND_MS } from '../time.js';

/** A token bucket per name. What is full again is forgotten, so the memory is bounded by who spoke lately. */
export class Allowances {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /**
   * @param burst the most that can be saved up, and what a newcomer starts with
   * @param perSecond how fast it refills
   * @param capacity names kept at most; the one longest unused is forgotten first
   */
  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly capacity: number,
  ) {}

  /** Takes up to `wanted` whole tokens at `now` (ms). @returns how many were granted */
  take(name: string, wanted: number, now: number): number {
    const tokens = this.#refilled(name, now);
    const granted = Math.max(0, Math.min(wanted, Math.floor(tokens)));
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: tokens - granted, at: now });
    this.#forget(now);
    return granted;
  }

  #refilled(name: string, now: number): number {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return this.burst;
    return Math.min(this.burst, bucket.tokens + (Math.max(0, now - bucket.at) / SECOND_MS) * this.perSecond);
  }

  #forget(now: number): void {
    for (const [name] of this.#buckets) {
      if (this.#buckets.size <= this.capacity && this.#refilled(name, now) < this.burst) break;
      this.#buckets.delete(name);
    }
  }
}
