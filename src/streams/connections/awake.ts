import { type Clock, SECOND_MS } from '../../time.js';

/** Sessions look at the time once a second. Between two looks further apart than this, the process did not run. */
const LATE_MS = 3 * SECOND_MS;

/**
 * The monotonic time for which this process was awake, milliseconds. A process that is stopped, or a machine that is suspended, hears
 * nothing from its peers; to hold that against them would drop all of them at once when it goes on.
 * @returns a function to be called at least once a second while it matters; a longer gap counts as one second
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
