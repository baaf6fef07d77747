import { type Clock, SECOND_MS } from '../../time.js';

/** Sessions read the time once a second. If two readings are further apart than this, the process did not run in between. */
const LATE_MS = 3 * SECOND_MS;

/**
 * The monotonic time for which this process ran, milliseconds. A process that was stopped, or a machine that was suspended, received
 * nothing from its peers meanwhile: counted as their silence, that would time out all of them at once.
 * @returns a function that must be called at least once a second; a longer gap counts as one second
 */
export function awakeTime(clock: Pick<Clock, 'monotonic'>): () => number {
  let lookedAt = clock.monotonic();
  let absentMs = 0;
  return () => {
    const monotonic = clock.monotonic();
    const gapMs = monotonic - lookedAt;
    if (gapMs > LATE_MS) absentMs += gapMs - SECOND_MS;
    lookedAt = monotonic;
    return monotonic - absentMs;
  };
}
