import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PeerEvent, RelayEvent } from '../../src/contracts/events.js';
import { createEventLog } from '../../src/ops/log-events.js';
import { closeLogger, createLogger } from '../../src/ops/logger.js';
import { capture } from './capture.js';

const HASH = '000000000000000f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887';
const MINUTE = 60_000;

async function lines(events: readonly RelayEvent[]): Promise<string[]> {
  const output = capture();
  const logger = createLogger({ level: 'debug', format: 'pretty' }, output.stream);
  const log = createEventLog(logger);
  for (const event of events) log(event);
  await closeLogger(logger);
  output.stream.end();
  await new Promise((resolve) => output.stream.once('close', resolve));
  return output.lines().map((line) => line.replace(/^\S+ \S+ (\S+) +/, '$1 '));
}

function lost(at: number, more: Partial<Extract<PeerEvent, { type: 'peer-lost' }>> = {}): RelayEvent {
  return {
    type: 'peer-lost',
    at,
    peer: '203.0.113.7:9999',
    protected: false,
    code: 'closed',
    reason: 'the peer closed the connection',
    wasReady: true,
    bytesIn: 1,
    bytesOut: 1,
    ...more,
  };
}

const local = { peer: '127.0.0.1:9999', protected: true } as const;
const connected = (at: number): RelayEvent => ({
  type: 'peer-connected',
  at,
  ...local,
  userAgent: '/Dash Core:23.1.2/',
  height: 7,
  protocolVersion: 70_240,
});

const SPREAD = { type: 'propagation', at: 1, hash: HASH, sights: [] } as const;

const table: [string, RelayEvent, string][] = [
  [
    'a peer that we left',
    lost(1, { code: 'rotated-out', reason: 'no longer wanted' }),
    'DEBUG peer 203.0.113.7:9999 lost: rotated-out: no longer wanted',
  ],
  [
    'a lost member of a quorum',
    lost(1, { quorum: true }),
    'INFO quorum member 203.0.113.7:9999 lost: closed: the peer closed the connection',
  ],
  [
    'a member of a quorum that does not answer',
    lost(1, { quorum: true, wasReady: false }),
    'DEBUG quorum member 203.0.113.7:9999 not reached: closed: the peer closed the connection',
  ],
  [
    'gossip',
    {
      type: 'gossip',
      at: 1,
      peer: '203.0.113.7:9999',
      added: 9,
      known: 1,
      futureDated: 2,
      refused: { 'peer-rate': 990 },
    },
    'DEBUG addresses from 203.0.113.7:9999: 9 added, 1 known, 2 dated ahead of time, 990 refused: peer-rate',
  ],
  [
    'a block received',
    { type: 'received', at: 1, hash: HASH, source: 'pool', size: 15_234, transactions: 12, height: 99 },
    `INFO block ${HASH} (height 99) received from the pool: 15.2 kB, 12 transactions`,
  ],
  [
    'a block held',
    { type: 'received', at: 1, hash: HASH, source: 'dashd', size: 300, held: ['unknown parent', 'merkle-root'] },
    `INFO block ${HASH} received from dashd: 300 B; peers wait for dashd's answer: unknown parent, merkle-root`,
  ],
  [
    'a block refused',
    {
      type: 'refused',
      at: 1,
      hash: HASH,
      source: 'pool',
      size: 300,
      code: 'proof of work',
      reason: 'above target',
      sha256: '',
    },
    `ERROR block ${HASH} of 300 B from the pool refused: proof of work: above target`,
  ],
  [
    'a frame refused',
    { type: 'refused', at: 1, source: 'pool', size: 3, code: 'too short', reason: 'no header', sha256: '' },
    'ERROR frame of 3 B from the pool refused: too short: no header',
  ],
  [
    'a block repeated',
    { type: 'repeated', at: 1, hash: HASH, source: 'pool' },
    `DEBUG block ${HASH} received again from the pool`,
  ],
  ['a block stored', { type: 'stored', at: 1, hash: HASH }, `DEBUG block ${HASH} stored: it survives a loss of power`],
  [
    'a dashd on another chain',
    {
      type: 'service',
      at: 1,
      service: 'dashd-chain',
      state: 'down',
      code: 'wrong-network',
      detail: 'dashd is on test',
    },
    'CRITICAL dashd chain down: wrong-network: dashd is on test',
  ],
  [
    'a block that half of the witnesses have',
    { ...SPREAD, own: true, witnesses: 5, seen: 4, firstMs: 80, medianMs: 151.4, lastMs: 410 },
    `INFO block ${HASH} spread: half of 5 witnesses had it after 151 ms, the last of 4 after 410 ms`,
  ],
  [
    'a block of others that too few witnesses announced',
    { ...SPREAD, own: false, witnesses: 5, seen: 1, firstMs: 80, lastMs: 80 },
    `DEBUG block ${HASH} of others spread: seen by 1 of 5 witnesses, too few for a median`,
  ],
  ...(['silent', 'disconnected', 'chosen'] as const).map((code): [string, RelayEvent, string] => [
    `a witness that is ${code}`,
    { type: 'witness', at: 1, peer: 'a:1', state: code === 'chosen' ? 'connected' : 'lost', code, reason: 'why' },
    {
      silent: 'INFO witness a:1 replaced: silent: why',
      disconnected: 'DEBUG witness a:1 lost: disconnected: why',
      chosen: 'DEBUG witness a:1 connected: why',
    }[code],
  ]),
  [
    'a proof',
    {
      type: 'proof',
      at: 1,
      hash: HASH,
      peer: 'a:1',
      protected: false,
      status: 'accepted',
      writtenMs: 0.31,
      acknowledgedMs: 4,
      acceptedMs: 41.7,
    },
    `DEBUG block ${HASH} at a:1: accepted (written 0.3 ms, acknowledged 4.0 ms, accepted 42 ms)`,
  ],
  [
    'a delivery that failed',
    { type: 'proof', at: 1, hash: HASH, peer: 'a:1', protected: false, status: 'failed', reason: 'timeout' },
    `DEBUG block ${HASH} at a:1: failed: timeout`,
  ],
  [
    'a good verdict',
    {
      type: 'verdict',
      at: 1,
      hash: HASH,
      source: 'pool',
      size: 300,
      height: 99,
      outcome: 'delivered',
      success: true,
      rpc: { outcome: 'duplicate', ms: 12.4 },
      peersReached: 19,
      peersTried: 20,
      accepted: 18,
      alreadyHad: 0,
      failed: 1,
      firstMs: 1.24,
      medianMs: 2.31,
      lastMs: 90.6,
      peers: [],
    },
    `INFO block ${HASH} (height 99) delivered: reached 19 of 20 peers; first 1.2 ms, median 2.3 ms, last 91 ms; rpc duplicate in 12 ms`,
  ],
  [
    'a bad verdict',
    {
      type: 'verdict',
      at: 1,
      hash: HASH,
      source: 'pool',
      size: 300,
      outcome: 'rejected',
      success: false,
      reason: 'dashd refused it',
      rpc: { outcome: 'rejected', reason: 'bad-txnmrklroot', ms: 3 },
      peersReached: 0,
      peersTried: 0,
      accepted: 0,
      alreadyHad: 0,
      failed: 0,
      peers: [],
    },
    `ERROR block ${HASH} rejected: reached 0 of 0 peers; rpc rejected (bad-txnmrklroot) in 3.0 ms; dashd refused it`,
  ],
  [
    'a block that is ChainLocked',
    { type: 'finality', at: 1, hash: HASH, height: 99, state: 'chainlocked', confirmations: 1 },
    `INFO block ${HASH} (height 99) is ChainLocked (confirmations: 1)`,
  ],
  [
    'a block whose ChainLock was seen',
    { type: 'finality', at: 1, hash: HASH, state: 'chainlocked', chainLock: { ms: 1_200, seen: 'feed' } },
    `INFO block ${HASH} is ChainLocked after 1200 ms`,
  ],
  [
    'a block with a transaction that is not locked',
    {
      type: 'locks',
      at: 1,
      hash: HASH,
      height: 99,
      transactions: 30,
      locked: 8,
      delaying: 22,
      aged: 0,
      unchecked: 0,
      named: [{ txid: 'cd'.repeat(32), seenAt: 0 }],
      clearAt: 600_000,
    },
    `WARN block ${HASH} (height 99): 22 of 30 transactions are not InstantSend-locked, so its ChainLock may be late, until 1970-01-01T00:10:00.000Z at the latest: ${'cd'.repeat(32)} and 21 more`,
  ],
  [
    'a block whose locks could not be counted',
    {
      type: 'locks',
      at: 1,
      hash: HASH,
      transactions: 30,
      locked: 0,
      delaying: 0,
      aged: 0,
      unchecked: 0,
      named: [],
      unknown: 'instantsend-off',
    },
    `INFO block ${HASH}: it is not known whether a transaction delays its ChainLock: instantsend-off`,
  ],
  [
    'a block that is buried',
    { type: 'finality', at: 1, hash: HASH, height: 99, state: 'buried', confirmations: 100 },
    `INFO block ${HASH} (height 99) is buried without a ChainLock (confirmations: 100)`,
  ],
  [
    'a block that is orphaned',
    { type: 'finality', at: 1, hash: HASH, height: 99, state: 'orphaned', by: 'ab'.repeat(32) },
    `ERROR block ${HASH} (height 99) is orphaned by ${'ab'.repeat(32)}`,
  ],
  [
    'a block that came back',
    { type: 'finality', at: 1, hash: HASH, state: 'pending', confirmations: 2 },
    `INFO block ${HASH} is in dashd's chain again (confirmations: 2)`,
  ],
  [
    'the local dashd connected',
    connected(1),
    'INFO local dashd 127.0.0.1:9999 connected: /Dash Core:23.1.2/, protocol 70240, height 7',
  ],
  [
    'another peer connected',
    { ...connected(1), protected: false, peer: 'a:1' } as RelayEvent,
    'DEBUG peer a:1 connected: /Dash Core:23.1.2/, protocol 70240, height 7',
  ],
  ['a peer lost', lost(1), 'WARN peer 203.0.113.7:9999 lost: closed: the peer closed the connection'],
  [
    'a peer not reached',
    lost(1, { wasReady: false, code: 'refused', reason: 'ECONNREFUSED' }),
    'INFO peer 203.0.113.7:9999 not reached: refused: ECONNREFUSED',
  ],
  [
    'the local dashd lost',
    lost(1, local),
    'CRITICAL local dashd 127.0.0.1:9999 lost: closed: the peer closed the connection',
  ],
  [
    'the local dashd absent from the start',
    lost(1, { ...local, wasReady: false }),
    'CRITICAL local dashd 127.0.0.1:9999 not reached: closed: the peer closed the connection',
  ],
  [
    'a service down',
    { type: 'service', at: 1, service: 'dashd-feed', state: 'down', code: 'no-answer', detail: 'nobody answers' },
    'WARN dashd feed down: no-answer: nobody answers',
  ],
  [
    'a service up',
    { type: 'service', at: 1, service: 'dashd-rpc', state: 'up', code: '', detail: 'answers' },
    'INFO dashd RPC up: answers',
  ],
  ['a tip', { type: 'tip', at: 1, hash: HASH, source: 'feed' }, `DEBUG tip is ${HASH} (feed)`],
];

describe('event log', () => {
  for (const [name, event, line] of table) {
    test(`${name} is a line`, async () => assert.deepEqual(await lines([event]), [line]));
  }

  const levels = async (events: readonly RelayEvent[]) => (await lines(events)).map((line) => line.split(' ')[0]);

  test('the same loss of the same peer is reported once in ten minutes', async () => {
    const events = [
      lost(0),
      lost(1),
      lost(1, { peer: 'other:1' }),
      lost(2, { code: 'idle' }),
      lost(10 * MINUTE - 1),
      lost(10 * MINUTE),
    ];
    assert.deepEqual(await levels(events), ['WARN', 'DEBUG', 'WARN', 'WARN', 'DEBUG', 'WARN']);
  });

  test('attempts to reach the local dashd are one loss, whatever way they fail', async () => {
    const away = { ...local, wasReady: false };
    const events = [
      lost(0, local),
      lost(100, { ...away, code: 'refused' }),
      lost(200, { ...away, code: 'timeout' }),
      lost(11 * MINUTE, away),
    ];
    assert.deepEqual(await levels(events), ['CRITICAL', 'DEBUG', 'DEBUG', 'CRITICAL']);
  });

  test('a local dashd that came back for good and goes again is lost anew', async () => {
    const events = [lost(0, local), connected(1_000), lost(7_000, local)];
    assert.deepEqual(await levels(events), ['CRITICAL', 'INFO', 'CRITICAL']);
  });

  test('a local dashd that comes and goes is not a flood', async () => {
    const events = [0, 1_000, 2_000, 3_000].flatMap((at) => [connected(at), lost(at + 500, local)]);
    assert.equal((await levels(events)).filter((level) => level === 'CRITICAL').length, 1);
  });

  test('what is remembered is bounded: the oldest loss is forgotten', async () => {
    const crowd = Array.from({ length: 1_000 }, (_, index) => lost(1, { peer: `${index}:1` }));
    assert.equal((await levels([lost(0), ...crowd, lost(2)])).at(-1), 'WARN');
  });

  const refused = (at: number): RelayEvent => ({
    type: 'refused',
    at,
    source: 'pool',
    code: 'empty',
    reason: 'the frame is empty',
    size: 0,
    sha256: HASH,
  });
  const stranger = (at: number, code = 'refused'): RelayEvent => ({
    type: 'service',
    at,
    service: 'pool-socket',
    state: 'fault',
    code,
    detail: 'a client whose handshake failed',
  });

  for (const [name, event] of [
    ['frames that are no block', refused],
    ['connections that are no pool', stranger],
  ] as const) {
    test(`ten thousand ${name} are ten lines a minute, and a figure`, async () => {
      const flood = Array.from({ length: 10_000 }, (_, index) => event(index));
      const reported = await lines([...flood, event(MINUTE)]);
      assert.equal(reported.length, 11);
      assert.match(reported[8] ?? '', /[a-z]$/);
      assert.match(reported[9] ?? '', / \(further similar lines are dropped for a minute\)$/);
      assert.match(reported[10] ?? '', / \(9990 similar lines were dropped before this one\)$/);
    });
  }

  test('a flood of one kind hides no other, nor what is critical', async () => {
    const flood = Array.from({ length: 100 }, () => refused(1));
    const wrongNetwork = { ...stranger(1, 'wrong-network'), service: 'dashd-chain' } as RelayEvent;
    const wrong = Array.from({ length: 20 }, (): RelayEvent => ({ ...wrongNetwork }));
    const reported = await levels([...flood, stranger(1), stranger(1, 'other'), ...wrong]);
    assert.equal(reported.length, 10 + 2 + 20);
  });

  test('a clock that is set back does not silence what follows', async () => {
    const flood = Array.from({ length: 100 }, () => refused(100 * MINUTE));
    assert.equal((await lines([...flood, refused(1)])).length, 11);
  });

  test('the event itself is in the JSON line', async () => {
    const output = capture();
    const logger = createLogger({ level: 'info', format: 'json' }, output.stream);
    createEventLog(logger)(lost(5));
    await closeLogger(logger);
    output.stream.end();
    await new Promise((resolve) => output.stream.once('close', resolve));
    const line = JSON.parse(output.text()) as { event: unknown; level: string };
    assert.deepEqual([line.level, line.event], ['warn', lost(5)]);
  });
});
