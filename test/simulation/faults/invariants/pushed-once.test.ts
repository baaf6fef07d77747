import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pushedOnce } from '../../../../src/simulation/faults/invariants/pushed-once.js';
import type { Seen } from '../../../../src/simulation/faults/observation.js';
import { HASH, judge, OTHER_HASH, PEER } from './support.js';

const dialled = [0, { type: 'dialled', ...PEER }] as const;
const push = { type: 'pushed', ...PEER, hash: HASH, form: 'full' } as const satisfies Seen;
const compact = { ...push, form: 'compact' } as const;
const requested: Seen = { type: 'requested', ...PEER, hash: HASH };

function answered(answer: 'has' | 'has-another' | 'absent'): Seen {
  return { type: 'answered', ...PEER, hash: HASH, answer };
}

describe('No peer is pushed a block twice', () => {
  it('once is right, and another block is another matter', () => {
    assert.equal(judge(pushedOnce, dialled, [1, push], [2, { ...push, hash: OTHER_HASH }]), undefined);
  });

  it('twice over one connection is wrong', () => {
    assert.match(judge(pushedOnce, dialled, [1, push], [2, push]) ?? '', /2 times over one connection/);
  });

  it('its compact form once, and the whole block behind it, is right; the compact form twice is wrong', () => {
    const both = [
      [1, compact],
      [2, push],
    ] as const;
    assert.equal(judge(pushedOnce, dialled, ...both), undefined);
    assert.match(judge(pushedOnce, dialled, ...both, [3, compact]) ?? '', /2 times over one connection \(compact\)/);
    assert.match(judge(pushedOnce, dialled, [1, compact], [2, requested], [3, compact]) ?? '', /2 times/);
  });

  it('once over each of two connections is right', () => {
    const again = { ...PEER, connection: 2 };
    const reconnected = [
      [2, { type: 'closed', ...PEER }],
      [3, { type: 'dialled', ...again }],
    ] as const;
    assert.equal(judge(pushedOnce, dialled, [1, push], ...reconnected, [4, { ...push, ...again }]), undefined);
  });

  it('a peer that asks for it is sent it again, as often as it asks', () => {
    const served = [
      [1, push],
      [2, requested],
      [3, push],
    ] as const;
    assert.equal(judge(pushedOnce, dialled, ...served), undefined);
    assert.match(judge(pushedOnce, dialled, ...served, [4, push]) ?? '', /2 times/);
  });

  it('a peer that lacked the parent is sent it again, three times in all', () => {
    const lacked = [2, answered('absent')] as const;
    const twice = [[1, push], lacked, [3, push]] as const;
    assert.equal(judge(pushedOnce, dialled, ...twice, lacked, [4, push]), undefined);
    assert.match(judge(pushedOnce, dialled, ...twice, lacked, [4, push], lacked, [5, push]) ?? '', /4 times/);
  });

  it('a peer that has another block on the parent needs no second copy', () => {
    assert.match(judge(pushedOnce, dialled, [1, push], [2, answered('has-another')], [3, push]) ?? '', /2 times/);
  });

  it('a peer that has shown the block is not pushed it, once the relay has had the time to read that', () => {
    for (const shown of [answered('has'), { type: 'announced', ...PEER, hash: HASH } as const]) {
      assert.equal(judge(pushedOnce, dialled, [1, shown], [6, push]), undefined);
      assert.match(judge(pushedOnce, dialled, [1, shown], [6.001, push]) ?? '', /has shown that it has it/);
      assert.equal(judge(pushedOnce, dialled, [1, shown], [7, requested], [8, push]), undefined);
    }
  });

  it('nothing is written to a connection that is closed', () => {
    assert.match(judge(pushedOnce, dialled, [1, { type: 'closed', ...PEER }], [2, push]) ?? '', /is closed/);
  });
});
