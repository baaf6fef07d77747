import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChainTip } from '../../src/streams/tip.js';

/** A tip on the chain a ← b ← c. */
function chain(): ChainTip {
  const tip = new ChainTip();
  tip.see('a', '0', 1);
  tip.see('b', 'a', 2);
  tip.see('c', 'b', 3);
  tip.move('c');
  return tip;
}

describe('the tip', () => {
  it('is unknown at first', () => {
    const tip = new ChainTip();
    assert.deepEqual([tip.hash, tip.height, tip.knows('a')], [undefined, 0, false]);
  });

  it('moves to what it is told, known or not, and says whether it did', () => {
    const tip = chain();
    assert.equal(tip.hash, 'c');
    assert.equal(tip.move('c'), false);
    assert.equal(tip.move('unheard of'), true);
    assert.equal(tip.knows('unheard of'), true);
    assert.equal(tip.move('rival of c'), true);
  });

  it('does not move back to an ancestor: that is old news from a slower source', () => {
    const tip = chain();
    assert.equal(tip.move('b'), false);
    assert.equal(tip.move('a'), false);
    assert.equal(tip.hash, 'c');
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((hash) => tip.isAncestor(hash)),
      [true, true, false, false],
    );
  });

  it('learns a parent later', () => {
    const tip = new ChainTip();
    tip.move('c');
    tip.see('c', 'b', 3);
    assert.equal(tip.move('b'), false);
    tip.see('c');
    assert.equal(tip.isAncestor('b'), true, 'and is not talked out of it by hearsay');
  });

  it('has the greatest height it heard of', () => {
    const tip = chain();
    tip.see('x', 'y', 2);
    tip.see('rumour');
    assert.equal(tip.height, 3);
    tip.see('genesis', undefined, 9);
    assert.equal(tip.height, 9);
  });

  it('goes back to the parent of a block that dashd refused, with all that stood on it', () => {
    const tip = chain();
    tip.retract('b');
    assert.equal(tip.hash, 'a');
    assert.equal(tip.knows('b'), false);
    tip.retract('c');
    assert.equal(tip.hash, 'a');
    assert.equal(tip.move('d'), true);
  });

  it('stays where it is when a stranger is refused', () => {
    const tip = chain();
    tip.see('x', 'a');
    tip.retract('x');
    tip.retract('never heard of');
    assert.equal(tip.hash, 'c');
    assert.equal(tip.knows('x'), false);
  });

  it('remembers a bounded number of blocks, the latest', () => {
    const tip = new ChainTip();
    for (let height = 1; height <= 1_000; height += 1) {
      tip.see(String(height), String(height - 1), height);
      tip.move(String(height));
    }
    assert.deepEqual(
      ['1000', '401', '400'].map((hash) => tip.knows(hash)),
      [true, true, false],
    );
    assert.equal(tip.hash, '1000');
  });

  it('is not made to forget by rumours, however many, and does not hoard them', () => {
    const tip = chain();
    for (let i = 0; i < 100_000; i += 1) tip.see(`rumour ${i}`);
    assert.deepEqual(
      ['a', 'b', 'c', 'rumour 99999', 'rumour 1'].map((hash) => tip.knows(hash)),
      [true, true, true, true, false],
    );
    assert.equal(tip.move('b'), false);
  });
});
