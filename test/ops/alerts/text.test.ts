import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { clean, cut, formatDuration, formatTime } from '../../../src/ops/alerts/text.js';

const LONE_SURROGATE = /\p{Cs}/u;

describe('words', () => {
  test('of durations name the two greatest units', () => {
    const cases = [
      [0, 'less than a second'],
      [1_000, '1 s'],
      [250_999, '4 min 10 s'],
      [60_000, '1 min'],
      [3_600_000, '1 h'],
      [3_605_000, '1 h'],
      [3 * 3_600_000 + 300_000, '3 h 5 min'],
      [30 * 3_600_000, '1 d 6 h'],
    ] as const;
    for (const [ms, words] of cases) assert.equal(formatDuration(ms), words);
  });

  test('of times are UTC', () => {
    assert.equal(formatTime(Date.UTC(2026, 10, 22, 9, 5, 7, 999)), '2026-11-22 09:05:07 UTC');
  });

  test('of others are cut to their bound, never within a character, and left alone below it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const short = cut(text, max);
        assert.ok(short.length <= max);
        assert.ok(!LONE_SURROGATE.test(short) || LONE_SURROGATE.test(text));
        if (text.length <= max) assert.equal(short, text);
        else assert.ok(short.endsWith('…') && text.startsWith(short.slice(0, -1)));
        assert.doesNotMatch(clean(text, max), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.ok(clean(text, max).length <= max);
      }),
    );
  });
});
