/** The streams that a cluster needs, as `blockcast cluster setup` makes them. */
import { HOUR_MS, MINUTE_MS } from '../time.js';
import { streamNames, streamSubjects } from './subjects.js';

export interface ClusterStream {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Only the last message of each subject. */
  readonly lastOnly: boolean;
  /** What comes again with the same id within this time is not stored again, ms. */
  readonly onceWithinMs: number;
}

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 24 * HOUR_MS;

export function streamPlans(name: string): readonly ClusterStream[] {
  const names = streamNames(name);
  const subjects = streamSubjects(name);
  return [
    {
      name: names.blocks,
      subjects: subjects.blocks,
      maxBytes: 256 * MEBIBYTE,
      // What is older is not sent any more.
      maxAgeMs: HOUR_MS,
      lastOnly: false,
      onceWithinMs: HOUR_MS,
    },
    {
      name: names.state,
      subjects: subjects.state,
      maxBytes: 256 * MEBIBYTE,
      maxAgeMs: 7 * DAY_MS,
      lastOnly: true,
      onceWithinMs: 2 * MINUTE_MS,
    },
  ];
}
