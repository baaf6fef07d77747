import type { Clock } from '../../src/time.js';

/** A clock whose wall and monotonic time are the same, for tests without clock changes. @param now ms, read at each call */
export function clockAt(now: number | (() => number)): Clock {
  const read = typeof now === 'number' ? () => now : now;
  return { now: read, monotonic: read };
}

/** A clock that the test moves. Its monotonic time has another origin than its wall clock, so that code which mixes the two is years off. */
export class TestClock implements Clock {
  private elapsed = 0;

  /** @param wall where the wall clock begins, Unix ms */
  constructor(private wall: number) {}

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.elapsed;
  }

  /** Moves both clocks. */
  pass(ms: number): void {
    this.wall += ms;
    this.elapsed += ms;
  }

  /** Sets the wall clock ahead or back. Ahead is also what a suspended machine looks like. */
  set(byMs: number): void {
    this.wall += byMs;
  }
}
