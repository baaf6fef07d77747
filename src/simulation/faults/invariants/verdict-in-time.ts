import type { Hash } from '../../../wire/reader.js';
import { MICROS_PER_MS, type Micros } from '../../engine.js';
import type { RelayState } from '../observation.js';
import type { Invariant } from './invariant.js';

/** A verdict waits 3 s for peers (docs/delivery.md); it is emitted in a later turn of the event loop, behind those of other blocks. */
const VERDICT_WITHIN: Micros = 3_250 * MICROS_PER_MS;

const ENDS: ReadonlySet<RelayState> = new Set<RelayState>(['killed', 'power-lost', 'stopping']);

export const verdictInTime: Invariant = {
  name: 'verdict-in-time',
  rule: 'Each block that was received has a verdict within 3.25 s, unless the relay is stopped before',
  open() {
    /** When each verdict is due, the earliest first. */
    const due = new Map<Hash, Micros>();
    let isFrozen = false;
    return {
      relay({ state }, at) {
        isFrozen = state === 'frozen';
        // Its timers run late by the time for which it stood still.
        if (state === 'thawed') for (const hash of due.keys()) due.set(hash, at + VERDICT_WITHIN);
        if (ENDS.has(state)) due.clear();
        return undefined;
      },
      received({ hash }, at) {
        due.delete(hash);
        due.set(hash, at + VERDICT_WITHIN);
        return undefined;
      },
      verdict({ hash }) {
        due.delete(hash);
        return undefined;
      },
      time(at) {
        const [first] = due;
        if (isFrozen || first === undefined || at <= first[1]) return undefined;
        due.delete(first[0]);
        return `block ${first[0]} has no verdict ${VERDICT_WITHIN / MICROS_PER_MS} ms after it was received`;
      },
    };
  },
};
