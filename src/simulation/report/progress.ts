/** A bar that shows how far a study is, and how long the rest will take at the speed so far: on a terminal, otherwise nothing. */
import type { Writable } from 'node:stream';
import { formatAge } from '../../dashboard/model/format.js';
import type { Clock } from '../../time.js';

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

const REDRAW_MS = 100;
const DEFAULT_COLUMNS = 80;

/** One line, drawn in place. It has no timer, since a study leaves the event loop little time. */
export class ProgressBar {
  private readonly startedAt: number;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly output: Terminal,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    this.startedAt = clock.monotonic();
  }

  show(done: number, total: number): void {
    if (this.clock.monotonic() - this.drawnAt >= REDRAW_MS) this.draw(done, total);
  }

  /** Leaves the bar as it is at the end. */
  end(done: number, total: number): void {
    this.draw(done, total);
    if (this.output.isTTY) this.output.write('\n');
  }

  private draw(done: number, total: number): void {
    if (!this.output.isTTY) return;
    this.drawnAt = this.clock.monotonic();
    // A line as wide as the terminal would wrap on some of them. A terminal whose size is not known has 0 columns.
    const width = (this.output.columns || DEFAULT_COLUMNS) - 1;
    this.output.write(`\r${progressLine(done, total, this.drawnAt - this.startedAt, width)}\x1b[K`);
  }
}

const BAR = 30;
/** No estimate before: the first runs are slower, since the code is not yet compiled. */
const ESTIMATE_AFTER_MS = 1_000;

/** @param width the line is not longer */
export function progressLine(done: number, total: number, elapsedMs: number, width: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.floor(share * BAR);
  const text = `${Math.floor(100 * share)} %, ${done} of ${total} runs${timeOf(done, total, elapsedMs)}`;
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${text}`.slice(0, width);
}

function timeOf(done: number, total: number, elapsedMs: number): string {
  if (done === total) return ` in ${formatAge(elapsedMs)}`;
  if (done === 0 || elapsedMs < ESTIMATE_AFTER_MS) return '';
  return `, ${formatAge((elapsedMs / done) * (total - done))} left`;
}
