import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { from } from 'rxjs';
import type { SessionEvent } from '../../../src/session/types.js';
import type { PeerNews } from '../../../src/streams/connections/connections.js';
import { witnessed } from '../../../src/streams/dashd/witness.js';
import { gather } from '../../support/gather.js';

function says(peer: string, event: SessionEvent): PeerNews {
  return { target: { host: peer, port: 1, peer, protected: peer === 'dashd' }, at: 0, monotonicAt: 0, event };
}
const announced = (peer: string, hash: string) => says(peer, { type: 'announced', hash });
const witnesses = (...news: readonly PeerNews[]) => gather(witnessed(from(news))).values;

describe('a block is witnessed', () => {
  it('by two peers, and once', () => {
    assert.deepEqual(witnesses(announced('a', 'x')), []);
    assert.deepEqual(witnesses(announced('a', 'x'), announced('b', 'y'), announced('b', 'x'), announced('c', 'x')), [
      'x',
    ]);
  });

  it('by no peer twice', () => {
    assert.deepEqual(witnesses(announced('a', 'x'), announced('a', 'x')), []);
  });

  it('by others than our own dashd, whose feed it is to vouch for', () => {
    assert.deepEqual(witnesses(announced('a', 'x'), announced('dashd', 'x')), []);
  });

  it('by announcing it, nothing else', () => {
    const proof = { type: 'proof', hash: 'x', stage: 'accepted' } as const;
    assert.deepEqual(witnesses(says('a', proof), says('b', proof)), []);
  });

  it('while it is among the last hundred announced', () => {
    const flood = Array.from({ length: 100 }, (_, i) => announced('a', String(i)));
    assert.deepEqual(witnesses(announced('a', 'x'), ...flood.slice(1), announced('b', 'x')), ['x']);
    assert.deepEqual(witnesses(announced('a', 'x'), ...flood, announced('b', 'x')), []);
  });
});
