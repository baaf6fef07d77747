import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { of } from 'rxjs';
import type { Address } from '../../src/streams/ports.js';
import { peerName, targets } from '../../src/streams/targets.js';
import { gather, marbles } from './support.js';

const at = (host: string, port = 9999): Address => ({ host, port });
const target = (address: Address) => ({ ...address, peer: peerName(address), protected: false });

it('a peer is named by host and port, IPv6 in brackets', () => {
  assert.equal(peerName(at('10.0.0.1')), '10.0.0.1:9999');
  assert.equal(peerName(at('2001:db8::1', 1)), '[2001:db8::1]:1');
  assert.equal(peerName(at('node.example')), 'node.example:9999');
});

describe('targets', () => {
  it('gathers lists into one, each peer once, in the order in which they came', () => {
    marbles(({ cold, expectObservable }) => {
      const lists = { a: [at('1'), at('2'), at('1')], b: [], c: [at('3'), at('2'), at('1', 1)] };
      const wanted = [at('1'), at('2'), at('3'), at('1', 1)].map(target);
      expectObservable(cold('a-b-c|', lists).pipe(targets(10))).toBe('x-x-y|', { x: wanted.slice(0, 2), y: wanted });
    });
  });

  it('wants no more than there is room for, those that came first', () => {
    const { values } = gather(of([at('1'), at('2')], [at('3')]).pipe(targets(2)));
    assert.deepEqual(
      values.map((list) => list.map(({ host }) => host)),
      [
        ['1', '2'],
        ['1', '2'],
      ],
    );
    assert.deepEqual(gather(of([at('1')]).pipe(targets(0))).values, [[]]);
  });
});
