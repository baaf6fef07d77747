import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requiredOf, withShares } from '../../src/block/shares.js';
import type { Payee } from '../../src/contracts/anatomy.js';

const paid = (...addresses: string[]): Payee[] => addresses.map((address) => ({ address, amount: 1 }));
const shares = (payees: readonly Payee[], winners: string | undefined, isSuperblock = false) =>
  withShares(payees, requiredOf(winners, isSuperblock)).map(({ share }) => share);

describe('shares of the block reward', () => {
  test("what dashd requires is the masternode's, the rest with an address the miner's", () => {
    const payees: Payee[] = [...paid('Xminer', 'Xmasternode'), { amount: 5, share: 'platform' }, { amount: 0 }];
    assert.deepEqual(shares(payees, 'Xmasternode'), ['miner', 'masternode', 'platform', undefined]);
  });

  test("a second address is the masternode's operator, and in a superblock a proposal", () => {
    const payees = paid('Xminer', 'Xmasternode', 'Xother');
    assert.deepEqual(shares(payees, 'Xmasternode, Xother'), ['miner', 'masternode', 'masternode']);
    assert.deepEqual(shares(payees, 'Xmasternode, Xother', true), ['miner', 'masternode', 'superblock']);
  });

  test('without a masternode to pay all is the miner’s', () => {
    assert.deepEqual(shares(paid('Xminer'), undefined), ['miner']);
    assert.deepEqual(shares(paid('Xminer'), 'Unknown'), ['miner']);
  });

  test('where a required address is missing nothing is guessed of the others', () => {
    assert.deepEqual(shares(paid('Xone', 'Xmasternode'), 'Xmasternode, Xmissing'), [undefined, 'masternode']);
  });
});
