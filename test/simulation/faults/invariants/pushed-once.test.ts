import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pushedOnce } from '../../../../src/simulation/faults/invariants/pushed-once.js';
import type { Seen } from '../../../../src/simulation/faults/observation.js';
import { HASH, judge, OTHER_HASH, PEER, proof } from './support.js';

const dialled = [0, { type: 'dialled', ...PEER }] as const;
const push: Seen = { type: 'pushed', ...PEER, hash: HASH };
const requested: Seen = { type: 'requested', ...PEER, hash: HASH };

describe('No peer is pushed a block twice', () => {
  it('once is right, and another block is another matter', () => {
    assert.equal(judge(pushedOnce, dialled, [1, push], [2, { ...push, hash: OTHER_HASH }]), undefined);
  });

  it('twice over one connection is wrong', () => {
    assert.match(judge(pushedOnce, dialled, [1, push], [2, push]) ?? '', /2 times over one connection/);
  });

  it('once over each of two connections is right', () => {
    const again = { ...PEER, connection: 2 };
    const seen = [
      [2, { type: 'closed', ...PEER }],
      [3, { type: 'dialled', ...again }],
      [4, { ...push, ...again }],
    ] as const;
    assert.equal(judge(pushedOnce, dialled, [1, push], ...seen), undefined);
  });

  it('a peer that asks for it is sent it again, as often as it asks', () => {
    assert.equal(judge(pushedOnce, dialled, [1, push], [2, requested], [3, push]), undefined);
    assert.match(judge(pushedOnce, dialled, [1, push], [2, requested], [3, push], [4, push]) ?? '', /2 times/);
  });

  it('a peer that lacked the parent is sent it again, three times in all', () => {
    const lacked = [2, proof('failed', 'not-in-chain')] as const;
    const twice = [[1, push], lacked, [3, push]] as const;
    assert.equal(judge(pushedOnce, dialled, ...twice, lacked, [4, push]), undefined);
    assert.match(judge(pushedOnce, dialled, ...twice, lacked, [4, push], lacked, [5, push]) ?? '', /4 times/);
  });

  it('a peer that is proven to have it is not pushed it any more', () => {
    for (const status of ['accepted', 'already-had'] as const) {
      assert.match(judge(pushedOnce, dialled, [1, proof(status)], [2, push]) ?? '', /is proven to have it/);
      assert.equal(judge(pushedOnce, dialled, [1, proof(status)], [2, requested], [3, push]), undefined);
    }
  });

  it('nothing is written to a connection that is closed', () => {
    assert.match(judge(pushedOnce, dialled, [1, { type: 'closed', ...PEER }], [2, push]) ?? '', /is closed/);
  });
});
