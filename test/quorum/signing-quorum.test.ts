import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chainLockRequestId, LLMQ_400_60, signingQuorum } from '../../src/quorum/signing-quorum.js';

/** As dashd's RPC shows hashes: the bytes in reverse order. */
function shown(hash: Uint8Array): string {
  return Buffer.from(hash).reverse().toString('hex');
}

function internal(text: string): Buffer {
  return Buffer.from(text, 'hex').reverse();
}

/** `llmq_test`, on regtest. */
const LLMQ_TEST = 100;

describe('the quorum that signs the ChainLock of a height', () => {
  test('the request id of height 360 is the one that dashd 23.1.2 computes', () => {
    assert.equal(shown(chainLockRequestId(360)), 'c0743c369913f90eeaf9a532fe49c8872eafe149d00d6908cf8b7a0a0d227e28');
  });

  test('is the one that signed height 360 on a regtest network of dashd 23.1.2', () => {
    const signed = internal('4e431609dc9c15d0b19df226f525a45cfcbb9df0f48e065e86fcfb99afd8c7b1');
    const other = internal('387ba1261047f8a2e48bb71e714370d07aaa447fecac09500d6e5327fe5b7027');
    assert.equal(signingQuorum(LLMQ_TEST, [signed, other], 360), 0);
    assert.equal(signingQuorum(LLMQ_TEST, [other, signed], 360), 1);
  });

  test('is none when there are no quorums', () => {
    assert.equal(signingQuorum(LLMQ_400_60, [], 360), -1);
  });

  test('is the same quorum in whatever order they are given', () => {
    const hashes = fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
      minLength: 1,
      maxLength: 6,
      selector: (hash) => shown(hash),
    });
    fc.assert(
      fc.property(hashes, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (given, height) => {
        const reversed = [...given].reverse();
        const one = given[signingQuorum(LLMQ_400_60, given, height)];
        const other = reversed[signingQuorum(LLMQ_400_60, reversed, height)];
        assert.deepEqual(one, other);
      }),
    );
  });

  test('signs a quarter of the heights each, where four are active', () => {
    const hashes = ['a', 'b', 'c', 'd'].map((text) => createHash('sha256').update(text).digest());
    const counts = [0, 0, 0, 0];
    for (let height = 1; height <= 2_000; height += 1) {
      const signing = signingQuorum(LLMQ_400_60, hashes, height);
      counts[signing] = (counts[signing] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(Math.abs(count - 500) < 80, String(counts));
  });

  test('a height that is no int32 is a RangeError', () => {
    assert.throws(() => signingQuorum(LLMQ_400_60, [Buffer.alloc(32)], 2 ** 31), RangeError);
  });
});
