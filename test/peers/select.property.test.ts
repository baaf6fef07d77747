/** Plans over random books and connections, and over a book of 20,000. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OpenConnection, type Plan, selectLimits } from '../../src/peers/plan.js';
import type { PeerRecord } from '../../src/peers/record.js';
import { scoreTotal } from '../../src/peers/score.js';
import { select, selecting } from '../../src/peers/select.js';
import { HOUR_MS } from '../../src/time.js';
import { codeOf, key, peers, plan } from './select-support.js';
import { live, NOW, outcomes, peer, provenPeer, seeded, view } from './support.js';

const anyPeer = fc.record({
  n: fc.integer({ min: 0, max: 300 }),
  crowd: fc.boolean(),
  proven: fc.boolean(),
  isProtected: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
  ok: fc.integer({ min: 0, max: 20 }),
  bad: fc.integer({ min: 0, max: 20 }),
  age: fc.integer({ min: 0, max: 48 * HOUR_MS }),
  failing: fc.integer({ min: 0, max: 3 }),
  pingMs: fc.integer({ min: 1, max: 3_000 }),
  waits: fc.integer({ min: 0, max: 4 }).map((roll) => roll === 0),
  services: fc.constantFrom(1n, 5n, 4n),
  liveAs: fc.constantFrom('no', 'no', 'ready', 'young', 'dialling'),
});
type AnyPeer = typeof anyPeer extends fc.Arbitrary<infer T> ? T : never;

function recordOf(p: AnyPeer): PeerRecord {
  const name = p.crowd ? `77.7.${p.n >> 8}.${p.n & 255}:9999` : key(p.n);
  const common = {
    protected: p.isProtected,
    lastSeen: NOW - p.age,
    services: p.services,
    ping: { minMs: 1, smoothedMs: p.pingMs, at: NOW },
    broadcasts: { ...outcomes(p.ok, p.bad), failuresInARow: p.failing, lastAt: NOW },
    backoff: { state: 'closed', failures: p.waits ? 1 : 0, retryAt: p.waits ? NOW + 1 : 0 },
  } as const;
  return p.proven ? provenPeer(name, common) : peer(name, common);
}

function liveOf(p: AnyPeer): OpenConnection[] {
  if (p.liveAs === 'no') return [];
  return [
    live(recordOf(p).key, {
      ready: p.liveAs !== 'dialling',
      ...(p.liveAs === 'young' ? { connectedAt: NOW - 1 } : {}),
    }),
  ];
}

const situation = fc.record({
  all: fc.uniqueArray(anyPeer, { maxLength: 120, selector: (p) => `${p.crowd}${p.n}` }),
  max: fc.integer({ min: 1, max: 25 }),
  maxRotations: fc.integer({ min: 0, max: 6 }),
  seed: fc.integer(),
});

test('any plan: protected peers never go, churn and caps are bounded, everybody is accounted for once', () => {
  fc.assert(
    fc.property(situation, ({ all, max, maxRotations, seed }) => {
      const records = all.map(recordOf);
      const byKey = new Map(records.map((record) => [record.key, record]));
      const connections = all.flatMap(liveOf);
      const limits = selectLimits('mainnet', { max, maxRotations });
      const result = plan(records, connections, { limits, random: seeded(seed) });
      const isProtected = (name: string) => byKey.get(name)?.protected === true;
      const slots = connections.filter(({ key: name }) => !isProtected(name)).length;

      assert.ok(!peers(result.disconnect).some(isProtected));
      assert.ok(!peers(result.connect).some(isProtected));
      assert.ok(result.disconnect.length <= maxRotations + Math.max(0, slots - max));
      assert.deepEqual(
        [...peers(result.keep), ...peers(result.disconnect)].sort(),
        connections.map(({ key: name }) => name).sort(),
      );
      const chosen = peers(result.connect);
      assert.equal(new Set(chosen).size, chosen.length);
      for (const name of chosen) {
        assert.ok(!connections.some((connection) => connection.key === name));
        const waits = (byKey.get(name)?.backoff.retryAt ?? 0) > NOW;
        assert.ok(!waits || codeOf(result.connect, name) === 'last-resort');
      }
      const after = [...peers(result.keep), ...chosen].filter((name) => !isProtected(name));
      assert.ok(after.length <= max);
      const crowd = (names: readonly string[]) => names.filter((name) => name.startsWith('77.7.')).length;
      const before = crowd(connections.map(({ key: name }) => name).filter((name) => !isProtected(name)));
      assert.ok(crowd(after) <= Math.max(limits.groupCeiling, before), `${crowd(after)} after ${before}`);
      for (const { peer: name, reason } of result.disconnect) {
        const connection = connections.find((candidate) => candidate.key === name);
        if (reason.code !== 'over-max') assert.ok(connection?.ready && NOW - connection.connectedAt >= limits.settleMs);
      }
    }),
    { numRuns: 500 },
  );
});

test('any plan is the same in whatever order book and connections are given, and in steps as at once', () => {
  fc.assert(
    fc.property(situation, fc.integer(), ({ all, max, seed }, order) => {
      const random = seeded(order);
      const shuffled = all
        .map((p) => [random.float(), p] as const)
        .sort(([a], [b]) => a - b)
        .map(([, p]) => p);
      const run = (list: readonly AnyPeer[]) =>
        plan(list.map(recordOf), list.flatMap(liveOf), { limits: { max }, random: seeded(seed) });
      const sets = ({ connect, disconnect, keep, ...rest }: Plan) => ({
        ...rest,
        connect,
        disconnect,
        keep: [...keep].sort((a, b) => (a.peer < b.peer ? -1 : 1)),
      });
      assert.deepEqual(sets(run(shuffled)), sets(run(all)));
    }),
    { numRuns: 200 },
  );
});

test('without caps and rotation a plan fills the slots with the best, as sorting the whole book would', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyPeer, { maxLength: 80, selector: (p) => p.n }),
      fc.integer({ min: 1, max: 30 }),
      (all, max) => {
        const records = all.map((p) =>
          recordOf({ ...p, crowd: false, isProtected: false, services: 1n, failing: 0, pingMs: 1 }),
        );
        const wide = { max, min: 0, perGroup: 99, perCountry: 99, exploration: 0 };
        const naive = records
          .filter((record) => record.backoff.retryAt <= NOW)
          .map((record) => ({ proven: record.lastConnected === undefined ? 0 : 1, points: scoreTotal(record, NOW) }))
          .sort((a, b) => b.proven - a.proven || b.points - a.points)
          .slice(0, max);
        const byKey = new Map(records.map((record) => [record.key, record]));
        const chosen = peers(plan(records, [], { limits: wide }).connect).map((name) => {
          const record = byKey.get(name);
          assert.ok(record);
          return { proven: record.lastConnected === undefined ? 0 : 1, points: scoreTotal(record, NOW) };
        });
        assert.deepEqual(chosen, naive);
      },
    ),
  );
});

test('20,000 peers are scored and selected; what it takes is in the report', (t) => {
  const random = seeded(4);
  const records = Array.from({ length: 20_000 }, (_, n) =>
    random.float() < 0.25
      ? provenPeer(key(n), {
          lastSeen: NOW - random.float() * 48 * HOUR_MS,
          broadcasts: outcomes(random.float() * 20, random.float() * 3),
        })
      : peer(key(n), { lastSeen: NOW - random.float() * 48 * HOUR_MS }),
  );
  const book = view(records);
  const seats = records.slice(0, 20).map(({ key: name }) => live(name));
  const input = () => ({ book, live: seats, now: NOW, random, limits: selectLimits('mainnet') });
  const whole: number[] = [];
  const longest: number[] = [];
  for (let run = 0; run < 20; run++) {
    const steps: number[] = [];
    const planning = selecting(input());
    for (;;) {
      const begun = performance.now();
      const step = planning.next();
      steps.push(performance.now() - begun);
      if (step.done === true) break;
    }
    whole.push(steps.reduce((sum, ms) => sum + ms, 0));
    longest.push(Math.max(...steps));
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  t.diagnostic(
    `first ${whole[0]?.toFixed(1)} ms (longest step ${longest[0]?.toFixed(1)}), median ${median(whole).toFixed(1)} ms, longest step ${median(longest).toFixed(1)} ms`,
  );
  assert.ok(select(input()).candidates === 19_980);
});
