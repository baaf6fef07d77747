/** The size of a run. */
export interface Effort {
  /** Share of the blocks and starts of a full run, up to 1. */
  readonly share: number;
  /** Directory for CPU profiles of the contenders. */
  readonly profile: string | undefined;
}
