import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dated, HOUR_MS, momentOf } from '../src/time.js';
import { TestClock } from './support/clock.js';

const START = 1_794_000_000_000;

describe('a moment', () => {
  it('keeps its date, to the last digit, while the clock goes as it should', () => {
    const clock = new TestClock(START);
    const moment = momentOf(clock);
    clock.pass(24 * HOUR_MS);
    // What NTP corrects without anybody noticing.
    clock.set(-40);
    assert.equal(dated(moment, clock), START);
  });

  for (const [what, byMs] of [
    ['ahead', 5 * HOUR_MS],
    ['back', -5 * HOUR_MS],
    ['from 1970 to today', 56 * 365 * 24 * HOUR_MS],
  ] as const) {
    it(`is dated by the new clock once that is set ${what}`, () => {
      const clock = new TestClock(START);
      const moment = momentOf(clock);
      clock.pass(1_000);
      clock.set(byMs);
      assert.equal(dated(moment, clock), START + byMs);
      clock.pass(HOUR_MS);
      assert.equal(dated(moment, clock), START + byMs);
    });
  }
});
