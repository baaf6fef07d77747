/** A scheduler and clocks that a test moves. */
import assert from 'node:assert/strict';
import { type SchedulerLike, VirtualAction, VirtualTimeScheduler } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Clock } from '../../src/time.js';

export const START = 1_794_000_000_000;

/** Runs a marble test. A frame is 1 ms, for the clock too. */
export function marbles(run: (helpers: RunHelpers & { scheduler: TestScheduler; clock: Clock }) => void): void {
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  const clock = { now: () => scheduler.now(), monotonic: () => scheduler.now() };
  scheduler.run((helpers) => run({ ...helpers, scheduler, clock }));
}

/** Lets all promises that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A scheduler and a clock with the same time, for tests with promises, which marble tests do not support. */
export class Time {
  private readonly virtual = new VirtualTimeScheduler(VirtualAction, Number.POSITIVE_INFINITY);
  readonly scheduler: SchedulerLike = this.virtual;
  private wallAheadMs = 0;
  private stoppedMs = 0;
  /** The monotonic clock has another origin, so that code which mixes the two is years off. */
  readonly clock: Clock = {
    now: () => START + this.wallAheadMs + this.stoppedMs + this.virtual.frame,
    monotonic: () => this.stoppedMs + this.virtual.frame,
  };

  /** Milliseconds since the start. */
  get now(): number {
    return this.virtual.frame;
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.virtual.actions.filter(({ closed }) => !closed).length;
  }

  /** Sets the wall clock ahead, or back where negative. Ahead is also what a suspended machine looks like: Linux' monotonic clock does not count that time. */
  setClock(byMs: number): void {
    this.wallAheadMs += byMs;
  }

  /** Stops the process for a while: both clocks go on, and no timer fires. */
  stop(ms: number): void {
    this.stoppedMs += ms;
  }

  /** Fires the timers that are due within `ms`, in order, and lets promises settle after each. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (let next = this.nextDue(); next !== undefined && next <= until; next = this.nextDue()) {
      this.virtual.maxFrames = next;
      this.virtual.flush();
      await settled();
    }
    this.virtual.frame = until;
  }

  private nextDue(): number | undefined {
    return this.virtual.actions.filter(({ closed }) => !closed)[0]?.delay;
  }
}
