import { SECOND_MS } from '../time.js';

/** What closes slower than this is left to the end of the process. */
const CLOSE_MS = 5 * SECOND_MS;

/** What a start has opened so far: closed in reverse order when the start fails half-way. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  /** @param close may be called for what is closed already; one that fails keeps no other from being called */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /**
   * Closes all, each after the one before, for 5 s at most.
   * @returns what went wrong meanwhile
   */
  async close(): Promise<readonly unknown[]> {
    const faults: unknown[] = [];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => resolve(), CLOSE_MS);
    });
    await Promise.race([late, this.#closeEach(faults)]);
    clearTimeout(timer);
    return faults;
  }

  async #closeEach(faults: unknown[]): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        faults.push(error);
      }
    }
  }
}
