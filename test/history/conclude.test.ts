import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinalityState } from '../../src/contracts/events.js';
import {
  type BranchTip,
  conclude,
  type FinalityEvidence,
  type HeaderInfo,
  needsBranches,
} from '../../src/history/conclude.js';
import { hashOf } from './support.js';

const HEIGHT = 1_000;
const block = (confirmations: number, chainlock = false): HeaderInfo => ({
  hash: hashOf(1),
  height: HEIGHT,
  confirmations,
  chainlock,
});
const rival = (confirmations: number, chainlock = false): HeaderInfo => ({
  ...block(confirmations, chainlock),
  hash: hashOf(2),
});
const tip = (
  height: number,
  branchlen: number,
  status = 'valid-fork',
  hash = hashOf(height + branchlen),
): BranchTip => ({
  hash,
  height,
  branchlen,
  status,
});
const active = (height: number) => tip(height, 0, 'active');
const ours = tip(HEIGHT, 1, 'valid-fork', hashOf(1));

const orphaned = { state: 'orphaned', height: HEIGHT, by: hashOf(2) } as const;
const inChain = (state: FinalityState, confirmations: number) => ({
  state,
  height: HEIGHT,
  confirmations,
  settled: state !== 'pending',
});

const table: readonly [string, FinalityEvidence, ReturnType<typeof conclude>][] = [
  ['the tip', { block: block(1) }, inChain('pending', 1)],
  ['99 confirmations', { block: block(99) }, inChain('pending', 99)],
  ['100 confirmations', { block: block(100) }, inChain('buried', 100)],
  ['a ChainLock', { block: block(1, true) }, inChain('chainlocked', 1)],
  ['a ChainLock, long ago', { block: block(5_000, true) }, inChain('chainlocked', 5_000)],
  [
    'a ChainLock for a chain that dashd has not changed to yet',
    { block: block(-1, true), rival: rival(3) },
    { state: 'chainlocked', height: HEIGHT, settled: true },
  ],
  ['nothing at its height yet', { block: block(-1) }, undefined],
  ['a rival at the same height', { block: block(-1), rival: rival(1) }, undefined],
  ['a rival that is ChainLocked', { block: block(-1), rival: rival(1, true) }, { ...orphaned, settled: true }],
  [
    'a rival with a block on it',
    { block: block(-1), rival: rival(2), branches: [active(1_001), ours] },
    { ...orphaned, settled: false },
  ],
  ['a rival with a block on it, branches unknown', { block: block(-1), rival: rival(2) }, undefined],
  [
    'a rival with a block on it, but one on ours too',
    { block: block(-1), rival: rival(2), branches: [active(1_001), tip(1_001, 2)] },
    undefined,
  ],
  [
    'a block on ours, outgrown',
    { block: block(-1), rival: rival(3), branches: [active(1_002), tip(1_001, 2)] },
    { ...orphaned, settled: false },
  ],
  [
    'blocks on ours of which only the headers came',
    { block: block(-1), rival: rival(2), branches: [active(1_001), tip(1_005, 6, 'headers-only')] },
    undefined,
  ],
  [
    'blocks on ours that are invalid',
    { block: block(-1), rival: rival(2), branches: [active(1_001), tip(1_005, 6, 'invalid')] },
    { ...orphaned, settled: false },
  ],
  [
    'blocks on ours that conflict with a ChainLock',
    { block: block(-1), rival: rival(2), branches: [active(1_001), tip(1_005, 6, 'conflicting')] },
    { ...orphaned, settled: false },
  ],
  [
    'a branch that parts above it, and one that ends below it',
    { block: block(-1), rival: rival(3), branches: [active(1_002), ours, tip(1_002, 1), tip(990, 5)] },
    { ...orphaned, settled: false },
  ],
  ['branches without the active one', { block: block(-1), rival: rival(2), branches: [ours] }, undefined],
  [
    'a chain that has changed since the rival was looked at',
    { block: block(-1), rival: rival(2), branches: [active(1_000), ours] },
    undefined,
  ],
  [
    'a rival that is out of the chain again',
    { block: block(-1), rival: rival(-1), branches: [active(1_001)] },
    undefined,
  ],
  ['a rival that is buried', { block: block(-1), rival: rival(100) }, { ...orphaned, settled: true }],
  ['unknown, without a rival', {}, undefined],
  ['unknown, and a rival with 99', { rival: rival(99) }, undefined],
  ['unknown, and a rival with 100', { rival: rival(100) }, { ...orphaned, settled: true }],
  ['unknown, and a rival that is ChainLocked', { rival: rival(1, true) }, { ...orphaned, settled: true }],
  ['unknown, whatever the branches', { rival: rival(50), branches: [active(1_049)] }, undefined],
];

describe('what became of a block', () => {
  for (const [what, facts, expected] of table) it(what, () => assert.deepEqual(conclude(facts), expected));
});

describe('branches', () => {
  const asked = (facts: FinalityEvidence, before: FinalityState = 'pending') => needsBranches(facts, before);

  it('are asked for only where they decide', () => {
    assert.equal(asked({ block: block(-1), rival: rival(2) }), true);
    assert.equal(asked({ block: block(-1), rival: rival(99) }), true);
    assert.equal(asked({ block: block(-1), rival: rival(1) }), false);
    assert.equal(asked({ block: block(-1), rival: rival(100) }), false);
    assert.equal(asked({ block: block(-1), rival: rival(2, true) }), false);
    assert.equal(asked({ block: block(3), rival: rival(2) }), false);
    assert.equal(asked({ block: block(-1) }), false);
    assert.equal(asked({ rival: rival(2) }), false);
  });

  it('are not asked for again once a block is orphaned', () => {
    assert.equal(asked({ block: block(-1), rival: rival(2) }, 'orphaned'), false);
  });
});
