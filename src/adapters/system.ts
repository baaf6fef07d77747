/** The system's clock and randomness, behind the ports of time.ts. */
import { randomFillSync } from 'node:crypto';
import type { Clock, Random } from '../time.js';

/** On Linux the monotonic clock does not count the time that a machine was suspended; elsewhere it may. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export const systemRandom: Random = {
  float: () => Number(randomU64() >> 11n) / 2 ** 53,
  u64: randomU64,
};

/** Drawn in bulk: separate draws for twenty pings would delay the twentieth peer. */
const drawn = new BigUint64Array(256);
let taken = drawn.length;

function randomU64(): bigint {
  if (taken === drawn.length) {
    randomFillSync(drawn);
    taken = 0;
  }
  const value = drawn[taken] ?? 0n;
  taken += 1;
  return value;
}
