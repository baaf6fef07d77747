/**
 * Virtual time: actions run in the order of their times, those of one time in the order in which they were scheduled. Time is an
 * integer number of microseconds, so that sums of delays are exact and the same on every machine.
 */
import { EventQueue } from './event-queue.js';

/** Microseconds of virtual time since the start of the run; an integer. */
export type Micros = number;

export const MICROS_PER_MS = 1_000;

/** What is scheduled. Frequent events are classes of their own, which an engine takes by `post` without a closure for each. */
export abstract class EngineEvent {
  /** Set by the engine. */
  time: Micros = 0;
  isCancelled = false;

  abstract run(): void;
}

class Action extends EngineEvent {
  constructor(readonly run: () => void) {
    super();
  }
}

export type Cancel = () => void;

export class Engine {
  private readonly queue = new EventQueue<EngineEvent>();
  private time: Micros = 0;
  /** Until when actions are being run. */
  private end: Micros = 0;

  get now(): Micros {
    return this.time;
  }

  /** @param time fractions of a microsecond are rounded; a time that has passed counts as now */
  at(time: Micros, action: () => void): Cancel {
    const event = new Action(action);
    this.post(time, event);
    return () => {
      event.isCancelled = true;
    };
  }

  after(delay: Micros, action: () => void): Cancel {
    return this.at(this.time + delay, action);
  }

  /** As `at`. @param event not scheduled now; it may be posted again once it runs */
  post(time: Micros, event: EngineEvent): void {
    event.time = Math.max(this.time, Math.round(time));
    this.queue.push(event.time, event);
  }

  /** Stands at a later time if nothing is due until then, that time included, so that what runs may go on as if it had been scheduled. */
  isFreeUntil(time: Micros): boolean {
    if (this.queue.nextTime <= time || time > this.end) return false;
    this.time = time;
    return true;
  }

  /** Actions that wait, those included that were cancelled and whose time has not come. */
  get pending(): number {
    return this.queue.length;
  }

  /** When the next action is due; undefined when there is none. */
  get next(): Micros | undefined {
    let first = this.queue.peek();
    while (first?.isCancelled === true) {
      this.queue.pop();
      first = this.queue.peek();
    }
    return first?.time;
  }

  /** Runs the next action. @returns false when there is none */
  step(): boolean {
    if (this.next === undefined) return false;
    this.end = 0;
    this.runFirst();
    return true;
  }

  /** Runs all actions up to a time, that one included, and stands at it then; without one, until no action is left. */
  run(until: Micros = Number.POSITIVE_INFINITY): void {
    this.end = until;
    while (this.queue.length > 0 && this.queue.nextTime <= until) this.runFirst();
    if (Number.isFinite(until)) this.time = Math.max(this.time, until);
  }

  private runFirst(): void {
    const event = this.queue.pop();
    if (event === undefined || event.isCancelled) return;
    this.time = event.time;
    event.run();
  }
}
