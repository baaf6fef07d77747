/** The system's clock and randomness, behind the ports of time.ts. */
import { randomFillSync } from 'node:crypto';
import type { Clock, Random } from '../time.js';

/** Wall time at start plus the monotonic clock: sub-millisecond, and a clock that is set back does not move it. */
export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };

export const systemRandom: Random = {
  float: () => Number(randomU64() >> 11n) / 2 ** 53,
  u64: randomU64,
};

function randomU64(): bigint {
  return randomFillSync(new BigUint64Array(1))[0] ?? 0n;
}
