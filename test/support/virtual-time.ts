/** A scheduler and clocks that a test moves. */
import assert from 'node:assert/strict';
import { type SchedulerLike, VirtualAction, VirtualTimeScheduler } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Clock } from '../../src/time.js';

export const START = 1_794_000_000_000;

/** Runs marbles against marbles; a frame is a millisecond, for the clock too. */
export function marbles(run: (helpers: RunHelpers & { scheduler: TestScheduler; clock: Clock }) => void): void {
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  const clock = { now: () => scheduler.now(), monotonic: () => scheduler.now() };
  scheduler.run((helpers) => run({ ...helpers, scheduler, clock }));
}

/** Lets all promises that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A scheduler and a clock that agree, for what marbles cannot have: promises. */
export class Time {
  private readonly virtual = new VirtualTimeScheduler(VirtualAction, Number.POSITIVE_INFINITY);
  readonly scheduler: SchedulerLike = this.virtual;
  private wallAheadMs = 0;
  private stoppedMs = 0;
  /** The monotonic clock has another origin: code that mixes the two is years off. */
  readonly clock: Clock = {
    now: () => START + this.wallAheadMs + this.stoppedMs + this.virtual.frame,
    monotonic: () => this.stoppedMs + this.virtual.frame,
  };

  /** Milliseconds since the start. */
  get now(): number {
    return this.virtual.frame;
  }

  /** Timers that are still to fire: none may be left when all is over. */
  get pending(): number {
    return this.virtual.actions.filter(({ closed }) => !closed).length;
  }

  /** Somebody sets the wall clock ahead, or, by less than nothing, back; or the machine is suspended, which Linux' monotonic clock does not count. */
  setClock(byMs: number): void {
    this.wallAheadMs += byMs;
  }

  /** The process does not run for a while: both clocks go on, and no timer fires. */
  stop(ms: number): void {
    this.stoppedMs += ms;
  }

  /** Fires, in order, what is due within `ms`, and lets promises settle after each. */
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
