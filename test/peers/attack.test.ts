/** What an attacker can do to the book and to the slots, in figures (Shows 3 of the peer book). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerBook } from '../../src/peers/book.js';
import { selectLimits } from '../../src/peers/plan.js';
import { select } from '../../src/peers/select.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { HOUR_MS } from '../../src/time.js';
import { address, gossip, live, NOW, seeded } from './support.js';

const handshake = { kind: 'handshake', services: 1n, protocolVersion: 70240, userAgent: '', height: 1 } as const;
const CAPACITY = 20_000;

function newBook(seed = 1): PeerBook {
  return new PeerBook('mainnet', seeded(seed));
}

/** The n-th address of one /16. */
const inOneGroup = (n: number, group = '66.66') => `${group}.${(n >> 8) & 255}.${n & 255}`;

test('one peer announces 100,000 addresses of one /16: 468 get in, also after a day of it', (t) => {
  const book = newBook();
  const flood = Array.from({ length: 100_000 }, (_, n) => gossip(inOneGroup(n)));
  for (let at = 0; at < flood.length; at += 1_000) book.gossip('9.9.9.9:9999', flood.slice(at, at + 1_000), NOW);
  const first = book.size;
  for (let hour = 1; hour <= 24; hour++) book.gossip('9.9.9.9:9999', flood.slice(0, 5_000), NOW + hour * HOUR_MS);
  t.diagnostic(
    `100,000 reported: ${first} in the book, ${book.size} after a day; refused ${JSON.stringify(book.totals.refused)}`,
  );
  assert.equal(first, 468);
  assert.equal(book.size, 468);
  assert.ok(book.totals.refused['peer-rate'] >= 99_000);
});

test('one peer announces addresses of as many groups for a month: it holds 937 entries, its oldest making way', (t) => {
  const book = newBook();
  for (let day = 0, n = 0; day < 30; day++) {
    const at = NOW + day * 24 * HOUR_MS;
    for (let i = 0; i < 10; i++) {
      const entries = Array.from({ length: 1_000 }, () => gossip(publicAddress(n++), { seenAt: at }));
      book.gossip('9.9.9.9:9999', entries, at);
    }
  }
  t.diagnostic(`${book.totals.added} taken in over 30 days, ${book.size} held`);
  assert.equal(book.size, 937);
});

test('a hundred peers of one /16 get no more than two peers of it would', () => {
  const book = newBook();
  for (let i = 0, n = 0; i < 100; i++) {
    const entries = Array.from({ length: 1_000 }, () => gossip(publicAddress(n++)));
    book.gossip(`66.66.0.${i + 1}:9999`, entries, NOW);
  }
  assert.equal(book.totals.added, 2_000);
  assert.equal(book.totals.refused['group-rate'], 98_000);
  assert.equal(book.size, 937);
});

test('a flood of future-dated entries displaces nothing, and ranks last', (t) => {
  const book = newBook();
  // 16 tellers fill the room for hearsay with honest entries...
  for (let teller = 0, n = 0; teller < 17; teller++) {
    book.gossip(
      `${publicAddress(30_000 + teller)}:9999`,
      Array.from({ length: 937 }, () => gossip(publicAddress(n++))),
      NOW,
    );
  }
  const honest = new Set([...book.records()].map(({ key }) => key));
  // ...and 16 others flood it.
  for (let teller = 0, n = 20_000; teller < 16; teller++) {
    const entries = Array.from({ length: 1_000 }, () => gossip(publicAddress(n++), { seenAt: NOW + 24 * HOUR_MS }));
    book.gossip(`${publicAddress(31_000 + teller)}:9999`, entries, NOW);
  }
  const left = [...book.records()].filter(({ key }) => honest.has(key)).length;
  t.diagnostic(
    `${honest.size} honest entries before, ${left} after 16,000 future-dated ones; evicted ${book.totals.evicted}`,
  );
  assert.equal(left, honest.size);
  assert.equal(honest.size, 15_000);
});

test('proven peers survive a book filled by 64 source groups with half a million addresses', (t) => {
  const book = newBook();
  const proven: string[] = [];
  for (let i = 0; i < 1_000; i++) {
    const key = `${publicAddress(35_000 + i)}:9999`;
    book.hear(address(key), 'dns', NOW);
    book.observe(key, handshake, NOW);
    proven.push(key);
  }
  const masternodes: string[] = [];
  for (let i = 0; i < 3_000; i++) {
    const key = `88.99.${i >> 8}.${i & 255}:9999`;
    book.hear(address(key), 'masternode', NOW);
    masternodes.push(key);
  }
  let reported = 0;
  for (let hour = 0, n = 0; hour < 8; hour++) {
    const at = NOW + hour * 3 * HOUR_MS;
    for (let teller = 0; teller < 64; teller++) {
      const entries = Array.from({ length: 1_000 }, () => gossip(publicAddress(n++ % 35_000), { seenAt: at }));
      reported += book.gossip(`${publicAddress(36_000 + teller)}:9999`, entries, at).added;
    }
  }
  t.diagnostic(`${reported} taken in, ${book.size} held, ${book.totals.evicted} made way for others`);
  assert.ok(reported > 100_000, `${reported}`);
  assert.ok(book.size <= CAPACITY && book.size - book.keptSize === 15_000);
  for (const key of [...proven, ...masternodes]) assert.ok(book.get(key), key);
});

test('peers that got proven in one /16 crowd out their own kind, not the others', (t) => {
  const book = new PeerBook('mainnet', seeded(1), {
    capacity: 2_000,
    gossipBurst: 1_000,
    gossipPerSecond: 0.1,
    horizonMs: 30 * 24 * HOUR_MS,
    maxFailures: 10,
  });
  const honest = Array.from({ length: 500 }, (_, i) => `${publicAddress(i)}:9999`);
  for (const key of honest) {
    book.hear(address(key), 'dns', NOW);
    book.observe(key, handshake, NOW);
  }
  for (let n = 0; n < 5_000; n++) {
    const key = `${inOneGroup(n)}:9999`;
    book.gossip(`${publicAddress(10_000 + n)}:9999`, [gossip(inOneGroup(n))], NOW);
    book.observe(key, handshake, NOW + n);
  }
  t.diagnostic(`5,000 hostile peers proven, ${book.keptSize - honest.length} of them kept of room for 1,500`);
  assert.equal(book.keptSize, 1_500);
  for (const key of honest) assert.ok(book.get(key), key);
});

test('slots: whatever the book holds, one group never has more than 5 of 20', (t) => {
  const worst: string[] = [];
  for (const honest of [0, 1, 2, 5, 8, 20]) {
    const book = newBook();
    for (let n = 0; n < 400; n++) {
      book.hear(address(`${inOneGroup(n)}:9999`), 'dashd', NOW);
      book.observe(`${inOneGroup(n)}:9999`, handshake, NOW);
    }
    for (let n = 0; n < honest; n++) book.hear(address(`${publicAddress(n)}:9999`), 'dns', NOW);
    const plan = select({ book, live: [], now: NOW, random: seeded(3), limits: selectLimits('mainnet') });
    const hostile = plan.connect.filter(({ peer }) => peer.startsWith('66.66.')).length;
    worst.push(`${honest} others: ${hostile} hostile of ${plan.connect.length}`);
    assert.ok(hostile <= 5);
    assert.equal(plan.connect.length - hostile, Math.min(honest, 18));
  }
  t.diagnostic(worst.join('; '));
});

test('slots: a sitting set of one group is thinned out as others become known', () => {
  const book = newBook();
  const sitting = Array.from({ length: 20 }, (_, n) => `${inOneGroup(n)}:9999`);
  for (const key of sitting) {
    book.hear(address(key), 'dashd', NOW);
    book.observe(key, handshake, NOW);
  }
  for (let n = 0; n < 30; n++) book.hear(address(`${publicAddress(n)}:9999`), 'dns', NOW);
  let connections = sitting;
  for (let refresh = 0; refresh < 5; refresh++) {
    const plan = select({
      book,
      live: connections.map((key) => live(key)),
      now: NOW,
      random: seeded(refresh),
      limits: selectLimits('mainnet'),
    });
    assert.ok(plan.disconnect.length <= 4);
    const gone = new Set(plan.disconnect.map(({ peer }) => peer));
    connections = [...connections.filter((key) => !gone.has(key)), ...plan.connect.map(({ peer }) => peer)];
  }
  assert.equal(connections.length, 20);
  assert.equal(connections.filter((key) => key.startsWith('66.66.')).length, 2);
});
