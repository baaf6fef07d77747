import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { lockableTransactions } from '../../src/block/lockable.js';
import { loadX11 } from '../../src/block/x11.js';
import { mineBlock as block } from './support.js';

function lockable(raw: Buffer): readonly string[] | undefined {
  const steps = lockableTransactions(raw);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

describe('the transactions that a signer waits for', () => {
  before(loadX11);

  it('are none of a block that has a coinbase alone', () => {
    assert.deepEqual(lockable(block()), []);
  });

  it('are not known of a block that cannot be read, wherever it ends', () => {
    const raw = block();
    for (let length = 0; length < raw.length; length += 1) {
      assert.equal(lockable(raw.subarray(0, length)), undefined, `${length} of ${raw.length}`);
    }
  });
});
