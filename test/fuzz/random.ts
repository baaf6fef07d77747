/** mulberry32: the same numbers for the same seed, on every machine. */
export class Rng {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A whole number from 0 up to, and without, `below`. */
  int(below: number): number {
    return Math.floor((this.next() / 2 ** 32) * below);
  }

  /** True with probability 1/`times`. */
  once(times: number): boolean {
    return this.int(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.int(from.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  next(): number {
    this.state = (this.state + 0x6d2b_79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
}

/** The seed of one input of a campaign, so that it can be made without the earlier ones. */
export function seedOf(campaign: number, kind: number, index: number): number {
  const rng = new Rng(campaign ^ Math.imul(kind + 1, 0x9e37_79b1));
  return (rng.next() ^ Math.imul(index + 1, 0x85eb_ca6b)) >>> 0;
}
