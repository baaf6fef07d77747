import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';

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

  it('moves to the tip that it is given, known or not, and says whether it did', () => {
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
    assert.equal(tip.isAncestor('b'), true, 'and does not forget it');
  });

  it("has its tip's height, and the greatest known while that is not", () => {
    const tip = chain();
    tip.see('x', 'y', 9);
    assert.equal(tip.height, 3);
    tip.move('not yet seen');
    assert.equal(tip.height, 9);
    tip.see('not yet seen', 'c');
    assert.equal(tip.height, 4, 'one above its parent');
  });

  it('gives our own block the height above its parent, whatever it claims, and none when that is unknown', () => {
    const tip = chain();
    tip.add('ours', 'c', 0, true);
    tip.add('stray', 'unheard of', 0, true);
    assert.deepEqual([tip.heightOf('ours'), tip.heightOf('stray'), tip.height], [4, undefined, 3]);
  });

  it('takes no block for a known parent of which dashd could not be asked', () => {
    const tip = chain();
    tip.add('ours', 'unheard of', 0, false);
    tip.add('child', 'ours', 0, false);
    tip.move('child');
    assert.deepEqual([tip.knows('ours'), tip.knows('child')], [false, false]);
    tip.see('ours');
    assert.deepEqual([tip.knows('ours'), tip.knows('child')], [true, false]);
  });

  it('reports what the chain is like above a block: height, times and the easiest target that dashd accepted', () => {
    const tip = new ChainTip();
    assert.equal(tip.contextOf('a').easiestTarget, undefined);
    for (let height = 1; height <= 30; height += 1) {
      // The sixth is far easier: the 24 below block 30 and itself begin with block 7.
      const bits = height === 6 ? 0x1e00_ffff : 0x1900_0000 + height;
      tip.see(`${height}`, `${height - 1}`, height, { time: 100 * height, bits });
    }
    tip.add('ours', '30', 5_000, true);
    const around = { parentHeight: 31, parentTime: 5_000, medianTime: 2_600, easiestTarget: 30n << 176n };
    assert.deepEqual(tip.contextOf('ours'), around, 'our own target proves nothing');
    assert.deepEqual(tip.contextOf('30').medianTime, 2_500);
    assert.equal(tip.contextOf('29').easiestTarget, 0xffffn << 216n);
    tip.move('ours');
    const { easiestTarget, ...rest } = tip.contextOf('unheard of');
    assert.equal(easiestTarget, 30n << 176n);
    assert.deepEqual(rest, { parentHeight: undefined, parentTime: undefined, medianTime: undefined });
  });

  it('goes back to the parent of a block that dashd refused, with all that stood on it', () => {
    const tip = chain();
    assert.deepEqual([...tip.retract('b')], ['b', 'c']);
    assert.deepEqual([tip.hash, tip.height], ['a', 1]);
    assert.deepEqual([tip.knows('b'), tip.knows('c'), tip.heightOf('c')], [false, false, undefined]);
    tip.retract('c');
    assert.equal(tip.hash, 'a');
    assert.equal(tip.move('d'), true);
  });

  it('goes back to an ancestor that dashd names again and again, while nothing new comes', () => {
    const tip = chain();
    assert.deepEqual([tip.isNamed('a'), tip.isNamed('a')], [false, false], 'late news, perhaps');
    tip.add('d', 'c', 0, true);
    tip.move('d');
    assert.deepEqual(
      [tip.isNamed('a'), tip.isNamed('a'), tip.isNamed('b')],
      [false, false, false],
      'there is a new tip',
    );
    assert.deepEqual([tip.isNamed('a'), tip.isNamed('a'), tip.isNamed('a')], [false, false, true]);
    assert.deepEqual([tip.hash, tip.height, tip.isAncestor('b')], ['a', 1, false]);
    assert.deepEqual([tip.isNamed('a'), tip.isNamed('x')], [false, true]);
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
});
