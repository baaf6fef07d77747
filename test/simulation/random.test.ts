import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { exp, KeyedRandom, RunRandom } from '../../src/simulation/random.js';

const DRAWS = 20_000;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

function drawn<T>(count: number, draw: (place: number) => T): T[] {
  return Array.from({ length: count }, (_, place) => draw(place));
}

/** Numbers of the seed and of the stream, so that two streams differ. */
const SEED = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('a stream', () => {
  test('is sfc32 after 16 draws, with the seed in two words and the FNV-1a hash of the name in the third', () => {
    // From an implementation in Python that shares no code; its FNV-1a gives the published 0xbf9cf968 for "foobar".
    const small = new RunRandom(0, 'a');
    assert.deepEqual(
      drawn(3, () => small.u32()),
      [0xdf01_f55e, 0x166c_705c, 0x4321_72c7],
    );
    const large = new RunRandom(2 ** 32 + 7, 'run/jitter');
    assert.deepEqual(
      drawn(3, () => large.u32()),
      [0xa3ac_0613, 0x0ebd_40a2, 0x59f4_82ef],
    );
  });

  test('that is forked is the stream of its full name, however much was drawn before', () => {
    const parent = new RunRandom(2 ** 32 + 7, 'run');
    parent.u64();
    assert.equal(parent.fork('jitter').u32(), 0xa3ac_0613);
  });

  test('gives the same for the same seed and name, and something else for another of either', () => {
    fc.assert(
      fc.property(SEED, fc.string(), fc.string(), (seed, name, other) => {
        const take = (from: RunRandom): number[] => drawn(8, () => from.u32());
        const first = take(new RunRandom(seed, name));
        assert.deepEqual(take(new RunRandom(seed, name)), first);
        assert.notDeepEqual(take(new RunRandom(seed + 1, name)), first);
        if (other !== name) assert.notDeepEqual(take(new RunRandom(seed, other)), first);
      }),
    );
  });

  test('has 64 bits of two draws, the first in front', () => {
    assert.equal(new RunRandom(0, 'a').u64(), 0xdf01_f55e_166c_705cn);
  });
});

describe('draws', () => {
  const random = new RunRandom(1, 'draws');

  test('of floats are in [0, 1), even, and of 53 bits', () => {
    const floats = drawn(DRAWS, () => random.float());
    assert.ok(floats.every((value) => value >= 0 && value < 1));
    assert.ok(Math.abs(mean(floats) - 0.5) < 0.01);
    assert.ok(Math.abs(deviation(floats) - Math.sqrt(1 / 12)) < 0.01);
    assert.ok(floats.some((value) => !Number.isInteger(value * 2 ** 52)));
  });

  test('between two integers are each of them, as often', () => {
    const counts = new Map<number, number>();
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const value = random.between(-2, 2);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts.keys()].sort((a, b) => a - b),
      [-2, -1, 0, 1, 2],
    );
    for (const count of counts.values()) assert.ok(Math.abs(count / DRAWS - 0.2) < 0.015);
  });

  test('from the normal distribution have its mean and deviation, and its quartiles to a hundredth', () => {
    const values = drawn(DRAWS, () => random.normal()).sort((a, b) => a - b);
    assert.ok(Math.abs(mean(values)) < 0.03);
    assert.ok(Math.abs(deviation(values) - 1) < 0.02);
    // 0.6745; the sum of twelve draws has 0.682, and of 20,000 of them the error is 0.01.
    assert.ok(Math.abs((values[DRAWS / 4] ?? 0) + 0.682) < 0.03);
    assert.ok(values.every((value) => Math.abs(value) <= 6));
  });

  test('from the lognormal distribution have the given median, and its logarithm the given deviation', () => {
    const values = drawn(DRAWS, () => random.lognormal(40, 0.5)).sort((a, b) => a - b);
    assert.ok(Math.abs((values[DRAWS / 2] ?? 0) - 40) < 0.8);
    assert.ok(Math.abs(deviation(values.map(Math.log)) - 0.5) < 0.01);
    assert.equal(random.lognormal(40, 0), 40);
  });

  test('from a list are its elements; from an empty one there is none', () => {
    assert.deepEqual(new Set(drawn(200, () => random.pick(['a', 'b', 'c']))), new Set(['a', 'b', 'c']));
    assert.throws(() => random.pick([]), RangeError);
  });

  test('of samples are different elements, as many as asked for or as there are, each as often in each place', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer()), fc.nat(20), SEED, (list, count, seed) => {
        const before = [...list];
        const sample = new RunRandom(seed, 'sample').sample(list, count);
        assert.equal(sample.length, Math.min(count, list.length));
        assert.equal(new Set(sample).size, sample.length);
        assert.ok(sample.every((value) => list.includes(value)));
        assert.deepEqual(list, before);
      }),
    );
    const orders = new Map<string, number>();
    for (let draw = 0; draw < 6_000; draw += 1) {
      const order = random.sample([1, 2, 3]).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    assert.equal(orders.size, 6);
    for (const count of orders.values()) assert.ok(Math.abs(count - 1_000) < 130, `${count}`);
  });
});

describe('draws by key', () => {
  test('are the MurmurHash3 of the three words', () => {
    // From an implementation in Python that shares no code, and gives the published 0x5a97808a for "aaaa" and the seed 0x9747b28c.
    for (const [seed, [a, b, c], hash] of [
      [0, [0, 0, 0], 0xd941_144b],
      [0, [1, 2, 3], 0xe9d7_8ad6],
      [0x9747_b28c, [1, 2, 3], 0x7329_8486],
      [1, [0xffff_ffff, 7, 0x8000_0000], 0x561f_86cd],
    ] as const)
      assert.equal(new KeyedRandom(seed).u32(a, b, c), hash);
  });

  test('depend on the stream they are of, and not on what was drawn before', () => {
    const random = new RunRandom(3, 'run');
    const first = random.keyed('losses').u32(1, 2, 3);
    random.u32();
    assert.equal(random.keyed('losses').u32(1, 2, 3), first);
    assert.notEqual(random.keyed('jitter').u32(1, 2, 3), first);
  });

  test('of neighbouring keys are even and have nothing in common', () => {
    const keyed = new KeyedRandom(5);
    for (const draw of [
      (place: number) => keyed.float(place, 1, 1),
      (place: number) => keyed.float(1, place, 1),
      (place: number) => keyed.float(1, 1, place),
    ]) {
      const values = drawn(DRAWS, draw);
      assert.ok(Math.abs(mean(values) - 0.5) < 0.01);
      const products = values.slice(1).map((value, place) => (value - 0.5) * ((values[place] ?? 0) - 0.5));
      assert.ok(Math.abs(mean(products)) < 0.002, `${mean(products)}`);
    }
    const normals = drawn(DRAWS, (place) => keyed.normal(place, 7));
    assert.ok(Math.abs(mean(normals)) < 0.03);
    assert.ok(Math.abs(deviation(normals) - 1) < 0.02);
  });
});

describe('exp', () => {
  test('is within 2 units in the last place of e^x, as far as e^x is a normal number', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) <= 2 * Number.EPSILON, `${x}`);
      }),
    );
    assert.equal(exp(0), 1);
    assert.ok(Math.abs(exp(1) - Math.E) <= 2 * 2 ** -51);
  });

  test('has these bits on every machine', () => {
    for (let n = 1, power = 2; n < 1_000; n += 1, power *= 2) assert.deepEqual([2 ** n, 2 ** -n], [power, 1 / power]);
    assert.deepEqual([exp(0.3), exp(-1), exp(2.5)].map(bits), [
      '3ff599058c8c1a96',
      '3fd78b56362cef38',
      '40285d6fd931e0bb',
    ]);
  });
});

function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16);
}
