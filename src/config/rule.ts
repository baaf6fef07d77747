import type { Key, Values } from './settings.js';

/** A rule about several settings. */
export interface Rule {
  /** The settings it checks; the error names the first. The rule is skipped while one of them is invalid by itself. */
  readonly about: readonly [Key, ...Key[]];
  readonly broken: (values: Values) => boolean;
  readonly problem: string;
  readonly remedy: string;
}
