export interface StudyOptions {
  readonly seed: number;
  /** Simulated blocks of each contender. */
  readonly runs: number;
  /** Called after each run. @param done runs so far, of all contenders */
  readonly onProgress: (done: number) => void;
  /** Ends the study before the next run. */
  readonly stop: AbortSignal;
}
