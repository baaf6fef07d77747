import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Allowance } from '../../../src/ops/alerts/allowance.js';
import { HOUR_MS } from '../../../src/time.js';

/** Takes whenever it is allowed to at the given pauses. @returns when */
function takeAt(allowance: Allowance, pauses: readonly number[], keep = 0): number[] {
  let now = 0;
  return pauses.flatMap((pause) => {
    now += pause;
    if (allowance.waitMs(now, keep) > 0) return [];
    allowance.take(now);
    return [now];
  });
}

describe('an allowance', () => {
  test('is kept in any hour, whenever it begins', () => {
    const pauses = fc.array(fc.oneof(fc.nat(5), fc.nat(60_000), fc.nat(2 * HOUR_MS)), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), pauses, (max, steps) => {
        const taken = takeAt(new Allowance(max), steps);
        assert.ok(taken.length > 0);
        for (const from of taken) {
          const within = taken.filter((at) => at >= from && at < from + HOUR_MS).length;
          assert.ok(within <= max, `${within} of ${max}`);
        }
      }),
    );
  });

  test('is used: somebody who asks for ever gets that many an hour in the long run', () => {
    for (const max of [1, 2, 3, 30, 3_600]) {
      const taken = takeAt(new Allowance(max), Array<number>(24 * 3_600).fill(1_000));
      assert.ok(taken.length >= 24 * Math.floor(max / 2) && taken.length <= 24 * max, `${taken.length} at ${max}`);
    }
  });

  test('says how long to wait, neither more nor less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(40), fc.nat(5), (max, takes, keep) => {
        const allowance = new Allowance(max);
        fc.pre(keep < allowance.size);
        for (let n = 0; n < takes; n += 1) allowance.take(allowance.waitMs(0));
        const wait = allowance.waitMs(0, keep);
        assert.equal(allowance.waitMs(wait, keep), 0);
        assert.ok(wait === 0 || allowance.waitMs(wait - 1, keep) > 0);
      }),
    );
  });

  test('leaves what is to be kept', () => {
    const allowance = new Allowance(30);
    assert.equal(takeAt(allowance, Array<number>(100).fill(0), 5).length, 10);
    assert.equal(takeAt(allowance, Array<number>(100).fill(0)).length, 5);
  });

  test('that is made smaller does not forget what was taken', () => {
    const allowance = new Allowance(100);
    assert.equal(takeAt(allowance, Array<number>(100).fill(0)).length, 50);
    allowance.resize(2);
    assert.ok(allowance.waitMs(0) > 0);
  });
});
