import { MICROS_PER_MS, type Micros } from '../../engine.js';
import type { RelayState } from '../observation.js';
import type { Invariant } from './invariant.js';

/** Dials of the pool's own dashd are at most 5 s apart (streams/connections/connections.ts), and each ends within 5 s. */
const REDIAL_WITHIN: Micros = 5_100 * MICROS_PER_MS;

const RUNS: ReadonlySet<RelayState> = new Set<RelayState>(['starting', 'started', 'thawed']);

export const dashdWanted: Invariant = {
  name: 'dashd-wanted',
  rule: "The relay is connected to the pool's own dashd or dials it, with pauses of 5 s at most, and never rotates it out",
  open() {
    let running = false;
    /** Connections to dashd, those being dialled included. */
    let open = 0;
    let idleSince: Micros = 0;
    return {
      relay({ state }, at) {
        running = RUNS.has(state);
        if (state === 'starting') open = 0;
        if (state === 'starting' || state === 'thawed') idleSince = at;
        return undefined;
      },
      dialled(seen) {
        if (seen.protected) open += 1;
        return undefined;
      },
      closed(seen, at) {
        if (!seen.protected) return undefined;
        open -= 1;
        idleSince = at;
        return undefined;
      },
      'peer-lost': (event) =>
        running && event.protected && event.code === 'rotated-out'
          ? `the relay hung up on the pool's own dashd: ${event.reason}`
          : undefined,
      time: (at) =>
        running && open === 0 && at - idleSince > REDIAL_WITHIN
          ? `the pool's own dashd was not dialled for ${REDIAL_WITHIN / MICROS_PER_MS} ms`
          : undefined,
    };
  },
};
