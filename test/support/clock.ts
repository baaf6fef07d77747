import type { Clock } from '../../src/time.js';

/** A clock whose two readings agree, for whatever does not care for jumps. @param now milliseconds, read anew each time */
export function clockAt(now: number | (() => number)): Clock {
  const read = typeof now === 'number' ? () => now : now;
  return { now: read, monotonic: read };
}

/** A clock by hand. Its monotonic origin is not its wall clock's: code that mixes the two is years off. */
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

  /** Time goes by. */
  pass(ms: number): void {
    this.wall += ms;
    this.elapsed += ms;
  }

  /** Somebody sets the wall clock, ahead or back; or, ahead, the machine was suspended. */
  set(byMs: number): void {
    this.wall += byMs;
  }
}
