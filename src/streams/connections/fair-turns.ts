/**
 * Shares the event loop between what peers send and everything else, above all the pool's next block.
 *
 * Node calls sockets back one after the other as long as bytes arrive: a flood of small messages from a few peers would hold the event loop
 * for seconds. So messages of peers are processed one at a time, round robin, for {@link SLICE_MS} in each turn of the event loop; the rest
 * waits for the next turn. The slice is measured from the first offer of a turn, so that reading, 64 KiB at a time, counts.
 *
 * Bounds: a block that the pool pushes waits for one slice and one message at most. A source that offers work stops reading until the work
 * is done, so what waits is at most what it has read.
 */

import type { NextTurn } from '../ports.js';

/** Milliseconds for which peers' messages are read and processed in one turn of the event loop. */
const SLICE_MS = 1;

export interface Work {
  /** Does a small part of the work. @returns false when nothing is left */
  step(): boolean;
  /** Called when work that had to wait is done; not called for work that was done at once. */
  done(): void;
}

export class FairTurns {
  /** In the order in which they are served. */
  private readonly waiting = new Set<Work>();
  private sliceEnds = 0;
  private scheduled = false;

  /**
   * @param monotonic milliseconds
   */
  constructor(
    private readonly monotonic: () => number,
    private readonly nextTurn: NextTurn,
  ) {}

  /**
   * Does the work at once, as far as this turn's slice allows.
   * @returns false when some of it waits
   */
  offer(work: Work): boolean {
    if (this.waiting.has(work)) return false;
    if (this.waiting.size === 0 && this.isDone(work)) return true;
    this.waiting.add(work);
    return false;
  }

  /** Drops work that waits. */
  leave(work: Work): void {
    this.waiting.delete(work);
  }

  /** Does the work until it is done or the slice is used up. */
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
    this.nextTurn(() => this.turn());
  }

  /** One step for each, round robin. */
  private turn(): void {
    this.scheduled = false;
    if (this.waiting.size === 0) return;
    this.schedule();
    // A set's iterator reaches what is added behind it, so unfinished work comes round again.
    for (const work of this.waiting) {
      this.waiting.delete(work);
      if (work.step()) this.waiting.add(work);
      else work.done();
      if (this.monotonic() >= this.sliceEnds) return;
    }
  }
}
