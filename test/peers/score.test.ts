import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { observe, SOURCES, type Source } from '../../src/peers/record.js';
import { score, scoreTotal, successRate, WEIGHTS, type WeightSettings, weightsFrom } from '../../src/peers/score.js';
import { HOUR_MS } from '../../src/time.js';
import { NOW, outcomes, peer, seeded } from './support.js';

const KEY = '1.2.3.4:9999';
const term = (record: Parameters<typeof score>[0], label: string) =>
  score(record, NOW).terms.find((candidate) => candidate.label === label)?.value;

test('initial and source: the best of a peer’s sources, and 30 more where dashd had it', () => {
  const table: [Source[], number, number | undefined][] = [
    [['dashd'], 100, 30],
    [['p2p_discovery'], 50, undefined],
    [['masternode'], 50, undefined],
    [['dns'], 50, undefined],
    [['configured'], 100, undefined],
    [['local_dashd'], 100, undefined],
    [['p2p_discovery', 'dashd'], 100, 30],
    [[], 50, undefined],
  ];
  for (const [sources, initial, fromDashd] of table) {
    assert.equal(term(peer(KEY, { sources }), 'initial'), initial, sources.join());
    assert.equal(term(peer(KEY, { sources }), 'from-dashd'), fromDashd, sources.join());
  }
});

test('recency, to the millisecond', () => {
  const table: [number, number][] = [
    [-HOUR_MS, 50],
    [0, 50],
    [HOUR_MS - 1, 50],
    [HOUR_MS, 30],
    [6 * HOUR_MS - 1, 30],
    [6 * HOUR_MS, 10],
    [24 * HOUR_MS - 1, 10],
    [24 * HOUR_MS, -20],
    [1e12, -20],
  ];
  for (const [age, points] of table)
    assert.equal(term(peer(KEY, { lastSeen: NOW - age }), 'recency'), points, `${age}`);
});

test('success: nothing for the untried, little for luck, nearly all for a long record', () => {
  const table: [number, number, number][] = [
    [0, 0, 0],
    [1, 0, 20.7],
    [0, 5, 0],
    [10, 10, 29.9],
    [20, 0, 83.9],
  ];
  for (const [ok, bad, points] of table) {
    assert.ok(Math.abs((term(peer(KEY, { broadcasts: outcomes(ok, bad) }), 'success') ?? -1) - points) < 0.05);
  }
});

test('one lucky delivery does not outrank a long record with a few failures', () => {
  const lucky = peer(KEY, { broadcasts: outcomes(1, 0) });
  const long = peer(KEY, { broadcasts: outcomes(17, 3) });
  assert.ok(scoreTotal(long, NOW) > scoreTotal(lucky, NOW) + 40);
});

test('the design document’s order: 47 of 49 from dashd before 32 of 33 from discovery', () => {
  const first = peer(KEY, { sources: ['dashd'], broadcasts: outcomes(20 * (47 / 49), 20 * (2 / 49)) });
  const second = peer(KEY, { broadcasts: outcomes(20 * (32 / 33), 20 / 33) });
  assert.ok(scoreTotal(first, NOW) > scoreTotal(second, NOW));
});

test('a protected peer has its score whatever it did', () => {
  const record = peer(KEY, { protected: true, lastSeen: 0, broadcasts: outcomes(0, 20) });
  assert.deepEqual(
    score(record, NOW).terms.map(({ label, value }) => [label, value]),
    [['protected', 999_999]],
  );
  assert.equal(scoreTotal(record, NOW), 999_999);
});

test('never below 0, and the breakdown says so', () => {
  const weights = { ...WEIGHTS, initial: { ...WEIGHTS.initial, p2p_discovery: 5 } };
  const result = score(peer(KEY, { lastSeen: 0 }), NOW, weights);
  assert.equal(result.total, 0);
  assert.equal(result.terms.find(({ label }) => label === 'floor')?.value, 15);
});

const anyRecord = fc
  .record({
    sources: fc.subarray([...SOURCES]),
    lastSeen: fc.oneof(fc.integer({ min: 0, max: 2 * NOW }), fc.constant(Number.MAX_SAFE_INTEGER)),
    succeeded: fc.double({ min: 0, max: 20, noNaN: true }),
    failed: fc.double({ min: 0, max: 20, noNaN: true }),
    isProtected: fc.boolean(),
  })
  .map(({ succeeded, failed, isProtected, ...rest }) =>
    peer(KEY, { ...rest, protected: isProtected, broadcasts: outcomes(succeeded, failed) }),
  );

test('every total is a number not below 0, the sum of its terms, and the same with and without them', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { total, terms } = score(record, NOW);
      assert.ok(Number.isFinite(total) && total >= 0);
      assert.equal(total, scoreTotal(record, NOW));
      assert.ok(Math.abs(terms.reduce((sum, { value }) => sum + value, 0) - total) < 1e-9);
      for (const { why } of terms) assert.notEqual(why, '');
    }),
  );
});

test('a delivery never lowers a score and a failure never raises it, after any history', () => {
  const history = fc.array(fc.boolean(), { maxLength: 200 });
  const random = seeded(2);
  fc.assert(
    fc.property(history, (outcomesSoFar) => {
      let record = peer(KEY, { lastSeen: NOW });
      for (const ok of outcomesSoFar) {
        const before = scoreTotal(record, NOW);
        record = ok
          ? observe(record, { kind: 'broadcast', status: 'accepted' }, NOW, random)
          : observe(record, { kind: 'broadcast', status: 'failed', code: 'x' }, NOW, random);
        const difference = scoreTotal(record, NOW) - before;
        assert.ok(ok ? difference >= -1e-9 : difference <= 1e-9, `${difference}`);
      }
    }),
  );
});

test('the success rate lies between 0 and the plain rate, whatever it is given', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      (ok, bad) => {
        const rate = successRate(ok, bad);
        assert.ok(rate >= 0 && rate <= (ok + bad > 0 ? ok / (ok + bad) : 0) + 1e-9);
      },
    ),
  );
  assert.equal(successRate(Number.NaN, 1), 0);
});

test('the configuration’s defaults give the weights of requirement 16, and each setting its own', () => {
  const settings = { known: 100, heard: 50, success: 100, hour: 50, sixHours: 30, day: 10, older: 20, fromDashd: 30 };
  const weigh = (weights: WeightSettings) => weightsFrom({ weights, learned: false });
  assert.deepEqual(weigh(settings), WEIGHTS);
  const seen = new Set([JSON.stringify(WEIGHTS)]);
  for (const name of Object.keys(settings)) seen.add(JSON.stringify(weigh({ ...settings, [name]: 7 })));
  assert.equal(seen.size, 1 + Object.keys(settings).length);
});
