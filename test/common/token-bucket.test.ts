import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fullBucket, take, tokensIn } from '../../src/common/token-bucket.js';

const RATE = { burst: 10, perSecond: 2 };

describe('a token bucket', () => {
  test('gives its burst at once, and nothing beyond it', () => {
    const empty = take(fullBucket(RATE, 0), 10, RATE, 0);
    assert.deepEqual(empty, { left: 0, at: 0 });
    assert.equal(empty && take(empty, 1, RATE, 0), undefined);
  });

  test('refills by the second, up to its burst', () => {
    const empty = { left: 0, at: 1_000 };
    assert.equal(tokensIn(empty, RATE, 1_500), 1);
    assert.equal(tokensIn(empty, RATE, 1_000_000), 10);
  });

  test('keeps tokens that were added beyond its burst', () => {
    assert.equal(tokensIn({ left: 25, at: 0 }, RATE, 60_000), 25);
  });

  test('is not refilled by a clock that was set back', () => {
    assert.equal(tokensIn({ left: 3, at: 60_000 }, RATE, 0), 3);
  });

  test('never gives more than its burst and what time brings', () => {
    const steps = fc.array(fc.tuple(fc.nat(5_000), fc.nat(12)), { maxLength: 100 });
    fc.assert(
      fc.property(steps, (requests) => {
        let bucket = fullBucket(RATE, 0);
        let [now, taken] = [0, 0];
        for (const [pauseMs, count] of requests) {
          now += pauseMs;
          const next = take(bucket, count, RATE, now);
          if (next === undefined) continue;
          bucket = next;
          taken += count;
        }
        assert.ok(taken <= RATE.burst + (now / 1_000) * RATE.perSecond + 1e-6, `${taken} in ${now} ms`);
      }),
    );
  });
});
