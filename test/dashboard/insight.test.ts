import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LockCount } from '../../src/contracts/locks.js';
import type { BlockPropagation, Sight, WitnessView } from '../../src/contracts/propagation.js';
import {
  chainLockLabel,
  clearText,
  lockLabel,
  lockParts,
  milestonesOf,
  seenText,
} from '../../src/dashboard/model/locks.js';
import {
  comparisonText,
  pointsOf,
  recordText,
  regionsText,
  sightText,
  witnessRows,
} from '../../src/dashboard/model/propagation.js';
import { block, hash, listed, NOW } from './support.js';

const count = (more: Partial<LockCount> = {}): LockCount => ({
  ...{ transactions: 12, locked: 12, delaying: 0, aged: 0, unchecked: 0, named: [] },
  ...more,
});

describe('what delays a ChainLock', () => {
  test('is counted in words: nothing, one, many', () => {
    const words = [0, 1, 10].map((delaying) => lockLabel(count({ delaying }), 'in this block'));
    assert.deepEqual(words, [
      { text: 'Nothing in this block delays the ChainLock', tone: 'good' },
      { text: '1 of 12 transactions in this block delays the ChainLock', tone: 'warn' },
      { text: '10 of 12 transactions in this block delay the ChainLock', tone: 'warn' },
    ]);
  });

  test('is told as past once the block has its ChainLock', () => {
    const words = [0, 2].map((delaying) => lockLabel(count({ delaying }), 'in this block', true).text);
    assert.deepEqual(words, [
      'Nothing in this block delayed the ChainLock',
      '2 of 12 transactions in this block delayed the ChainLock',
    ]);
  });

  test('is not claimed to be nothing where dashd did not say', () => {
    assert.equal(lockLabel(count({ unknown: 'no-answer' }), 'x').tone, 'quiet');
    assert.equal(lockLabel(count({ unchecked: 3 }), 'x').tone, 'quiet');
    assert.equal(lockLabel(count({ unknown: 'instantsend-off' }), 'x').tone, 'good');
  });

  test('has its parts, and ends when all are ten minutes old', () => {
    const some = count({ locked: 8, delaying: 2, aged: 1, unchecked: 1, clearAt: NOW + 61_000 });
    assert.deepEqual(lockParts(some), [
      '8 of 12 InstantSend-locked',
      '1 not locked, but older than 10 minutes',
      '1 not asked about',
    ]);
    assert.deepEqual(lockParts(count({ unknown: 'too-many' })), []);
    assert.equal(clearText(some, NOW), 'All are 10 minutes old in 1 min 1 s.');
    assert.equal(clearText(some, NOW + 90_000), 'All of them are 10 minutes old by now.');
    assert.equal(clearText(count(), NOW), undefined);
    assert.deepEqual(
      [undefined, NOW - 5_000].map((at) => seenText(at, NOW)),
      ['not seen before', 'known 5 s before'],
    );
  });
});

describe('the way to the ChainLock', () => {
  test('is what was measured of it, in order, the ChainLock last', () => {
    const verdict = { ...listed(1), firstMs: 12, medianMs: 60, signers: { tried: 5, reached: 5, majorityMs: 40 } };
    const propagation = { own: true, witnesses: 3, seen: 3, medianMs: 130 };
    const finality = {
      at: NOW,
      state: 'chainlocked',
      chainLock: { ms: 1_000, sinceTipMs: 980, seen: 'asked' },
    } as const;
    assert.deepEqual(milestonesOf(block(1, { verdict, propagation, finality })), [
      { name: 'first peer', ms: 12 },
      { name: 'dashd’s tip', ms: 20 },
      { name: '60 % of the signers', ms: 40 },
      { name: 'half of the peers', ms: 60 },
      { name: 'half of the witnesses', ms: 130 },
      { name: 'ChainLock', ms: 1_000, note: 'or earlier: dashd was asked' },
    ]);
    assert.deepEqual(milestonesOf(block(1)), []);
  });

  test('ends in a word, also where its time is not known', () => {
    const label = (finality: Parameters<typeof block>[1]) => chainLockLabel(block(1, finality), NOW + 7_000).text;
    const at = NOW;
    assert.equal(label({}), 'no ChainLock yet, 7 s after its arrival');
    assert.equal(
      label({ finality: { at, state: 'chainlocked', chainLock: { ms: 1_240, seen: 'feed' } } }),
      'ChainLocked in 1.24 s',
    );
    assert.equal(label({ finality: { at, state: 'chainlocked' } }), 'ChainLocked; when was not seen');
    assert.equal(label({ finality: { at, state: 'buried' } }), 'buried without a ChainLock');
    assert.equal(label({ finality: { at, state: 'orphaned' } }), 'orphaned: it has no ChainLock');
  });
});

const witness = (peer: string, more: Partial<WitnessView> = {}): WitnessView => ({
  ...{ peer, state: 'connected', since: NOW, group: '192.0', why: 'x', counted: 4, early: 0, unseen: 0, unknown: 0 },
  ...more,
});

describe('witnesses', () => {
  test('stand in the order in which they had the block; the others, former ones too, behind', () => {
    const sights: Sight[] = [
      { peer: 'c', state: 'unseen' },
      { peer: 'b', state: 'counted', seenMs: 90, country: 'DE' },
      { peer: 'gone', state: 'counted', seenMs: 30 },
      { peer: 'e', state: 'early', announcedMs: -5 },
    ];
    const rows = witnessRows([witness('a', { state: 'connecting' }), witness('b'), witness('c'), witness('e')], sights);
    assert.deepEqual(
      rows.map((row) => [row.peer, sightText(row), row.witness === undefined]),
      [
        ['gone', '30 ms', true],
        ['b', '90 ms', false],
        ['a', 'connecting…', false],
        ['c', 'not announced', false],
        ['e', 'too early: not counted', false],
      ],
    );
  });

  test('have a record, and regions', () => {
    assert.equal(recordText(witness('a', { early: 1, unseen: 2 })), '4 blocks counted, 1 too early, 2 not announced');
    const some = [witness('a', { country: 'DE' }), witness('b', { country: 'DE' }), witness('c', { country: '<b>' })];
    assert.equal(
      regionsText([...some, witness('d', { state: 'connecting' })]),
      '2 in Germany, 1 in an unknown country',
    );
  });

  test('own blocks are compared with others’', () => {
    const texts = [
      [100, 150],
      [150, 100],
      [100, 100.4],
      [undefined, 100],
    ].map(([own, others]) =>
      comparisonText({ own: { blocks: 1, ...means(own) }, others: { blocks: 1, ...means(others) } }),
    );
    assert.deepEqual(texts, [
      'Own blocks spread 50 ms faster than others’.',
      'Own blocks spread 50 ms slower than others’.',
      'Own blocks spread as fast as others’.',
      'No block of the pool’s has reached the witnesses since the start.',
    ]);
  });

  test('blocks with a median are points, the oldest first', () => {
    const of = (n: number, medianMs?: number): BlockPropagation => ({
      ...{ type: 'propagation', at: NOW, hash: hash(n), own: true, witnesses: 2, seen: 1, sights: [] },
      ...means(medianMs),
    });
    assert.deepEqual(
      pointsOf([of(3, 30), of(2), of(1, 10)]).map(({ medianMs }) => medianMs),
      [10, 30],
    );
  });
});

function means(medianMs: number | undefined): { readonly medianMs?: number } {
  return medianMs === undefined ? {} : { medianMs };
}
