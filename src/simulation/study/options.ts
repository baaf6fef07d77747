import type { RunFigures } from './figures.js';

export interface StudyOptions {
  readonly seed: number;
  /** Simulated blocks of each contender. */
  readonly runs: number;
  /** Threads that simulate; results do not depend on how many. 1: this thread alone, and the event loop turns between two blocks. */
  readonly workers: number;
  /** Called after each block. @param done blocks so far, of all contenders, those included that were saved before */
  readonly onProgress: (done: number) => void;
  /** Ends the study before the next block. */
  readonly stop: AbortSignal;
  readonly saved?: SavedRuns;
}

/** Figures of runs that an earlier study of the same seed and version has made. */
export interface SavedRuns {
  /** @param key names scenario, seed, run and contender */
  find(key: string): RunFigures | undefined;
  /** @throws Error when they cannot be saved: the study ends with it */
  save(key: string, figures: RunFigures): void;
}
