import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PeerProof } from '../../src/contracts/events.js';
import { majorityOf, signersReached } from '../../src/contracts/signers.js';

const signer = (peer: string, more: Partial<PeerProof>): PeerProof => ({
  peer,
  protected: false,
  role: 'signer',
  status: 'accepted',
  ...more,
});

describe('the signers of a block', () => {
  test('are counted, and so is the time until 60 % of them had it', () => {
    const proofs = [
      signer('a', { acknowledgedMs: 30, acceptedMs: 31 }),
      signer('b', { acceptedMs: 10 }),
      signer('c', { status: 'acknowledged', acknowledgedMs: 50 }),
      signer('d', { status: 'written', writtenMs: 1 }),
      signer('e', { status: 'failed', reason: 'no-pong', acknowledgedMs: 1 }),
      signer('f', { role: 'member', acknowledgedMs: 1 }),
    ];
    assert.deepEqual(signersReached(proofs), { tried: 5, reached: 3, majorityMs: 50 });
  });

  test('that had it before it was sent had it from the start', () => {
    const proofs = [signer('a', { status: 'already-had' }), signer('b', { acknowledgedMs: 20 })];
    assert.deepEqual(signersReached(proofs), { tried: 2, reached: 2, majorityMs: 20 });
  });

  test('have no time while fewer have it', () => {
    const proofs = [signer('a', { acknowledgedMs: 20 }), signer('b', { status: 'written' })];
    assert.deepEqual(signersReached(proofs), { tried: 2, reached: 1 });
  });

  test('do not count when they were sent it late, and are not told of without any', () => {
    assert.equal(signersReached([signer('a', { late: true }), signer('b', { role: 'member' })]), undefined);
  });
});

test('60 % of 400 are 240, of 50 are 30, of 5 are 3, of 7 are 5', () => {
  const times = Array.from({ length: 400 }, (_, i) => i + 1);
  assert.deepEqual(
    [400, 50, 5, 7, 1].map((tried) => majorityOf(times, tried)),
    [240, 30, 3, 5, 1],
  );
  assert.equal(majorityOf([], 0), undefined);
});
