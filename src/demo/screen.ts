import type { Writable } from 'node:stream';
import type { Timers } from '../simulated/timers.js';

/** The output of the demo: a terminal, or any other stream of text. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  hasColors?(): boolean;
};

const DEFAULT_COLUMNS = 100;
/** Wider bars show no more. */
const MAX_COLUMNS = 120;
const FRAME_MS = 40;

/**
 * Draws a picture that changes: in place on a terminal that is large enough, otherwise once, when it is final. It draws rarely, since
 * drawing delays what it shows.
 */
export class Screen {
  private drawn = 0;
  private next: readonly string[] = [];
  private cancel: (() => void) | undefined;

  constructor(
    private readonly output: Output,
    private readonly timers: Timers,
  ) {}

  get width(): number {
    // A line as wide as the terminal would make some of them wrap.
    return Math.min(MAX_COLUMNS, (this.output.columns ?? DEFAULT_COLUMNS) - 1);
  }

  get colour(): boolean {
    return this.output.isTTY === true && this.output.hasColors?.() !== false;
  }

  /** Writes lines that stay. */
  print(...lines: readonly string[]): void {
    this.finish([]);
    this.write(lines);
  }

  /** Shows a picture soon; only the last one of many is drawn. */
  show(lines: readonly string[]): void {
    if (!this.fits(lines)) return;
    this.next = lines;
    this.cancel ??= this.timers.after(FRAME_MS, () => {
      this.cancel = undefined;
      this.redraw(this.next);
    });
  }

  /** Shows the picture as it will stay. */
  finish(lines: readonly string[]): void {
    this.cancel?.();
    this.cancel = undefined;
    if (lines.length > 0) this.redraw(lines);
    this.drawn = 0;
  }

  private redraw(lines: readonly string[]): void {
    if (this.drawn > 0) this.output.write(`\x1b[${this.drawn}A\x1b[0J`);
    this.write(lines);
    this.drawn = lines.length;
  }

  private write(lines: readonly string[]): void {
    this.output.write(lines.map((line) => `${line}\n`).join(''));
  }

  private fits(lines: readonly string[]): boolean {
    return this.output.isTTY === true && lines.length < (this.output.rows ?? 0);
  }
}
