/**
 * Shares the event loop between what peers send and everything else, above all the pool's next block.
 *
 * Sockets call back one after the other for as long as bytes come, and a flood of small messages from a few peers would keep them at it for
 * seconds. So all that peers send is worked off one message at a time, in turn, for {@link SLICE_MS} in each turn of the event loop; the
 * rest waits for the next. A block that the pool pushes waits for one slice and one message at most.
 *
 * Whoever offers work stops its source until the work is done: what waits is bounded by what it had read already.
 */

/** For so long peers' messages are worked off in one turn of the event loop, milliseconds. */
const SLICE_MS = 2;

export interface Work {
  /** Does a small part. @returns false when nothing is left */
  step(): boolean;
  /** Called when work that had to wait is done. */
  done(): void;
}

export class FairTurns {
  /** In the order in which they are served. */
  private readonly waiting = new Set<Work>();
  private spentMs = 0;
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
    const from = this.monotonic();
    const before = this.spentMs;
    while (this.spentMs < SLICE_MS) {
      const more = work.step();
      this.spentMs = before + this.monotonic() - from;
      if (!more) return true;
    }
    return false;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.later(() => this.turn());
  }

  /** One step for each in turn. */
  private turn(): void {
    this.scheduled = false;
    this.spentMs = 0;
    if (this.waiting.size === 0) return;
    this.schedule();
    const from = this.monotonic();
    // A set goes on to what is added behind, so whoever is not done comes round again.
    for (const work of this.waiting) {
      this.waiting.delete(work);
      if (work.step()) this.waiting.add(work);
      else work.done();
      this.spentMs = this.monotonic() - from;
      if (this.spentMs >= SLICE_MS) return;
    }
  }
}
