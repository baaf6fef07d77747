import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ADDRESS_REFUSALS } from '../../src/contracts/codes.js';
import { BOOK_LIMITS, PeerBook, type Refusal } from '../../src/peers/book.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { HOUR_MS } from '../../src/time.js';
import type { NetworkName } from '../../src/wire/network.js';
import { address, gossip, NOW, outcomes, peer, provenPeer, seeded } from './support.js';

const TELLER = '9.9.9.9:9999';
const DAY_MS = 24 * HOUR_MS;
const handshake = { kind: 'handshake', services: 1n, protocolVersion: 70240, userAgent: '', height: 1 } as const;

function newBook(network: NetworkName = 'mainnet', limits = {}): PeerBook {
  return new PeerBook(network, seeded(1), { ...BOOK_LIMITS, ...limits });
}

test('gossip: every reason to refuse an entry, and what passes', () => {
  const table: [Parameters<typeof gossip>, NetworkName, Refusal | 'added'][] = [
    [['1.2.3.4'], 'mainnet', 'added'],
    [['2a01:4f8::1'], 'mainnet', 'added'],
    [[`${'a'.repeat(55)}d.onion`], 'mainnet', 'added'],
    [['1.2.3'], 'mainnet', 'malformed'],
    [['1.2.3.4', { port: 0 }], 'mainnet', 'malformed'],
    [['10.0.0.1'], 'mainnet', 'unroutable'],
    [['127.0.0.1', { port: 19_899 }], 'regtest', 'added'],
    [['127.0.0.1', { port: 20_001 }], 'regtest', 'added'],
    [['127.0.0.1', { port: 22 }], 'regtest', 'non-standard-port'],
    [['evil.example'], 'mainnet', 'unroutable'],
    [['1.2.3.4', { port: 10_000 }], 'mainnet', 'non-standard-port'],
    [['1.2.3.4', { port: 9_999 }], 'testnet', 'non-standard-port'],
    [['1.2.3.4', { services: 4n }], 'mainnet', 'no-network-service'],
    [['1.2.3.4', { seenAt: NOW - 30 * DAY_MS }], 'mainnet', 'stale'],
    [['1.2.3.4', { seenAt: 0 }], 'mainnet', 'stale'],
  ];
  for (const [[host, more], network, expected] of table) {
    const tally = newBook(network).gossip(TELLER, [gossip(host, more)], NOW);
    const got = tally.added === 1 ? 'added' : ADDRESS_REFUSALS.find((reason) => tally.refused[reason] === 1);
    assert.equal(got, expected, `${host} ${JSON.stringify(more, (_, value) => String(value))} on ${network}`);
  }
});

test('gossip: duplicates, known addresses, and refused ones', () => {
  const book = newBook();
  book.exclude('5.5.5.5:9999');
  const tally = book.gossip(TELLER, [gossip('1.2.3.4'), gossip('::ffff:1.2.3.4'), gossip('5.5.5.5')], NOW);
  assert.equal(tally.added, 1);
  assert.equal(tally.refused.duplicate, 1);
  assert.equal(tally.refused.excluded, 1);
  assert.equal(book.gossip('8.8.8.8:9999', [gossip('1.2.3.4')], NOW).known, 1);
  assert.equal(book.size, 1);
  const readmitted = newBook();
  readmitted.exclude('5.5.5.5:9999');
  readmitted.readmit('5.5.5.5:9999');
  assert.equal(readmitted.gossip(TELLER, [gossip('5.5.5.5')], NOW).added, 1);
  assert.deepEqual(book.totals.refused.duplicate, 1);
});

test('gossip: hearsay is two hours older than it says, a peer’s word for itself is not; the future is five days ago', () => {
  const book = newBook();
  const self = { seenAt: NOW - 60_000 };
  const tally = book.gossip(
    TELLER,
    [gossip('1.2.3.4', self), gossip('9.9.9.9', self), gossip('5.6.7.8', { seenAt: NOW + 11 * 60_000 })],
    NOW,
  );
  assert.equal(book.get('1.2.3.4:9999')?.lastSeen, NOW - 60_000 - 2 * HOUR_MS);
  assert.equal(book.get('9.9.9.9:9999')?.lastSeen, NOW - 60_000);
  assert.equal(book.get('5.6.7.8:9999')?.lastSeen, NOW - 5 * DAY_MS);
  assert.equal(tally.futureDated, 1);
  assert.equal(book.get('1.2.3.4:9999')?.firstSeen, NOW);
});

test('sources merge, the best is kept, and what we saw ourselves is not overwritten by hearsay', () => {
  const book = newBook();
  book.gossip(TELLER, [gossip('1.2.3.4', { services: 1n })], NOW);
  assert.equal(book.get('1.2.3.4:9999')?.via, '9.9.0.0/16');
  assert.equal(book.keptSize, 0);
  assert.equal(book.hear(address('1.2.3.4:9999'), 'dashd', NOW, { services: 5n, pingMs: 20 }), 'known');
  const vouched = book.get('1.2.3.4:9999');
  assert.deepEqual(vouched?.sources, ['p2p_discovery', 'dashd']);
  assert.equal(vouched?.via, undefined);
  assert.equal(vouched?.services, 5n);
  assert.equal(vouched?.ping?.smoothedMs, 20);
  assert.equal(book.keptSize, 1);
  book.observe('1.2.3.4:9999', { ...handshake, services: 9n }, NOW);
  book.gossip(TELLER, [gossip('1.2.3.4', { services: 0xffffn })], NOW);
  assert.equal(book.get('1.2.3.4:9999')?.services, 9n);
});

test('what other sources may bring', () => {
  const mainnet = newBook();
  assert.equal(mainnet.hear(address('10.0.0.5:1234'), 'configured', NOW), 'added');
  assert.equal(mainnet.hear(address('node.example:9999'), 'configured', NOW), 'added');
  assert.equal(mainnet.hear(address('10.0.0.6:9999'), 'dashd', NOW), 'added');
  assert.equal(mainnet.hear(address('node.example.org:9999'), 'dashd', NOW), 'added');
  assert.equal(mainnet.hear(address('10.0.0.7:9999'), 'masternode', NOW), 'unroutable');
  assert.equal(mainnet.hear(address('1.2.3.4:10000'), 'dashd', NOW), 'added');
  assert.equal(mainnet.hear(address('1.2.3.4:22'), 'dashd', NOW), 'non-standard-port');
  assert.equal(mainnet.hear(address('1.2.3.5:10000'), 'dns', NOW), 'non-standard-port');
  assert.equal(mainnet.hear(address('1.2.3.5:9999'), 'dns', NOW), 'added');
  assert.equal(mainnet.get('1.2.3.5:9999')?.lastSeen, NOW - 2 * HOUR_MS);
  assert.equal(mainnet.hear(address('1.2.3.6:9999'), 'masternode', NOW), 'added');
});

test('the protected peer cannot be removed, excluded, pruned or evicted, and a file cannot make one', () => {
  const book = newBook('mainnet', { capacity: 8 });
  book.protect(address('127.0.0.1:9999'), NOW - 100 * DAY_MS);
  assert.equal(book.remove('127.0.0.1:9999'), false);
  assert.equal(book.exclude('127.0.0.1:9999'), false);
  book.prune(NOW + 1_000 * DAY_MS);
  for (let i = 0; i < 50; i++) book.hear(address(`${publicAddress(i)}:9999`), 'masternode', NOW);
  assert.equal(book.get('127.0.0.1:9999')?.protected, true);
  const other = newBook();
  other.restore([peer('1.2.3.4:9999', { protected: true, sources: ['local_dashd'] })], NOW);
  const record = other.get('1.2.3.4:9999');
  assert.equal(record?.protected, false);
  assert.deepEqual(record?.sources, ['dashd']);
  book.protect(address('dashd:9999'), NOW);
  assert.equal(book.get('dashd:9999')?.protected, true);
});

test('pruning: no sign of life for a month, or ten failures and never a success', () => {
  const book = newBook();
  const hear = (host: string, seenAt = NOW) => book.hear(address(`${host}:9999`), 'dashd', NOW, { seenAt });
  hear('1.1.1.1', NOW - 31 * DAY_MS);
  hear('1.2.1.1', NOW - 29 * DAY_MS);
  hear('1.3.1.1');
  hear('1.4.1.1');
  book.hear(address('1.5.1.1:9999'), 'configured', NOW, { seenAt: 0 });
  book.observe('1.4.1.1:9999', handshake, NOW);
  for (let i = 0; i < 10; i++) {
    for (const host of ['1.3.1.1', '1.4.1.1']) {
      book.observe(`${host}:9999`, { kind: 'connection-failed', code: 'refused' }, NOW);
    }
  }
  assert.equal(book.prune(NOW), 2);
  assert.deepEqual([...book.records()].map(({ host }) => host).sort(), ['1.2.1.1', '1.4.1.1', '1.5.1.1']);
});

test('observing a stranger changes nothing; removal lets it be heard of again', () => {
  const book = newBook();
  assert.equal(book.observe('1.2.3.4:9999', { kind: 'alive' }, NOW), undefined);
  book.hear(address('1.2.3.4:9999'), 'dashd', NOW);
  assert.equal(book.remove('1.2.3.4:9999'), true);
  assert.equal(book.remove('1.2.3.4:9999'), false);
  assert.equal(book.keptSize, 0);
  assert.equal(book.hear(address('1.2.3.4:9999'), 'dashd', NOW), 'added');
  book.exclude('1.2.3.4:9999');
  assert.equal(book.hear(address('1.2.3.4:9999'), 'configured', NOW), 'excluded');
});

test('restoring: under the same rules, no dates ahead, and a proven record stands over a file’s', () => {
  const book = newBook();
  book.protect(address('127.0.0.1:9999'), NOW);
  book.hear(address('2.2.2.2:9999'), 'dashd', NOW);
  book.observe('2.2.2.2:9999', handshake, NOW);
  const tally = book.restore(
    [
      provenPeer('1.2.3.4:9999', { lastSeen: 9 * NOW, lastConnected: 9 * NOW, broadcasts: outcomes(7, 0) }),
      peer('10.0.0.1:9999'),
      peer('3.3.3.3:9999', { lastSeen: NOW - 40 * DAY_MS }),
      provenPeer('2.2.2.2:9999', { broadcasts: outcomes(9, 0) }),
      provenPeer('127.0.0.1:9999', {
        protected: true,
        sources: ['local_dashd', 'configured'],
        broadcasts: outcomes(5, 0),
      }),
    ],
    NOW,
  );
  assert.deepEqual([tally.added, tally.known, tally.refused.unroutable, tally.refused.stale], [1, 2, 1, 1]);
  assert.equal(book.get('1.2.3.4:9999')?.lastSeen, NOW);
  assert.equal(book.get('1.2.3.4:9999')?.lastConnected, NOW);
  assert.equal(book.get('2.2.2.2:9999')?.broadcasts.acknowledged, 0);
  assert.equal(book.get('127.0.0.1:9999')?.broadcasts.acknowledged, 5);
  assert.equal(book.get('127.0.0.1:9999')?.protected, true);
});

const host = fc.integer({ min: 0, max: 120 }).map((n) => (n < 60 ? publicAddress(n) : `7.7.0.${n - 59}`));
const call = fc.oneof(
  fc.record({ does: fc.constant('gossip' as const), host, from: host }),
  fc.record({ does: fc.constantFrom('dashd' as const, 'masternode' as const, 'dns' as const), host }),
  fc.record({ does: fc.constantFrom('handshake' as const, 'fail' as const, 'remove' as const), host }),
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

function perform(book: PeerBook, step: Call): void {
  const key = `${step.host}:9999`;
  switch (step.does) {
    case 'gossip':
      book.gossip(`${step.from}:9999`, [gossip(step.host)], NOW);
      break;
    case 'handshake':
      book.observe(key, handshake, NOW);
      break;
    case 'fail':
      book.observe(key, { kind: 'connection-failed', code: 'x' }, NOW);
      break;
    case 'remove':
      book.remove(key);
      break;
    default:
      book.hear(address(key), step.does, NOW);
  }
}

test('any sequence of calls keeps the book within its bounds and its tables in step', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
      const capacity = 40;
      const book = newBook('mainnet', { capacity });
      book.protect(address('dashd:9999'), NOW);
      for (const step of calls) {
        perform(book, step);
        const records = [...book.records()];
        const kept = records.filter(
          ({ lastConnected, sources, protected: isLocal }) =>
            isLocal || lastConnected !== undefined || sources.some((s) => s !== 'p2p_discovery' && s !== 'dns'),
        ).length;
        assert.equal(records.length, book.size);
        assert.equal(new Set(records.map(({ key: k }) => k)).size, book.size);
        assert.equal(kept, book.keptSize);
        assert.ok(book.size <= capacity && kept <= 30 && book.size - kept <= 30);
        assert.equal(book.get('dashd:9999')?.protected, true);
      }
    }),
    { numRuns: 60 },
  );
});

test('gossip in steps is gossip at once', () => {
  const entries = Array.from({ length: 1_500 }, (_, n) => gossip(publicAddress(n), { port: n % 7 === 0 ? 1 : 9999 }));
  const [whole, stepped] = [newBook(), newBook()];
  const expected = whole.gossip(TELLER, entries, NOW);
  const steps = stepped.gossiping(TELLER, entries, NOW);
  let count = 1;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count++;
  assert.deepEqual(step.value, expected);
  assert.equal(count, 50);
  assert.deepEqual([...stepped.records()], [...whole.records()]);
});

test('a clock set ahead by years prunes no peer that is connected', () => {
  const book = new PeerBook('regtest', seeded(1));
  const key = '10.0.0.1:19899';
  book.hear(address(key), 'dashd', NOW);
  assert.equal(book.prune(NOW + 20_000 * DAY_MS, new Set([key])), 0);
  assert.equal(book.prune(NOW + 20_000 * DAY_MS), 1);
});
