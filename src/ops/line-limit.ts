/** A bound on log lines that others can cause as often as they like: frames that are no block, connections that are no pool's. */
import { MINUTE_MS } from '../time.js';

/** Lines of one kind in a minute. */
const MAX_LINES = 10;

interface Minute {
  /** Unix ms. */
  readonly since: number;
  lines: number;
  leftOut: number;
}

/** Counts per kind; the caller's kinds come from a closed list. */
export class LineLimit {
  private readonly minutes = new Map<string, Minute>();

  /**
   * @param at when it happened, Unix ms
   * @returns what is to be said at the end of its line: `''` as a rule; `undefined`: no line, it is counted
   */
  next(kind: string, at: number): string | undefined {
    const current = this.minutes.get(kind);
    // A clock that was set back begins a new minute, too.
    if (current === undefined || Math.abs(at - current.since) >= MINUTE_MS) {
      this.minutes.set(kind, { since: at, lines: 1, leftOut: 0 });
      const leftOut = current?.leftOut ?? 0;
      return leftOut === 0 ? '' : ` (${leftOut} more like this were not logged before)`;
    }
    if (current.lines === MAX_LINES) {
      current.leftOut += 1;
      return undefined;
    }
    current.lines += 1;
    return current.lines === MAX_LINES ? ' (more like this are counted, not logged, for a minute)' : '';
  }
}
