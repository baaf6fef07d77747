/**
 * Virtual time: actions run in the order of their times, those of one time in the order in which they were scheduled. Time is an
 * integer number of microseconds, so that sums of delays are exact and the same on every machine.
 */
import TinyQueue from 'tinyqueue';

/** Microseconds of virtual time since the start of the run; an integer. */
export type Micros = number;

export const MICROS_PER_MS = 1_000;

interface Scheduled {
  readonly time: Micros;
  readonly order: number;
  /** Undefined once cancelled or run. */
  action: (() => void) | undefined;
}

export type Cancel = () => void;

export class Engine {
  private readonly queue = new TinyQueue<Scheduled>([], (a, b) => a.time - b.time || a.order - b.order);
  private time: Micros = 0;
  private scheduled = 0;

  get now(): Micros {
    return this.time;
  }

  /** @param time fractions of a microsecond are rounded; a time that has passed counts as now */
  at(time: Micros, action: () => void): Cancel {
    const event: Scheduled = { time: Math.max(this.time, Math.round(time)), order: this.scheduled++, action };
    this.queue.push(event);
    return () => {
      event.action = undefined;
    };
  }

  after(delay: Micros, action: () => void): Cancel {
    return this.at(this.time + delay, action);
  }

  /** When the next action is due; undefined when there is none. */
  get next(): Micros | undefined {
    while (this.queue.peek()?.action === undefined && this.queue.length > 0) this.queue.pop();
    return this.queue.peek()?.time;
  }

  /** Runs the next action. @returns false when there is none */
  step(): boolean {
    if (this.next === undefined) return false;
    const event = this.queue.pop();
    if (event?.action === undefined) return false;
    const { action } = event;
    event.action = undefined;
    this.time = event.time;
    action();
    return true;
  }

  /** Runs all actions up to a time, that one included, and stands at it then; without one, until no action is left. */
  run(until: Micros = Number.POSITIVE_INFINITY): void {
    for (let next = this.next; next !== undefined && next <= until; next = this.next) this.step();
    if (Number.isFinite(until)) this.time = Math.max(this.time, until);
  }
}
