/**
 * Drives an engine whose events run code with promises. After an event that touched such code all promises settle before the next event,
 * in one turn of the real event loop; so the order of everything follows from the engine alone, and is the same in each run. What is
 * awaited must settle by events of the engine: real sockets, files and timers would make the order a matter of chance.
 */
import { setImmediate as realTurn } from 'node:timers/promises';
import { type Engine, MICROS_PER_MS } from '../engine.js';

/** Called after each event, when its promises have settled. @param touched whether the event ran code of a relay's */
export type AfterEvent = (touched: boolean) => void;

export class Driver {
  private readonly checks = new Set<AfterEvent>();
  private touched = false;

  constructor(readonly engine: Engine) {}

  /** Says that code ran which may have settled promises. */
  readonly touch = (): void => {
    this.touched = true;
  };

  /** @returns a function that ends it */
  afterEach(check: AfterEvent): () => void {
    this.checks.add(check);
    return () => {
      this.checks.delete(check);
    };
  }

  /** Runs all events of the next `ms` milliseconds. @throws what an event throws, or a check */
  async run(ms: number): Promise<void> {
    const until = this.engine.now + ms * MICROS_PER_MS;
    await this.runUntil(() => false, until);
  }

  /**
   * Runs events until a condition holds, which is looked at after each event.
   * @returns false when it did not hold within `ms` milliseconds
   */
  async until(holds: () => boolean, ms: number): Promise<boolean> {
    return await this.runUntil(holds, this.engine.now + ms * MICROS_PER_MS);
  }

  /** Runs events until a promise has settled, which must come of them. @throws what it rejects with; Error when that takes over `ms` */
  async settled<T>(promise: Promise<T>, ms: number): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    this.touch();
    if (!(await this.until(() => isSettled, ms))) throw new Error(`not settled within ${ms} ms of virtual time`);
    return await promise;
  }

  private async runUntil(holds: () => boolean, until: number): Promise<boolean> {
    if (this.touched) await this.settle();
    while (!holds()) {
      const { next } = this.engine;
      if (next === undefined || next > until) {
        this.engine.run(until);
        return false;
      }
      this.engine.step();
      const { touched } = this;
      if (touched) await this.settle();
      for (const check of this.checks) check(touched);
    }
    return true;
  }

  /** Node runs the callback of `setImmediate` once no microtask is left. */
  private async settle(): Promise<void> {
    this.touched = false;
    await realTurn();
  }
}
