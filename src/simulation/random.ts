/**
 * Randomness of a run: named streams from one seed, so that a draw added to one part of the model moves no other part. Only integer
 * operations and + − × ÷ are used: `Math.exp` and its like may differ in the last bit between versions of Node, and so would results.
 */
import type { Random } from '../time.js';

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;
/** ln 2 in two parts, the first with few bits, so that its products are exact. Source: Cody and Waite, 1980; the values are those of fdlibm. */
const LN_2_HIGH = 0.693_147_180_369_123_8;
const LN_2_LOW = 1.908_214_929_270_587_7e-10;
/** Of the three words of a key. */
const KEY_BYTES = 12;
/** Terms of the series of e^x for |x| ≤ ln 2 ÷ 2: exact to a double's precision. */
const EXP_TERMS = 14;

/** The generator sfc32: 128 bits of state. Source: PractRand, Chris Doty-Humphrey. */
export class RunRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param stream names the use, such as `topology` */
  constructor(
    private readonly seed: number,
    private readonly stream: string,
  ) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / TWO_32) >>> 0;
    this.c = fnv1a(stream);
    for (let warmUp = 0; warmUp < 16; warmUp += 1) this.u32();
  }

  /** A stream of its own, named within this one; the same however much was drawn from this. */
  fork(stream: string): RunRandom {
    return new RunRandom(this.seed, `${this.stream}/${stream}`);
  }

  /** A source of draws by key. The same however much was drawn from this. */
  keyed(stream: string): KeyedRandom {
    return new KeyedRandom(this.fork(stream).u32());
  }

  u32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  float(): number {
    return ((this.u32() >>> 5) * 2 ** 26 + (this.u32() >>> 6)) / TWO_53;
  }

  /** An integer in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.float() * (to - from + 1));
  }

  /** Standard normal, as the sum of twelve uniform draws: within ±6, which suits delays. */
  normal(): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw += 1) sum += this.u32() / TWO_32;
    return sum;
  }

  /** @param sigma standard deviation of the logarithm */
  lognormal(median: number, sigma: number): number {
    return median * exp(sigma * this.normal());
  }

  /** @throws RangeError for an empty list */
  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.float() * from.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** A new list of `count` different elements, or of all when there are fewer, in random order. */
  sample<T>(from: readonly T[], count = from.length): T[] {
    const left = [...from];
    const size = Math.min(count, left.length);
    for (let place = 0; place < size; place += 1) {
      const other = place + Math.floor(this.float() * (left.length - place));
      const moved = left[place];
      const chosen = left[other];
      if (moved === undefined || chosen === undefined) continue;
      left[place] = chosen;
      left[other] = moved;
    }
    return left.slice(0, size);
  }
}

/**
 * Draws by key rather than by order: the draw for a key is the same whatever else was drawn, and so the same for all contenders of a
 * study, whose differences are then those of the contenders. A hash: MurmurHash3 of the three words of the key.
 */
export class KeyedRandom {
  constructor(private readonly seed: number) {}

  u32(a: number, b: number, c: number): number {
    let hash = mixInto(mixInto(mixInto(this.seed, a), b), c) ^ KEY_BYTES;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  /** In [0, 1). */
  float(a: number, b: number, c: number): number {
    return this.u32(a, b, c) / TWO_32;
  }

  /** Standard normal; see {@link RunRandom.normal}. */
  normal(a: number, b: number): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw += 1) sum += this.float(a, b, draw);
    return sum;
  }
}

/** Source: Austin Appleby, MurmurHash3_x86_32, the step for a block. */
function mixInto(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e_2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0;
}

/** e^x. The same bits on every machine; within 2 units in the last place. */
export function exp(x: number): number {
  const doublings = Math.round(x / Math.LN2);
  const rest = x - doublings * LN_2_HIGH - doublings * LN_2_LOW;
  let sum = 1;
  for (let n = EXP_TERMS; n >= 1; n -= 1) sum = 1 + (sum * rest) / n;
  return sum * 2 ** doublings;
}

/** 32 bits that differ for different names. Source: Fowler–Noll–Vo. */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
