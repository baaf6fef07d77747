import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dashcore from '@dashevo/dashcore-lib';
import { COLLATERAL, encodeProRegTx, type Registration } from './pro-reg-tx.js';

const REGISTRATION: Registration = {
  funding: [
    { txid: '11'.repeat(32), index: 0, value: COLLATERAL },
    { txid: '22'.repeat(32), index: 3, value: COLLATERAL },
  ],
  host: '127.0.0.1',
  port: 19_899,
  operatorKey: '928cd65ecfdc6f9cfb892ce3d75d19a0b992e49326ae0a12315c1fa835102b0fcca12e73e8f482653dc2ac3d3db07a38',
};

describe('a transaction that registers a masternode', () => {
  test('is read by another implementation with the address, the operator key and a collateral of its own', () => {
    const transaction = new dashcore.Transaction(encodeProRegTx(REGISTRATION).toString('hex'));
    assert.equal(transaction.type, 1);
    const { extraPayload } = transaction as unknown as { extraPayload: Record<string, unknown> };
    assert.deepEqual(
      [
        extraPayload['version'],
        extraPayload['service'],
        extraPayload['collateralHash'],
        extraPayload['collateralIndex'],
      ],
      [2, '127.0.0.1:19899', '0'.repeat(64), 0],
    );
    assert.equal(extraPayload['pubKeyOperator'], REGISTRATION.operatorKey);
    assert.equal(transaction.outputs[0]?.satoshis, Number(COLLATERAL));
    assert.equal(extraPayload['payloadSigSize'], 0);
  });

  test('is refused when the funding does not cover the collateral and the fee', () => {
    const [one] = REGISTRATION.funding;
    assert.ok(one);
    assert.throws(() => encodeProRegTx({ ...REGISTRATION, funding: [one] }), RangeError);
  });
});
