import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../src/adapters/system.js';

describe("the system's clock", () => {
  it('reports the time as the machine does now, however its clock was set since the start', (context) => {
    for (const wall of [0, Date.UTC(2040, 0, 1)]) {
      context.mock.method(Date, 'now', () => wall);
      assert.equal(systemClock.now(), wall);
      context.mock.restoreAll();
    }
  });

  it('has a monotonic reading with fractions, which never runs backwards', () => {
    const times = Array.from({ length: 10_000 }, () => systemClock.monotonic());
    assert.ok(times.every((time, i) => time >= (times[i - 1] ?? 0)));
    assert.ok(times.some((time) => !Number.isInteger(time)));
  });
});

describe("the system's randomness", () => {
  it('gives floats from 0 up to, not including, 1, all over the range', () => {
    const floats = Array.from({ length: 20_000 }, () => systemRandom.float());
    assert.ok(floats.every((float) => float >= 0 && float < 1));
    const tenths = Array.from({ length: 10 }, (_, i) => floats.filter((float) => Math.floor(float * 10) === i).length);
    // 2,000 are to be expected in each; 42 is one standard deviation.
    assert.ok(
      tenths.every((count) => Math.abs(count - 2_000) < 420),
      `${tenths}`,
    );
  });

  it('gives unsigned 64-bit integers, with every bit in use and none twice', () => {
    const drawn = Array.from({ length: 10_000 }, () => systemRandom.u64());
    assert.ok(drawn.every((value) => value >= 0n && value < 1n << 64n));
    assert.equal(new Set(drawn).size, drawn.length);
    for (let bit = 0n; bit < 64n; bit += 1n) {
      const set = drawn.filter((value) => (value >> bit) & 1n).length;
      assert.ok(Math.abs(set - 5_000) < 500, `bit ${bit} is set in ${set}`);
    }
  });
});
