import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { median, percentile, summarise } from '../../bench/stats.js';

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });

describe('percentile', () => {
  it('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.equal(percentile(hundred, 50), 50);
    assert.equal(percentile(hundred, 99), 99);
    assert.equal(percentile(hundred, 100), 100);
    assert.equal(percentile([5], 1), 5);
    assert.equal(percentile([1, 2], 50), 1);
    assert.equal(percentile([1, 2], 51), 2);
  });

  it('orders numbers as numbers', () => {
    assert.equal(percentile([10, 9, 100], 50), 10);
  });

  it('is one of the values, and that share of them is no greater', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (all, p) => {
        const found = percentile(all, p);
        assert.ok(all.includes(found));
        assert.ok(all.filter((value) => value <= found).length >= (p / 100) * all.length);
        assert.ok(all.filter((value) => value < found).length < (p / 100) * all.length);
      }),
    );
  });

  it('leaves its argument as it was', () => {
    const all = [3, 1, 2];
    percentile(all, 50);
    assert.deepEqual(all, [3, 1, 2]);
  });

  it('has no answer for nothing, and none for what is no percentage', () => {
    assert.throws(() => percentile([], 50), RangeError);
    for (const p of [0, -1, 101, Number.NaN]) assert.throws(() => percentile([1], p), RangeError);
  });
});

describe('summarise', () => {
  it('reports count, ends and percentiles', () => {
    assert.deepEqual(summarise([4, 1, 3, 2]), { count: 4, p50: 2, p99: 4, min: 1, max: 4 });
  });

  it('has its percentiles in order', () => {
    fc.assert(
      fc.property(values, (all) => {
        const { min, p50, p99, max } = summarise(all);
        assert.ok(min <= p50 && p50 <= p99 && p99 <= max);
        assert.equal(p50, median(all));
      }),
    );
  });

  it('has no answer for nothing', () => {
    assert.throws(() => summarise([]), RangeError);
  });
});
