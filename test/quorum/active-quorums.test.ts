import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ActiveQuorums, reachable, signingHeight, viewOf } from '../../src/quorum/active-quorums.js';

/** The first of these signed height 360 on a regtest network of dashd 23.1.2. */
const SIGNED_360 = '4e431609dc9c15d0b19df226f525a45cfcbb9df0f48e065e86fcfb99afd8c7b1';
const OTHER = '387ba1261047f8a2e48bb71e714370d07aaa447fecac09500d6e5327fe5b7027';
const LLMQ_TEST = 100;

const quorum = (hash: string, ...members: readonly (readonly [masternode: string, peer?: string])[]) => ({
  hash,
  type: LLMQ_TEST,
  members: members.map(([masternode, peer]) => ({ masternode, ...(peer !== undefined && { peer }) })),
});

const active: ActiveQuorums = {
  tip: 'aa',
  height: 359,
  type: LLMQ_TEST,
  quorums: [
    quorum(OTHER, ['m1', '1.1.1.1:9999'], ['m2', '2.2.2.2:9999'], ['m4']),
    quorum(SIGNED_360, ['m2', '2.2.2.2:9999'], ['m3', '3.3.3.3:9999']),
  ],
};

describe('the quorums as of a tip', () => {
  test('are those that are active 7 blocks below it: 8 below the next block', () => {
    assert.equal(signingHeight(359), 352);
  });

  test('name the one that signs the next block, as dashd does', () => {
    assert.equal(viewOf(active, new Map()).signing, SIGNED_360);
    assert.equal(viewOf({ ...active, quorums: [] }, new Map()).signing, undefined);
  });

  test('say by address which masternode a peer is, and what its part in the next block is', () => {
    const view = viewOf(active, new Map());
    const known = ['1.1.1.1:9999', '2.2.2.2:9999', '3.3.3.3:9999', '4.4.4.4:9999'].map((peer) => [
      view.masternodeOf(peer),
      view.roleOf(peer),
    ]);
    assert.deepEqual(known, [
      ['m1', 'member'],
      // Of both.
      ['m2', 'signer'],
      ['m3', 'signer'],
      [undefined, undefined],
    ]);
  });

  test('believe what a peer says of itself before its address: masternodes move', () => {
    const claims = new Map([['1.1.1.1:9999', 'm9']]);
    const view = viewOf(active, claims);
    assert.deepEqual([view.masternodeOf('1.1.1.1:9999'), view.roleOf('1.1.1.1:9999')], ['m9', undefined]);
    assert.equal(view.roleOf('5.5.5.5:9999'), undefined);
    claims.set('5.5.5.5:9999', 'm4');
    assert.equal(view.roleOf('5.5.5.5:9999'), 'member');
  });
});

test('of the members of quorums, those with an address can be connected to, each once', () => {
  const members = reachable(active.quorums, (peer) => peer.slice(0, 3));
  assert.deepEqual(members, [
    { masternode: 'm1', peer: '1.1.1.1:9999', group: '1.1', quorums: [OTHER] },
    { masternode: 'm2', peer: '2.2.2.2:9999', group: '2.2', quorums: [OTHER, SIGNED_360] },
    { masternode: 'm3', peer: '3.3.3.3:9999', group: '3.3', quorums: [SIGNED_360] },
  ]);
});
