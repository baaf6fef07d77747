import { MICROS_PER_MS, type Micros } from '../../engine.js';
import type { RelayState } from '../observation.js';
import type { Invariant } from './invariant.js';

/**
 * Verdicts are waited for three seconds, and what is to be written as long as the disk takes, seconds for each sync where it is slow.
 * `blockcast run` ends the process after ten seconds anyway (cli/run.ts).
 */
const STOPS_WITHIN: Micros = 60_000 * MICROS_PER_MS;
/** A start waits for the disk alone: nobody else need be there. */
const STARTS_WITHIN: Micros = 15_000 * MICROS_PER_MS;

const WITHIN: Partial<Readonly<Record<RelayState, Micros>>> = { starting: STARTS_WITHIN, stopping: STOPS_WITHIN };

export const startsAndStops: Invariant = {
  name: 'starts-and-stops',
  rule: 'A relay has started within 15 s, and stopped within 60 s, whoever does not answer',
  open() {
    let waiting: { readonly state: RelayState; readonly due: Micros } | undefined;
    return {
      relay({ state }, at) {
        const within = WITHIN[state];
        waiting = within === undefined ? undefined : { state, due: at + within };
        return undefined;
      },
      time: (at) =>
        waiting !== undefined && at > waiting.due
          ? `the relay is still ${waiting.state} after ${(WITHIN[waiting.state] ?? 0) / MICROS_PER_MS} ms`
          : undefined,
    };
  },
};
