/**
 * The life cycle of what a relay opens: each thing is closed after everything that was opened later, which may use it. A start that
 * fails half-way closes what it has opened by then, a stop closes all.
 */
import { firstValueFrom, merge, type SchedulerLike, Subscription, timer } from 'rxjs';

export class Scope {
  readonly #closers: (() => unknown)[] = [];
  readonly #faults: unknown[] = [];
  #closed: Promise<void> | undefined;

  /** @param close may return a promise, which is awaited; if it fails, the others are called all the same */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** A subscription that ends with the scope, at this place in the order, whatever is added to it later. */
  subscription(): Subscription {
    const subscription = new Subscription();
    this.add(() => subscription.unsubscribe());
    return subscription;
  }

  /** A scope that is closed at this place in the order: for what is opened late, and used by what is opened before it. */
  nested(): Scope {
    const inner = new Scope();
    this.add(async () => this.#faults.push(...(await inner.close())));
    return inner;
  }

  /**
   * Closes everything, one after the other, the last opened first. A further call waits for the first.
   * @returns the errors met
   */
  async close(): Promise<readonly unknown[]> {
    this.#closed ??= this.#closeEach();
    await this.#closed;
    return this.#faults;
  }

  /**
   * As {@link close}, but waits no longer than `ms` milliseconds.
   * @returns the errors met by then
   */
  async closeWithin(ms: number, scheduler: SchedulerLike): Promise<readonly unknown[]> {
    await firstValueFrom(merge(this.close(), timer(ms, scheduler)));
    return [...this.#faults];
  }

  async #closeEach(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        this.#faults.push(error);
      }
    }
  }
}
