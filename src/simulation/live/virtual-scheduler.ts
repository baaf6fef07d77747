/** The timers of Node and RxJS in virtual time. */
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { Timers } from '../../simulated/timers.js';
import { type Cancel, type Engine, MICROS_PER_MS, type Micros } from '../engine.js';

/** Runs an action of a process, unless the process has ended. */
export type Enter = (action: () => void) => void;

/** `setTimeout` counts whole milliseconds, at least one; what it cannot count is one as well. Source: Node `lib/internal/timers.js`. */
const LONGEST_MS = 2 ** 31 - 1;

function timerMicros(ms: number): Micros {
  return (ms >= 1 && ms <= LONGEST_MS ? Math.trunc(ms) : 1) * MICROS_PER_MS;
}

/** For what is not a timer of Node: a disk, a kernel. */
export function exactMicros(ms: number): Micros {
  return Math.round(ms * MICROS_PER_MS);
}

/**
 * RxJS's `asyncScheduler` in virtual time. As there, an action may schedule itself again while it runs, one that is scheduled again before
 * it ran runs once, and one without delay runs after 1 ms, as `setInterval` does.
 */
export class VirtualScheduler implements SchedulerLike {
  constructor(
    private readonly engine: Engine,
    private readonly wallClock: () => number,
    private readonly enter: Enter,
    private readonly micros: (ms: number) => Micros = timerMicros,
  ) {}

  now(): number {
    return this.wallClock();
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T): Subscription {
    const after = (ms: number, run: () => void): Cancel => this.engine.after(this.micros(ms), () => this.enter(run));
    return new VirtualAction(after, work).schedule(state, delay);
  }
}

class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  private cancel: Cancel | undefined;

  constructor(
    private readonly after: (ms: number, run: () => void) => Cancel,
    private readonly work: (this: SchedulerAction<T>, state?: T) => void,
  ) {
    super(() => this.cancel?.());
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.cancel?.();
    this.cancel = this.after(delay, () => this.run(state));
    return this;
  }

  private run(state: T | undefined): void {
    // A process that was stopped runs what was due later, and what ran before may have cancelled this.
    if (!this.closed) this.work(state);
  }
}

/** The delays of simulated nodes, exact to the microsecond. */
export function virtualTimers(engine: Engine): Timers {
  return { after: (ms, action) => engine.after(ms * MICROS_PER_MS, action) };
}
