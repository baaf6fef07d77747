import type { Random } from '../time.js';

const MASK = (1n << 64n) - 1n;
const TWO_53 = 2 ** 53;

/** SplitMix64: the same seed gives the same sequence. */
export class SeededRandom implements Random {
  private state: bigint;

  constructor(seed: number) {
    this.state = BigInt(Math.trunc(seed)) & MASK;
  }

  u64(): bigint {
    this.state = (this.state + 0x9e37_79b9_7f4a_7c15n) & MASK;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK;
    return z ^ (z >> 31n);
  }

  float(): number {
    return Number(this.u64() >> 11n) / TWO_53;
  }
}

/** An integer in [from, to]. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random.float() * (to - from + 1));
}
