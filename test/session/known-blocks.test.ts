import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KnownBlocks, MAX_KNOWN_BLOCKS } from '../../src/session/known-blocks.js';
import { hashOf } from './support.js';

const FEW = 16;

describe('the blocks that a peer is known to have', () => {
  it('are the newest, all but a few of as many as are kept', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (counts) => {
        let known = KnownBlocks.NONE;
        let last = 0;
        for (const count of counts) {
          known = known.add(Array.from({ length: count }, (_, at) => hashOf(last + at + 1)));
          last += count;
        }
        const least = Math.min(last, MAX_KNOWN_BLOCKS - FEW);
        assert.ok(known.size >= least && known.size <= MAX_KNOWN_BLOCKS);
        const newest = Array.from({ length: known.size }, (_, at) => hashOf(last - known.size + at + 1));
        assert.deepEqual([...known], newest);
        for (let number = 1; number <= last + 1; number += 1) {
          assert.equal(known.has(hashOf(number)), number > last - known.size && number <= last);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('never change: with one more they are others', () => {
    const before = KnownBlocks.NONE.add([hashOf(1)]);
    const after = before.add([hashOf(2)]);
    assert.deepEqual([before.has(hashOf(2)), after.has(hashOf(1)), after.has(hashOf(2))], [false, true, true]);
    assert.equal(before.add([]), before);
  });
});
