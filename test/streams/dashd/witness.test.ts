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
const tells = (peer: string, hash: string) => says(peer, { type: 'announced', hash });
const witnesses = (...news: readonly PeerNews[]) => gather(witnessed(from(news))).values;

describe('a block is witnessed', () => {
  it('by two peers, and once', () => {
    assert.deepEqual(witnesses(tells('a', 'x')), []);
    assert.deepEqual(witnesses(tells('a', 'x'), tells('b', 'y'), tells('b', 'x'), tells('c', 'x')), ['x']);
  });

  it('by no peer twice', () => {
    assert.deepEqual(witnesses(tells('a', 'x'), tells('a', 'x')), []);
  });

  it('by others than our own dashd, whose feed it is to vouch for', () => {
    assert.deepEqual(witnesses(tells('a', 'x'), tells('dashd', 'x')), []);
  });

  it('by announcing it, nothing else', () => {
    const proof = { type: 'proof', hash: 'x', stage: 'accepted' } as const;
    assert.deepEqual(witnesses(says('a', proof), says('b', proof)), []);
  });

  it('while it is among the last hundred announced', () => {
    const flood = Array.from({ length: 100 }, (_, i) => tells('a', String(i)));
    assert.deepEqual(witnesses(tells('a', 'x'), ...flood.slice(1), tells('b', 'x')), ['x']);
    assert.deepEqual(witnesses(tells('a', 'x'), ...flood, tells('b', 'x')), []);
  });
});
