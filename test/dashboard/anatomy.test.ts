import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlockAnatomy, Payee } from '../../src/contracts/anatomy.js';
import {
  byAmount,
  coinbaseText,
  feesText,
  formatDash,
  kindName,
  sharesOf,
  unreadableNote,
} from '../../src/dashboard/model/anatomy.js';

type Coinbase = NonNullable<BlockAnatomy['coinbase']>;
const coinbase = (payees: readonly Payee[], more: Partial<Coinbase> = {}): Coinbase => ({
  ...{ text: '', script: '0102', payees, outputs: payees.length },
  ...more,
});

describe('what a block is made of', () => {
  test('amounts are in DASH, with two decimals or more', () => {
    assert.deepEqual([0, 1, 150_000_000, 123_456_789_012].map(formatDash), [
      '0.00 DASH',
      '0.00000001 DASH',
      '1.50 DASH',
      '1,234.56789012 DASH',
    ]);
  });

  test('each type of Dash 23 has a name, those of Core 24 are called so, others by their number', () => {
    assert.deepEqual([0, 5, 6, 9, 10, 12, 13, 65_535].map(kindName), [
      'payment',
      'coinbase',
      'quorum commitment',
      'asset unlock',
      'Core 24, type 10',
      'Core 24, type 12',
      'type 13',
      'type 65535',
    ]);
  });

  test('payloads that the library cannot read are said to be so', () => {
    const notes = [0, 1, 3].map((unreadable) => unreadableNote({ type: 5, count: 3, bytes: 9, unreadable }));
    assert.deepEqual(notes, [undefined, '1 not readable', 'payload not readable']);
  });

  test('shares are summed; what is not listed, or not known, is of no known share', () => {
    const payees: Payee[] = [
      { amount: 5, share: 'masternode' },
      { amount: 3, share: 'miner' },
      { amount: 2, share: 'miner' },
      { amount: 1 },
      { amount: 0 },
      {},
    ];
    assert.deepEqual(sharesOf(coinbase(payees, { amount: 20 })), [
      { share: 'miner', amount: 5 },
      { share: 'masternode', amount: 5 },
      { share: 'unknown', amount: 10 },
    ]);
    assert.deepEqual(
      byAmount(payees).map(({ amount }) => amount),
      [5, 3, 2, 1, 0, undefined],
    );
  });

  test('fees are told as far as dashd knows them', () => {
    assert.equal(feesText(undefined), 'fees not known');
    assert.equal(feesText({ total: 0, meanRate: 0 }), '0.00 DASH in fees');
    assert.equal(
      feesText({ total: 61_240, lowestRate: 1, meanRate: 1.44, highestRate: 12 }),
      '0.0006124 DASH in fees, 1.4 duffs per byte on average (1 to 12)',
    );
  });

  test('the text of the coinbase is one line without what steers or turns it; a script without text says so', () => {
    assert.equal(coinbaseText(coinbase([], { text: '<b>a\u202epool\u0007' })), '<b>a pool');
    assert.equal(coinbaseText(coinbase([])), 'no readable text in 2 bytes');
  });
});
