import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  delivered,
  isProven,
  type Observation,
  observe,
  type PeerRecord,
  undelivered,
} from '../../src/peers/record.js';
import { userAgentClass } from '../../src/peers/user-agent.js';
import { NOW, peer, seeded } from './support.js';

const random = seeded(1);
const before = peer('1.2.3.4:9999', { lastSeen: NOW - 10_000 });

function after(record: PeerRecord, ...seen: Observation[]): PeerRecord {
  return seen.reduce((state, observation) => observe(state, observation, NOW, random), record);
}

const handshake: Observation = {
  kind: 'handshake',
  services: 5n,
  protocolVersion: 70240,
  userAgent: '/Dash Core:23.1.2/',
  height: 2_500_000,
};

test('a handshake fills the record and proves the peer', () => {
  assert.equal(isProven(before), false);
  const record = after(before, handshake);
  assert.equal(isProven(record), true);
  assert.equal(record.lastConnected, NOW);
  assert.equal(record.lastSeen, NOW);
  assert.equal(record.services, 5n);
  assert.equal(record.protocolVersion, 70240);
  assert.equal(record.userAgent, 'Dash Core 23');
  assert.equal(record.height, 2_500_000);
  assert.deepEqual(record.connections, { succeeded: 1, failed: 0 });
});

test('a failed connection is counted with its code and backs off; no sign of life', () => {
  const record = after(before, { kind: 'dialled' }, { kind: 'connection-failed', code: 'timeout' });
  assert.deepEqual(record.connections, { succeeded: 0, failed: 1, lastFailure: { at: NOW, code: 'timeout' } });
  assert.equal(record.lastSeen, before.lastSeen);
  assert.equal(record.backoff.failures, 1);
  assert.ok(record.backoff.retryAt > NOW);
});

test('a lost connection: ours is nobody’s fault, a short one adds up, a long one starts over', () => {
  const flapping = after(before, handshake, { kind: 'lost', code: 'reset', uptimeMs: 500, ours: false });
  assert.equal(flapping.backoff.failures, 1);
  const again = after(flapping, handshake, { kind: 'lost', code: 'reset', uptimeMs: 500, ours: false });
  assert.equal(again.backoff.failures, 2, 'a handshake alone forgives nothing');
  const settled = after(again, handshake, { kind: 'lost', code: 'reset', uptimeMs: 600_000, ours: false });
  assert.equal(settled.backoff.failures, 1);
  const rotated = after(again, handshake, { kind: 'lost', code: 'rotated', uptimeMs: 600_000, ours: true });
  assert.equal(rotated.backoff.failures, 0);
  assert.equal(rotated.connections.failed, again.connections.failed);
});

test('pings: the least, and a smoothed one that notices a change within a few', () => {
  const quick = after(before, { kind: 'ping', rttMs: 40 }, { kind: 'ping', rttMs: 20 });
  assert.deepEqual(quick.ping, { minMs: 20, smoothedMs: 35, at: NOW });
  const slow = [1, 2, 3].reduce((record) => after(record, { kind: 'ping', rttMs: 2_000 }), quick);
  assert.ok((slow.ping?.smoothedMs ?? 0) > 1_000, `${slow.ping?.smoothedMs}`);
  assert.equal(after(before, { kind: 'ping', rttMs: -5 }).ping?.minMs, 0);
});

test('announcements: count, firsts, lag, and the height they prove', () => {
  const record = after(
    before,
    { kind: 'announced', lagMs: 0, height: 11 },
    { kind: 'announced', lagMs: 400, height: 10 },
  );
  assert.deepEqual(record.announcements, { count: 2, first: 1, lagMs: 100 });
  assert.equal(record.height, 11);
  assert.equal(after(before, { kind: 'announced', lagMs: 1 }).height, undefined);
});

test('broadcasts end in one of four ways', () => {
  const record = after(
    before,
    { kind: 'broadcast', status: 'acknowledged', proofMs: 100 },
    { kind: 'broadcast', status: 'accepted', proofMs: 20 },
    { kind: 'broadcast', status: 'already-had' },
    { kind: 'broadcast', status: 'failed', code: 'timeout' },
    { kind: 'broadcast', status: 'failed', code: 'timeout' },
    { kind: 'broadcast', status: 'failed', code: 'reset' },
  );
  const { recent, ...counts } = record.broadcasts;
  assert.deepEqual(counts, {
    acknowledged: 1,
    accepted: 1,
    alreadyHad: 1,
    failed: { timeout: 2, reset: 1 },
    failuresInARow: 3,
    lastAt: NOW,
    proofMs: 80,
  });
  assert.equal(delivered(record), 2);
  assert.equal(undelivered(record), 3);
  assert.ok(recent.failed > recent.succeeded);
  assert.equal(after(record, { kind: 'broadcast', status: 'acknowledged' }).broadcasts.failuresInARow, 0);
  assert.equal(after(record, { kind: 'broadcast', status: 'already-had' }).broadcasts.failuresInARow, 0);
});

test('failure codes cannot grow a record without bound, nor touch its prototype', () => {
  let record = before;
  for (let i = 0; i < 1_000; i++) record = after(record, { kind: 'broadcast', status: 'failed', code: `code ${i}` });
  assert.ok(Object.keys(record.broadcasts.failed).length <= 17);
  assert.equal(undelivered(record), 1_000);
  const odd = after(before, { kind: 'broadcast', status: 'failed', code: '__proto__' });
  assert.equal(undelivered(after(odd, { kind: 'broadcast', status: 'failed', code: 'constructor' })), 2);
});

test('a peer seen by a clock that was hours ahead is seen now, by a clock that is right again', () => {
  const record = observe(peer('1.2.3.4:9999', { lastSeen: NOW + 5 * 3_600_000 }), { kind: 'alive' }, NOW, random);
  assert.equal(record.lastSeen, NOW);
});

test('an observation leaves the record it was given as it was', () => {
  const frozen = Object.freeze({ ...before, broadcasts: Object.freeze({ ...before.broadcasts }) });
  after(
    frozen,
    handshake,
    { kind: 'broadcast', status: 'failed', code: 'x' },
    { kind: 'lost', code: 'x', uptimeMs: 1, ours: false },
  );
});

test('user agents fall into few classes', () => {
  const classes: [string, string][] = [
    ['/Dash Core:23.1.2/', 'Dash Core 23'],
    ['/Dash Core:23.1.2(devnet.x)/', 'Dash Core 23'],
    ['/Dash Core:0.17.0.3/', 'Dash Core 0'],
    ['/dashj:19.1/', 'dashj'],
    ['/blockcast:0.1.0/', 'blockcast'],
    ['', 'none'],
    ['/Dash Core:999.1/', 'other'],
    ['anything at all', 'other'],
  ];
  for (const [userAgent, expected] of classes) assert.equal(userAgentClass(userAgent), expected);
});
