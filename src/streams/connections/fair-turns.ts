/**
 * Shares the event loop between what peers send and everything else, above all the pool's next block.
 *
 * Sockets call back one after the other for as long as bytes come, and a flood of small messages from a few peers would keep them at it for
 * seconds. So all that peers send is worked off one message at a time, in turn, for {@link SLICE_MS} in each turn of the event loop; the
 * rest waits for the next. The slice is counted on the clock from the first offer of a turn, so that reading, 64 KiB at a time, is in it. A
 * block that the pool pushes waits for one slice and one message at most.
 *
 * Whoever offers work stops its source until the work is done: what waits is bounded by what it had read already.
 */

/** For so long peers' messages are read and worked off in one turn of the event loop, milliseconds. */
const SLICE_MS = 1;

export interface Work {
  /** Does a small part. @returns false when nothing is left */
  step(): boolean;
  /** Called when work that had to wait is done. */
  done(): void;
}

export class FairTurns {
  /** In the order in which they are served. */
  private readonly waiting = new Set<Work>();
  private sliceEnds = 0;
  private scheduled = false;

  /**
   * @param monotonic milliseconds
   * @param later calls back once the event loop has seen to its sockets; `setImmediate`
   */
  constructor(
    private readonly monotonic: () => number,
    private readonly later: (go: () => void) => void,
  ) {}

  /**
   * Does the work at once, as far as this turn goes.
   * @returns false when some of it has to wait
   */
  offer(work: Work): boolean {
    if (this.waiting.has(work)) return false;
    if (this.waiting.size === 0 && this.isDone(work)) return true;
    this.waiting.add(work);
    return false;
  }

  /** Forgets what still waits. */
  leave(work: Work): void {
    this.waiting.delete(work);
  }

  /** Works until it is done, or this turn is over. */
  private isDone(work: Work): boolean {
    this.schedule();
    while (this.monotonic() < this.sliceEnds) {
      if (!work.step()) return true;
    }
    return false;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.sliceEnds = this.monotonic() + SLICE_MS;
    this.later(() => this.turn());
  }

  /** One step for each in turn. */
  private turn(): void {
    this.scheduled = false;
    if (this.waiting.size === 0) return;
    this.schedule();
    // A set goes on to what is added behind, so whoever is not done comes round again.
    for (const work of this.waiting) {
      this.waiting.delete(work);
      if (work.step()) this.waiting.add(work);
      else work.done();
      if (this.monotonic() >= this.sliceEnds) return;
    }
  }
}
