import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RpcAnswer, RpcFailureCode } from '../../src/contracts/rpc.js';
import { isPremature, readLookup, readSubmission } from '../../src/delivery/submission.js';

const answer = (result: unknown): RpcAnswer => ({ ok: true, result });
const error = (rpcCode: number, detail: string): RpcAnswer => ({ ok: false, code: 'rpc-error', detail, rpcCode });
const lost = (code: RpcFailureCode, detail = 'dashd'): RpcAnswer => ({ ok: false, code, detail });

describe("dashd's answer to submitblock", () => {
  const TABLE: readonly (readonly [string, RpcAnswer, string, string?])[] = [
    ['null', answer(null), 'accepted'],
    ['duplicate', answer('duplicate'), 'duplicate'],
    ['inconclusive', answer('inconclusive'), 'inconclusive', 'inconclusive'],
    ['duplicate-inconclusive', answer('duplicate-inconclusive'), 'inconclusive', 'duplicate-inconclusive'],
    ['duplicate-invalid', answer('duplicate-invalid'), 'rejected', 'duplicate-invalid'],
    ['a reason', answer('bad-txnmrklroot'), 'rejected', 'bad-txnmrklroot'],
    ['no parent', answer('prev-blk-not-found'), 'rejected', 'prev-blk-not-found'],
    ['a time ahead', answer('time-too-new'), 'rejected', 'time-too-new'],
    ['rejected', answer('rejected'), 'rejected', 'rejected'],
    ['a word that ought to be impossible', answer('valid?'), 'rejected', 'valid?'],
    ['no word', answer(''), 'rejected', ''],
    ['megabytes', answer('x'.repeat(5_000_000)), 'rejected', 'x'.repeat(200)],
    ['a number', answer(7), 'unavailable', 'unexpected answer to submitblock: 7'],
    ['an object', answer({ a: 1 }), 'unavailable', 'unexpected answer to submitblock: {"a":1}'],
    ['nothing', answer(undefined), 'unavailable', 'unexpected answer to submitblock: undefined'],
    ['a bad block', error(-22, 'Block decode failed'), 'rejected', 'Block decode failed'],
    ['a full disk', error(-25, 'Disk space is too low'), 'unavailable', 'rpc-error: Disk space is too low'],
    ['a rule broken', error(-26, 'bad-cb'), 'rejected', 'bad-cb'],
    ['in the chain', error(-27, 'already'), 'duplicate'],
    [
      'warming-up',
      { ok: false, code: 'warming-up', detail: 'Loading', rpcCode: -28 },
      'unavailable',
      'warming-up: Loading',
    ],
    ['no such method', error(-32601, 'Method not found'), 'unavailable', 'rpc-error: Method not found'],
    ['not there', lost('unreachable', 'ECONNREFUSED'), 'unavailable', 'unreachable: ECONNREFUSED'],
    ['slow', lost('timeout'), 'unavailable', 'timeout: dashd'],
    ['unauthorised', lost('unauthorised'), 'unavailable', 'unauthorised: dashd'],
    ['HTML', lost('not-json', '<html>'), 'unavailable', 'not-json: <html>'],
  ];
  for (const [name, answer, outcome, reason] of TABLE) {
    it(`${name}: ${outcome}`, () => {
      assert.deepEqual(readSubmission(answer), reason === undefined ? { outcome } : { outcome, reason });
    });
  }

  it('is shown in part when it is long', () => {
    const { reason } = readSubmission(answer(['x'.repeat(10_000)]));
    assert.ok((reason?.length ?? 0) < 150);
  });

  it("is premature for want of a parent, and where dashd's clock is behind", () => {
    const premature = TABLE.filter(([, answer]) => isPremature(readSubmission(answer))).map(([name]) => name);
    assert.deepEqual(premature, ['no parent', 'a time ahead']);
    assert.equal(isPremature({ outcome: 'unavailable', reason: 'prev-blk-not-found' }), false);
  });
});

describe("dashd's answer to getblockheader", () => {
  const TABLE: readonly (readonly [string, RpcAnswer, string])[] = [
    ['the tip', answer({ confirmations: 1 }), 'active'],
    ['deep in the chain', answer({ confirmations: 144, height: 3 }), 'active'],
    ['beside the chain', answer({ confirmations: -1 }), 'side-branch'],
    ['none at all', answer({ confirmations: 0 }), 'side-branch'],
    ['not found', error(-5, 'Block not found'), 'unknown'],
    ['not reached', lost('unreachable'), 'unknown'],
    ['null', answer(null), 'unknown'],
    ['hex', answer('00ff'), 'unknown'],
    ['no confirmations', answer({ height: 3 }), 'unknown'],
    ['confirmations in words', answer({ confirmations: '1' }), 'unknown'],
  ];
  for (const [name, answer, where] of TABLE) {
    it(`${name}: ${where}`, () => assert.equal(readLookup(answer), where));
  }
});
