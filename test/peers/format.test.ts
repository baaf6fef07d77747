import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, serialise } from '../../src/peers/format.js';
import { type Observation, observe, type PeerRecord } from '../../src/peers/record.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { address, NOW, outcomes, peer, provenPeer, seeded } from './support.js';

// Compiled tests run from dist/, the vectors stay where they are: both are found from the directory the tests are started in.
const vector = (name: string) => readFileSync(`test/vectors/peers/${name}`, 'utf8');
const text = (records: readonly PeerRecord[], local?: string) => [...serialise(records, NOW, local)].join('');
const parsed = (json: string) => {
  const result = parse(json);
  assert.ok(result.ok, result.ok ? '' : result.reason);
  return result;
};

test('the file is the design document’s, our fields beside it', () => {
  const records = [
    peer('127.0.0.1:9999', { protected: true, sources: ['local_dashd'], broadcasts: outcomes(15, 0) }),
    provenPeer('123.45.67.89:9999', { sources: ['dashd', 'p2p_discovery'], broadcasts: outcomes(18, 2) }),
    peer('98.76.54.32:9999'),
  ];
  const file = JSON.parse(text(records, '127.0.0.1:9999'));
  assert.equal(file.version, '1.0');
  assert.equal(file.last_updated, NOW / 1_000);
  assert.equal(file.local_dashd, '127.0.0.1:9999');
  assert.deepEqual(Object.keys(file.peers), ['127.0.0.1:9999', '123.45.67.89:9999', '98.76.54.32:9999']);
  const {
    first_seen,
    last_seen,
    source,
    protected: isProtected,
    successful_broadcasts,
    failed_broadcasts,
    score,
    sources,
  } = file.peers['123.45.67.89:9999'];
  assert.deepEqual(
    { first_seen, last_seen, source, isProtected, successful_broadcasts, failed_broadcasts, sources },
    {
      first_seen: NOW / 1_000,
      last_seen: NOW / 1_000,
      source: 'dashd',
      isProtected: false,
      successful_broadcasts: 18,
      failed_broadcasts: 2,
      sources: ['dashd', 'p2p_discovery'],
    },
  );
  assert.ok(score > 200 && score < 280);
  assert.equal(file.peers['127.0.0.1:9999'].score, 999_999);
  assert.equal(file.peers['98.76.54.32:9999'].source, 'p2p_discovery');
});

test('codes that were written with spaces before 0.1.0 are read as those of today', () => {
  const record = peer('203.0.113.7:9999', {
    broadcasts: { ...outcomes(3, 3), failed: { 'closed-by-peer': 1, 'no-pong': 2 } },
    connections: { succeeded: 1, failed: 1, lastFailure: { at: NOW, code: 'dial-timeout' } },
  });
  const old = text([record])
    .replace('"failed":{"closed-by-peer":1,', '"failed":{"closed by peer":1,')
    .replace('"no-pong":2', '"no-pong":1,"no pong":1')
    .replace('"dial-timeout"', '"dial timeout"');
  const [read] = parsed(old).records;
  assert.deepEqual(read?.broadcasts.failed, record.broadcasts.failed);
  assert.deepEqual(read?.connections, record.connections);
});

test('an empty book is a file too', () => {
  assert.deepEqual(parsed(text([])).records, []);
});

test('p2pool-dash’s own file loads, its odd entries counted', () => {
  const { records, localDashd, lastUpdated, skipped, warnings } = parsed(vector('p2pool-dash.json'));
  const byKey = new Map(records.map((record) => [record.key, record]));
  assert.equal(localDashd, '127.0.0.1:9999');
  assert.equal(lastUpdated, 1_703_174_400_250);
  assert.equal(skipped, 3);
  assert.deepEqual([...byKey.keys()].sort(), [
    '123.45.67.89:9999',
    '127.0.0.1:9999',
    '5.6.7.8:9999',
    '98.76.54.32:9999',
    '[2a01:4f8:1:2::3]:9999',
    '[2a01:4f8:1:2::4]:9999',
  ]);
  const first = byKey.get('123.45.67.89:9999');
  assert.equal(first?.firstSeen, 1_703_000_000_000);
  assert.equal(first?.ping?.smoothedMs, 45.2);
  assert.equal(first?.broadcasts.acknowledged, 47);
  assert.deepEqual(first?.broadcasts.failed, { unknown: 2 });
  assert.ok(Math.abs((first?.broadcasts.recent.succeeded ?? 0) - (20 * 47) / 49) < 1e-9);
  assert.equal(first?.lastConnected, 1_703_174_300_000, 'it delivered, so it shook hands');
  assert.equal(byKey.get('98.76.54.32:9999')?.lastConnected, undefined);
  assert.deepEqual(byKey.get('5.6.7.8:9999')?.sources, ['dashd']);
  assert.equal(byKey.get('5.6.7.8:9999')?.lastSeen, 1_703_174_400_250);
  assert.equal(byKey.get('127.0.0.1:9999')?.protected, true);
  assert.ok(warnings.some((line) => /unknown source .*somewhere else/.test(line)));
  assert.ok(warnings.some((line) => /not an address .*1\.2\.3\.4/.test(line)));
});

test('the design document’s example, with whole seconds and no version, loads', () => {
  const example = {
    last_updated: 1_703_174_400,
    local_dashd: '127.0.0.1:9999',
    peers: {
      '98.76.54.32:9999': {
        first_seen: 1_703_010_000,
        last_seen: 1_703_174_200,
        source: 'p2p_discovery',
        protected: false,
        successful_broadcasts: 32,
        failed_broadcasts: 1,
        score: 178.2,
      },
    },
  };
  const { records, warnings } = parsed(JSON.stringify(example));
  assert.equal(records[0]?.broadcasts.acknowledged, 32);
  assert.ok(warnings.some((line) => line.startsWith('no version')));
  assert.equal(parsed(JSON.stringify({ ...example, version: '1.0' })).warnings.length, 0);
});

test('a byte-order mark is no part of a peer book', () => {
  assert.equal(parsed('\uFEFF{"version":"1.0","peers":{}}').records.length, 0);
});

test('a file that is no JSON is not quoted: it may be any file', () => {
  const result = parse('root:x:0:0');
  assert.ok(!result.ok && !result.reason.includes('root'));
});

test('what is no peer book is refused, and why', () => {
  const table: [string, string][] = [
    ['', 'not-json'],
    ['{"version":"1.0","peers":{', 'not-json'],
    ['null', 'not-a-peer-book'],
    ['[]', 'not-a-peer-book'],
    ['{"version":"1.0"}', 'not-a-peer-book'],
    ['{"version":"1.0","peers":[]}', 'not-a-peer-book'],
    ['{"version":"2.0","peers":{}}', 'unknown-version'],
    ['{"version":1,"peers":{}}', 'not-a-peer-book'],
  ];
  for (const [json, code] of table) {
    const result = parse(json);
    assert.ok(!result.ok && result.code === code && result.reason !== '', `${json}: ${JSON.stringify(result)}`);
  }
});

test('no file makes it throw, nor brings in a number that is none', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 1e308, 5e-324, 0.5, '', '12', [], {}, null, true, { succeeded: 1e308, failed: 1e308 }),
  );
  const fields = [
    'first_seen',
    'last_seen',
    'source',
    'protected',
    'successful_broadcasts',
    'failed_broadcasts',
    'ping_ms',
    'sources',
    'services',
    'height',
    'last_connected',
    'broadcasts',
    'backoff',
    'connections',
    'announcements',
    '__proto__',
  ];
  const entry = fc.dictionary(fc.constantFrom(...fields), value);
  const name = fc.oneof(
    fc.string(),
    fc.integer({ min: 0, max: 99 }).map((n) => `${publicAddress(n)}:9999`),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(entry, value)), fc.jsonValue(), (peers, lastUpdated) => {
      const result = parsed(JSON.stringify({ version: '1.0', last_updated: lastUpdated, peers }));
      assert.equal(result.records.length + result.skipped >= Object.keys(peers).length - 99, true);
      for (const record of result.records) {
        const numbers = JSON.stringify(record, (_, inner) => {
          if (typeof inner === 'number') assert.ok(Number.isFinite(inner));
          return typeof inner === 'bigint' ? String(inner) : inner;
        });
        assert.ok(numbers.length > 0);
        const { succeeded, failed } = record.broadcasts.recent;
        assert.ok(succeeded + failed <= 20 + 1e-9);
      }
    }),
    { numRuns: 500 },
  );
});

const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc.constantFrom<Observation>(
    { kind: 'dialled' },
    { kind: 'alive' },
    { kind: 'connection-failed', code: 'timeout' },
    { kind: 'handshake', services: 5n, protocolVersion: 70240, userAgent: '/Dash Core:23.1.2/', height: 7 },
    { kind: 'lost', code: 'reset', uptimeMs: 5, ours: false },
    { kind: 'announced', lagMs: 12, height: 9 },
    { kind: 'broadcast', status: 'acknowledged', proofMs: 12 },
    { kind: 'broadcast', status: 'accepted' },
    { kind: 'broadcast', status: 'already-had' },
    { kind: 'broadcast', status: 'failed', code: 'timeout' },
  ),
  fc.integer({ min: 0, max: 5_000 }).map((rttMs) => ({ kind: 'ping' as const, rttMs })),
);

test('what is saved is what is loaded, to the millisecond, after any life', () => {
  const random = seeded(1);
  fc.assert(
    fc.property(fc.array(fc.array(observation, { maxLength: 30 }), { maxLength: 20 }), (lives) => {
      const records = lives.map((life, n) =>
        life.reduce(
          (record, seen) => observe(record, seen, NOW + 5, random),
          peer(`${publicAddress(n)}:9999`, { via: '9.9.0.0/16' }),
        ),
      );
      const whole = records.map((record) => ({
        ...record,
        backoff: { ...record.backoff, retryAt: Math.round(record.backoff.retryAt) },
      }));
      assert.deepEqual(parsed(text(whole)).records, withoutIdleBackoff(whole));
    }),
    { numRuns: 200 },
  );
});

/** A backoff that forbids nothing and remembers nothing is not saved. */
function withoutIdleBackoff(records: readonly PeerRecord[]): PeerRecord[] {
  return records.map((record) =>
    record.backoff.failures > 0 ? record : { ...record, backoff: { state: 'closed', failures: 0, retryAt: 0 } },
  );
}

test('IPv6, onions and names come back as they went', () => {
  const keys = ['[2a01:4f8::1]:9999', `${'a'.repeat(55)}d.onion:9999`, 'dashd:9999', '127.0.0.1:9999'];
  const records = keys.map((key) => peer(key));
  assert.deepEqual(
    parsed(text(records)).records.map(({ key }) => key),
    keys.map((key) => `${address(key).family === 'ipv6' ? key : key}`),
  );
});

test('20,000 peers are saved in steps; what they take is in the report', (t) => {
  const records = Array.from({ length: 20_000 }, (_, n) =>
    provenPeer(`${publicAddress(n)}:9999`, {
      broadcasts: outcomes(9, 1),
      ping: { minMs: 5.25, smoothedMs: 17.5, at: NOW },
    }),
  );
  const steps: number[] = [];
  let size = 0;
  const chunks = serialise(records, NOW, undefined);
  const whole: string[] = [];
  for (;;) {
    const begun = performance.now();
    const chunk = chunks.next();
    steps.push(performance.now() - begun);
    if (chunk.done === true) break;
    size += chunk.value.length;
    whole.push(chunk.value);
  }
  steps.sort((a, b) => b - a);
  const begun = performance.now();
  assert.equal(parsed(whole.join('')).records.length, 20_000);
  const took = performance.now() - begun;
  t.diagnostic(
    `${(size / 1e6).toFixed(1)} MB in ${steps.length} steps, ${steps.reduce((a, b) => a + b, 0).toFixed(0)} ms in all; longest ${steps
      .slice(0, 3)
      .map((ms) => ms.toFixed(2))
      .join(', ')} ms; parsed in ${took.toFixed(0)} ms`,
  );
  assert.ok(steps.length > 150);
});

test('what was learned is kept; files of before have nothing, and what cannot be is learned anew', () => {
  const record = { ...peer('1.2.3.4:9999'), learned: { blocks: 12.5, lagMs: 31.25 } };
  const [read] = parsed(text([record])).records;
  assert.deepEqual(read?.learned, record.learned);
  const [old] = parsed(text([peer('1.2.3.4:9999')])).records;
  assert.equal(old?.learned, undefined);
  for (const [from, to] of [
    ['"blocks":12.5', '"blocks":-1'],
    ['"blocks":12.5', '"blocks":"many"'],
    ['"lag_ms":31.25', '"lag_ms":1e9'],
  ] as const) {
    const { records, skipped } = parsed(text([record]).replace(from, to));
    assert.equal(records[0]?.learned, undefined, to);
    assert.equal(skipped, 0);
  }
  const [many] = parsed(text([record]).replace('"blocks":12.5', '"blocks":1000000')).records;
  assert.ok((many?.learned?.blocks ?? 0) <= 50.01, 'no file outweighs what is seen');
});
