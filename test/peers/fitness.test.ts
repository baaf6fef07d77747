import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FITNESS,
  type FitnessContext,
  isTarget,
  liveUnfitness,
  type Unfitness,
  unfitness,
} from '../../src/peers/fitness.js';
import type { PeerRecord } from '../../src/peers/record.js';
import { HOUR_MS } from '../../src/time.js';
import { NOW, outcomes, peer, provenPeer } from './support.js';

const KEY = '1.2.3.4:9999';
const ping = (smoothedMs: number, at = NOW) => ({ smoothedMs, minMs: 1, at });
const failing = (failuresInARow: number, lastAt = NOW) => ({ ...outcomes(10, 2), failuresInARow, lastAt });

test('what speaks against a peer', () => {
  const table: [Partial<PeerRecord>, FitnessContext, Unfitness['code'] | undefined][] = [
    [{}, { tipHeight: 1_000, medianPingMs: 50 }, undefined],
    [{ services: 4n }, {}, 'no-network-service'],
    [{ height: 1 }, { tipHeight: 1_000 }, undefined],
    [{ broadcasts: failing(1) }, {}, undefined],
    [{ broadcasts: failing(2) }, {}, 'failing'],
    [{ broadcasts: failing(9, NOW - HOUR_MS) }, {}, undefined],
    [{ ping: ping(500) }, {}, undefined],
    [{ ping: ping(501) }, {}, 'slow'],
    [{ ping: ping(501) }, { medianPingMs: 400 }, undefined],
    [{ ping: ping(1_201) }, { medianPingMs: 400 }, 'slow'],
    [{ ping: ping(9_999, NOW - HOUR_MS) }, {}, undefined],
    // Whom the operator named, one slow answer does not keep out.
    [{ ping: ping(9_999), sources: ['configured'] }, {}, undefined],
    [{ broadcasts: failing(2), sources: ['configured'] }, {}, 'failing'],
  ];
  for (const [more, around, code] of table) {
    assert.equal(unfitness(provenPeer(KEY, more), NOW, around)?.code, code, JSON.stringify(around));
  }
  assert.equal(unfitness(peer(KEY), NOW, { tipHeight: 1_000 }), undefined, 'nothing is known against a stranger');
});

test('an onion peer may take longer to answer: it is six relays away', () => {
  const onion = (ms: number, around = {}) =>
    unfitness(provenPeer(`${'a'.repeat(55)}d.onion:9999`, { ping: ping(ms) }), NOW, around)?.code;
  assert.deepEqual([onion(501), onion(3_000), onion(3_001)], [undefined, undefined, 'slow']);
  assert.equal(onion(3_001, { medianPingMs: 1_500 }), undefined);
});

test('the height of a peer counts while it is connected, and of one that is not says nothing', () => {
  const around = { tipHeight: 1_000 };
  const codeAt = (height: number) => liveUnfitness(provenPeer(KEY, { height }), NOW, around)?.code;
  assert.deepEqual([997, 996, 2_000].map(codeAt), [undefined, 'behind', undefined]);
  assert.equal(liveUnfitness(provenPeer(KEY, { height: 1 }), NOW, {}), undefined);
  assert.equal(liveUnfitness(provenPeer(KEY, { services: 4n }), NOW, around)?.code, 'no-network-service');
  assert.equal(unfitness(provenPeer(KEY, { height: 1 }), NOW, around), undefined);
});

test('a target shook hands, serves the chain and is near our tip', () => {
  const around = { tipHeight: 1_000 };
  assert.equal(isTarget(provenPeer(KEY), true, around), true);
  assert.equal(isTarget(provenPeer(KEY), false, around), false);
  assert.equal(isTarget(peer(KEY), true, around), false);
  assert.equal(isTarget(provenPeer(KEY, { services: 1_024n }), true, around), false);
  assert.equal(isTarget(provenPeer(KEY, { height: 1_000 - FITNESS.maxBlocksBehind - 1 }), true, around), false);
  assert.equal(isTarget(provenPeer(KEY, { height: 1 }), true, {}), true);
});
