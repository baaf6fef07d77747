import type { LogLevel } from '../contracts/log-levels.js';

/** A line that an operator may see in the log. */
export interface Message {
  readonly level: LogLevel;
  /** A template for `fill`. */
  readonly text: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly action?: string;
}
