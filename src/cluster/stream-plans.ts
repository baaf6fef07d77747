/** The streams that a cluster needs, as `blockcast cluster setup` makes them. */
import type { StreamPlan } from '../contracts/cluster.js';
import { HOUR_MS, MINUTE_MS } from '../time.js';
import { streamNames, streamSubjects } from './subjects.js';

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 24 * HOUR_MS;

export function streamPlans(name: string): readonly StreamPlan[] {
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
