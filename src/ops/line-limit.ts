/** Limits log lines that others can cause at will, such as invalid frames: {@link MAX_LINES} of each kind per minute. */
import { fill } from '../messages/fill.js';
import { LOG } from '../messages/program.js';
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
   * @param line asked for when it is not dropped
   * @returns the line, with a note where lines are dropped; `undefined` when it is to be dropped (and counted)
   */
  next(kind: string, at: number, line: () => string): string | undefined {
    const current = this.minutes.get(kind);
    // A clock that was set back starts a new minute, too.
    if (current === undefined || Math.abs(at - current.since) >= MINUTE_MS) {
      this.minutes.set(kind, { since: at, lines: 1, leftOut: 0 });
      const leftOut = current?.leftOut ?? 0;
      return leftOut === 0 ? line() : fill(LOG['dropped-before'], { line: line(), count: leftOut });
    }
    if (current.lines === MAX_LINES) {
      current.leftOut += 1;
      return undefined;
    }
    current.lines += 1;
    return current.lines === MAX_LINES ? fill(LOG['dropped-from-now'], { line: line() }) : line();
  }
}
