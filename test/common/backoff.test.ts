import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exponentialMs, jittered } from '../../src/common/backoff.js';

describe('backoff', () => {
  test('doubles from the first wait to the longest', () => {
    const waits = [-1, 0, 1, 2, 3, 4, 1_000].map((doublings) => exponentialMs(10, 100, doublings));
    assert.deepEqual(waits, [10, 10, 20, 40, 80, 100, 100]);
  });

  test('takes its share of chance off the wait', () => {
    const random = (float: number) => ({ float: () => float, u64: () => 0n });
    assert.equal(jittered(100, 0.5, random(0)), 100);
    assert.equal(jittered(100, 0.5, random(0.5)), 75);
    assert.equal(jittered(100, 0, random(0.9)), 100);
  });
});
