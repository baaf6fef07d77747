import type { Random } from '../time.js';

/** Doubling more often than this changes nothing: every wait here has reached its longest long before. */
const MAX_DOUBLINGS = 30;

/**
 * A wait that doubles, milliseconds.
 * @param doublings how often it has doubled; 0 or fewer give `firstMs`
 */
export function exponentialMs(firstMs: number, longestMs: number, doublings: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(0, doublings), MAX_DOUBLINGS));
}

/**
 * Spreads waits, so that who failed together does not try again together.
 * @param share of the wait that is random: 0.5 gives between half of it and all of it
 */
export function jittered(waitMs: number, share: number, random: Random): number {
  return waitMs * (1 - share * random.float());
}
