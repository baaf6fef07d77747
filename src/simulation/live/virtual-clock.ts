import type { Clock } from '../../time.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';

/** When each run begins by the wall clocks, Unix ms: in November 2026. */
export const RUN_STARTS_AT = 1_794_000_000_000;

/** The clocks of one machine in virtual time. Both have the resolution of those of Node: the wall clock's is 1 ms. */
export class VirtualClock implements Clock {
  private aheadMs = 0;

  constructor(private readonly engine: Engine) {}

  now(): number {
    return RUN_STARTS_AT + this.aheadMs + Math.floor(this.engine.now / MICROS_PER_MS);
  }

  /** Counts from the start of the run, so that code which mixes the two clocks is years off. */
  monotonic(): number {
    return this.engine.now / MICROS_PER_MS;
  }

  /** Somebody sets the wall clock: ahead by so many milliseconds, or back where negative. */
  jump(ms: number): void {
    this.aheadMs += Math.round(ms);
  }
}
