/** Items by rank, the best first. Building it is O(n) and taking one O(log n): of 20,000 candidates a few dozen are ever looked at. */
export class BestFirst<T> {
  readonly #heap: T[];

  /** @param isBefore a strict order: whether the first is to be taken before the second */
  constructor(
    items: T[],
    private readonly isBefore: (a: T, b: T) => boolean,
  ) {
    this.#heap = items;
    for (let i = (items.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The best, left in its place. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  /** Takes the best. @returns undefined when none is left */
  take(): T | undefined {
    const best = this.#heap[0];
    const last = this.#heap.pop();
    if (best === undefined || last === undefined || this.#heap.length === 0) return best;
    this.#heap[0] = last;
    this.#sink(0);
    return best;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const item = heap[from];
    if (item === undefined) return;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let better = heap[child];
      const right = heap[child + 1];
      if (better === undefined) break;
      if (right !== undefined && this.isBefore(right, better)) {
        better = right;
        child++;
      }
      if (!this.isBefore(better, item)) break;
      heap[at] = better;
      at = child;
    }
    heap[at] = item;
  }
}
