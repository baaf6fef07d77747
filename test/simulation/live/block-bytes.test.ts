import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { Chain } from '../../../src/simulated/chain.js';
import { BlockBytes } from '../../../src/simulation/live/block-bytes.js';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import { clockAt } from '../../support/clock.js';
import { hashOf } from './support.js';

const NOW = 1_794_000_000_000;
const BYTES = 15_000;
const ROOT: SimBlock = { id: 1, nth: 1, height: 100, parent: undefined, bytes: 0, transactions: 0 };

function on(parent: SimBlock, id: number): SimBlock {
  return { id, nth: id, height: parent.height + 1, parent, bytes: BYTES, transactions: 30 };
}

function setUp() {
  const clock = clockAt(NOW);
  const chain = new Chain({ clock, specialFrom: 1 });
  return { chain, bytes: new BlockBytes(chain, ROOT, clock) };
}

before(loadX11);

describe('blocks of the coarse network as bytes', () => {
  test('are valid on the base chain, of their size, and known by their hashes', () => {
    const { chain, bytes } = setUp();
    const child = on(on(ROOT, 2), 3);
    // The child first: its parent is mined because of it.
    const raws = [child, child.parent].map((block) => bytes.rawOf(block ?? ROOT)).reverse();
    for (const raw of raws) {
      assert.ok(chain.accept(raw, true).accepted);
      assert.ok(Math.abs(raw.length - BYTES) <= 2);
    }
    assert.equal(chain.tip.height, 2);
    assert.equal(bytes.blockOf(chain.tip.hash), child);
    assert.equal(bytes.blockOf(chain.at(0)?.hash ?? ''), ROOT);
  });

  test('are the same at each call, and others for competing blocks', () => {
    const { bytes } = setUp();
    const [one, other] = [on(ROOT, 2), on(ROOT, 3)];
    assert.equal(bytes.rawOf(one), bytes.rawOf(one));
    assert.notEqual(hashOf(bytes.rawOf(one)), hashOf(bytes.rawOf(other)));
    assert.equal(bytes.blockOf(hashOf(bytes.rawOf(other))), other);
  });

  test('do not include the one that all nodes start with', () => {
    assert.throws(() => setUp().bytes.rawOf(ROOT), /all nodes start with/);
  });
});
