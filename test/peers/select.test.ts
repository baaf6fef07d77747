import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { READY } from '../../src/peers/backoff.js';
import { type OpenConnection, type Plan, selectLimits } from '../../src/peers/plan.js';
import { newRecord, observe, type PeerRecord } from '../../src/peers/record.js';
import { scoreTotal, WEIGHTS } from '../../src/peers/score.js';
import { select } from '../../src/peers/select.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { HOUR_MS, MINUTE_MS } from '../../src/time.js';
import { codeOf, good, key, many, peers, plan } from './select-support.js';
import { address, live, NOW, outcomes, peer, provenPeer, seeded } from './support.js';

test('connect: below min, into a free slot, to explore, in rotation', () => {
  const cold = plan(many(0, 3), []);
  assert.deepEqual([...new Set(cold.connect.map(({ reason }) => reason.code))], ['below-min']);

  const sitting = many(0, 17, good);
  const untried = [peer(key(100)), peer(key(101)), peer(key(102))];
  const filled = plan(
    [...sitting, ...untried, provenPeer(key(200))],
    sitting.map(({ key: name }) => live(name)),
  );
  const codes = filled.connect.map(({ peer: name, reason }) => [name.startsWith(publicAddress(200)), reason.code]);
  assert.deepEqual(codes, [
    [false, 'exploration'],
    [false, 'exploration'],
    [true, 'free-slot'],
  ]);
  assert.deepEqual(filled.disconnect, []);

  const weak = many(0, 20);
  const rotated = plan(
    [...weak, ...many(300, 1, good)],
    weak.map(({ key: name }) => live(name)),
  );
  assert.deepEqual(
    rotated.connect.map(({ peer: name, reason, other }) => [name, reason.code, other]),
    [[key(300), 'rotation', rotated.disconnect[0]?.peer]],
  );
  assert.equal(rotated.disconnect[0]?.other, key(300));
  assert.equal(rotated.disconnect[0]?.reason.code, 'outscored');
});

test('disconnect: each reason', () => {
  const sitting = many(0, 20, good);
  const seats = sitting.map(({ key: name }) => live(name));
  const spare = many(300, 6, good);
  const with0 = (more: Partial<PeerRecord>) => [provenPeer(key(0), more), ...sitting.slice(1), ...spare];
  const first = key(0);

  assert.equal(codeOf(plan(with0({ services: 4n }), seats).disconnect, first), 'unfit');
  assert.equal(codeOf(plan(with0({ height: 900 }), seats, { tipHeight: 1_000 }).disconnect, first), 'unfit');
  assert.equal(codeOf(plan(with0({}), seats).disconnect, first), 'outscored');
  assert.equal(codeOf(plan(sitting.slice(1), seats).disconnect, first), 'not-in-book');
  assert.equal(codeOf(plan(with0({}), seats, { limits: { max: 19 } }).disconnect, first), 'over-max');

  const country = (host: string) => (sitting.slice(0, 9).some((record) => record.host === host) ? 'DE' : undefined);
  const crowdedCountry = plan([...sitting, ...spare], seats, { country });
  assert.deepEqual(
    crowdedCountry.disconnect.map(({ reason }) => reason.code),
    ['country-crowded'],
  );

  const twins = [1, 2].map((n) => provenPeer(`1.0.7.${n}:9999`, good));
  const crowded = [...twins, ...sitting.slice(0, 18)];
  const crowdedGroup = plan(
    [...crowded, ...spare],
    crowded.map(({ key: name }) => live(name)),
  );
  assert.deepEqual(
    crowdedGroup.disconnect.map(({ reason }) => reason.code),
    ['group-crowded'],
  );

  const explored = plan([...sitting, peer(key(400))], seats);
  assert.deepEqual(
    explored.disconnect.map(({ reason }) => reason.code),
    ['exploration'],
  );
  assert.deepEqual(
    explored.connect.map(({ reason }) => reason.code),
    ['exploration'],
  );
});

test('keep: each reason', () => {
  const sitting = many(0, 20, good);
  const seats = sitting.map(({ key: name }) => live(name));
  assert.equal(codeOf(plan(sitting, seats).keep, key(5)), 'good');

  const local = newRecord(address('127.0.0.1:9999'), 'local_dashd', NOW);
  const withLocal = plan([{ ...local, protected: true }, ...sitting], [live('127.0.0.1:9999'), ...seats]);
  assert.equal(codeOf(withLocal.keep, '127.0.0.1:9999'), 'protected');
  assert.equal(withLocal.disconnect.length, 0, 'the protected peer takes no slot');
  const unknown = plan(sitting, [live('127.0.0.1:9999', { protected: true }), ...seats]);
  assert.equal(codeOf(unknown.keep, '127.0.0.1:9999'), 'protected');

  const others = seats.slice(1);
  const better = many(300, 1, good);
  const weak = [provenPeer(key(0)), ...sitting.slice(1), ...better];
  assert.equal(codeOf(plan(weak, [live(key(0), { ready: false }), ...others]).keep, key(0)), 'connecting');
  const young = plan(weak, [live(key(0), { connectedAt: NOW - 2 * MINUTE_MS + 1 }), ...others]);
  assert.equal(codeOf(young.keep, key(0)), 'young');
  const trial = [provenPeer(key(0), { connections: { succeeded: 1, failed: 0 } }), ...sitting.slice(1), ...better];
  assert.equal(
    codeOf(plan(trial, [live(key(0), { connectedAt: NOW - 10 * MINUTE_MS }), ...others]).keep, key(0)),
    'on-trial',
  );

  const slow = sitting.slice(0, 6).map((record) => ({ ...record, services: 4n }));
  const unfit = [...slow, ...sitting.slice(6)];
  const alone = plan(unfit, seats);
  assert.equal(codeOf(alone.keep, key(0)), 'no-replacement');
  const limited = plan([...unfit, ...many(300, 10, good)], seats);
  assert.equal(limited.disconnect.length, 4);
  assert.equal(limited.keep.filter(({ reason }) => reason.code === 'rotation-limit').length, 2);
});

test('candidates are skipped for a reason that is counted', () => {
  const open = { state: 'open', failures: 5, retryAt: NOW + 1 } as const;
  const records = [
    peer(key(0), { backoff: { state: 'closed', failures: 1, retryAt: NOW + 1 } }),
    peer(key(1), { backoff: open }),
    peer(key(2), { services: 4n }),
    peer(`${'a'.repeat(55)}d.onion:9999`),
    peer(key(4), { backoff: { ...open, retryAt: NOW } }),
  ];
  const result = plan(records, [], { limits: { min: 0 } });
  assert.deepEqual(result.skipped, {
    'unreachable-family': 1,
    backoff: 1,
    'breaker-open': 1,
    'no-network-service': 1,
    failing: 0,
    slow: 0,
  });
  assert.deepEqual(peers(result.connect), [key(4)]);
  const onions = plan(records, [], { families: new Set(['onion']) });
  assert.equal(onions.connect[0]?.peer, `${'a'.repeat(55)}d.onion:9999`);
});

const lastFailure = (agoMs: number) => ({ at: NOW - agoMs, code: 'unreachable' });
const barred = (name: string, more: Partial<PeerRecord> = {}, agoMs = MINUTE_MS): PeerRecord =>
  peer(name, {
    backoff: { state: 'open', failures: 9, retryAt: NOW + 3 * HOUR_MS },
    connections: { succeeded: 1, failed: 9, lastFailure: lastFailure(agoMs) },
    ...more,
  });
const proven = { lastConnected: NOW - HOUR_MS, services: 1n } as const;

test('below min: configured, proven and slow peers are tried a minute after they failed, whatever is remembered of them', () => {
  const records = [
    barred(key(0), { sources: ['configured'] }),
    barred(key(1), proven),
    barred(key(2), { ...proven, backoff: READY, broadcasts: { ...outcomes(0, 9), failuresInARow: 9, lastAt: NOW } }),
    barred(key(3), { ...proven, backoff: READY, ping: { minMs: 1, smoothedMs: 9_999, at: NOW } }),
    barred(key(4)),
    barred(key(5), proven, 10_000),
    barred(key(6), { ...proven, services: 4n, backoff: READY }),
    peer(key(7), { ping: { minMs: 501, smoothedMs: 501, at: NOW } }),
    ...many(10, 3),
  ];
  const connected = [10, 11, 12].map((n) => live(key(n)));
  const resorts = ({ connect }: Plan) => connect.filter(({ reason }) => reason.code === 'last-resort');
  const short = resorts(plan(records, connected));
  assert.deepEqual(peers(short).sort(), [0, 1, 2, 3, 7].map(key));
  assert.equal(short[0]?.peer, key(0), 'those that the operator named come first');
  assert.match(
    short[0]?.reason.text ?? '',
    /tried all the same: 9 failures in a row, the last: unreachable; waits \d+ s$/,
  );
  assert.deepEqual(resorts(plan(records, [...connected, ...connected], { limits: { min: 3 } })), [], 'enough');
  assert.deepEqual(peers(resorts(plan(records, []))).sort(), [0, 1, 2, 3, 4, 7].map(key), 'with nobody connected, all');
});

test('below min: last resorts leave half of the slots to others, and take what is left over', () => {
  const records = [
    ...Array.from({ length: 100 }, (_, n) => barred(key(n), proven)),
    ...Array.from({ length: 6 }, (_, n) => peer(key(200 + n))),
  ];
  const { connect } = plan(records, [], { limits: { max: 20, perGroup: 99, groupCeiling: 99 } });
  const codes = connect.map(({ reason }) => reason.code);
  assert.deepEqual([codes.filter((code) => code === 'last-resort').length, codes.length], [14, 20]);
});

test('a height that a closed connection left behind bars nobody', () => {
  const result = plan(many(0, 3, { height: 990 }), [], { tipHeight: 1_000 });
  assert.deepEqual(peers(result.connect).sort(), [0, 1, 2].map(key));
});

test('a configured peer is a candidate as good as a proven one', () => {
  const records = [
    peer(key(0), { sources: ['configured'] }),
    ...Array.from({ length: 50 }, (_, n) => peer(key(n + 1), good)),
  ];
  const result = plan(records, [], { limits: { max: 2, exploration: 0 } });
  assert.ok(peers(result.connect).includes(key(0)));
});

test('order: proven first, dashd’s own peers last among their like, then by score', () => {
  const records = [
    provenPeer(key(0), { ...good, sources: ['dashd'] }),
    provenPeer(key(1)),
    peer(key(2), { sources: ['dashd'] }),
    peer(key(3)),
    provenPeer(key(4), good),
  ];
  const dashdPeers = new Set([key(0), key(2)]);
  assert.deepEqual(peers(plan(records, [], { dashdPeers }).connect), [4, 1, 0, 3, 2].map(key));
  assert.deepEqual(peers(plan(records, []).connect), [0, 4, 1, 2, 3].map(key));
});

test('dashd’s own peers replace nobody, whatever their score, and make way for others, unless the operator configured them', () => {
  const dashdPeers = new Set([key(300), key(301), key(0), key(1)]);
  const known = [300, 301].map((n) => provenPeer(key(n), { ...good, sources: ['dashd'] }));
  const sitting = [provenPeer(key(0)), provenPeer(key(1), { sources: ['configured'] }), ...many(2, 18)];
  const seats = sitting.map(({ key: name }) => live(name));
  const limits = { exploration: 0 };
  assert.deepEqual(plan([...sitting, ...known], seats, { dashdPeers, limits }).disconnect, []);
  const other = provenPeer(key(302));
  const { connect, disconnect } = plan([...sitting, ...known, other], seats, { dashdPeers, limits });
  assert.deepEqual(peers(connect), [key(302)]);
  assert.deepEqual(
    disconnect.map(({ peer: name, reason }) => [name, reason.code]),
    [[key(0), 'reached-by-dashd']],
  );
});

test('without learned terms a trial lasts, even where all are connected for the first time', () => {
  const trial = many(0, 20, { connections: { succeeded: 1, failed: 0 } });
  const seats = trial.map(({ key: name }) => live(name, { connectedAt: NOW - 3 * MINUTE_MS }));
  assert.deepEqual(plan([...trial, peer(key(500))], seats).disconnect, []);
});

describe('with learned terms', () => {
  const weights = { ...WEIGHTS, learned: 500 };
  const ping = (minMs: number) => ({ minMs, smoothedMs: minMs, at: NOW });
  const sitting = many(0, 18, { ...good, ping: ping(30), learned: { blocks: 40, lagMs: 30 } });
  const strangers = many(500, 5).map(({ key: name }) => peer(name));
  const onTrial = (pingMs: number, learned?: PeerRecord['learned']) =>
    many(100, 2, {
      connections: { succeeded: 1, failed: 0 },
      ping: ping(pingMs),
      ...(learned !== undefined && { learned }),
    });
  const planned = (trial: readonly PeerRecord[]) => {
    const records = [...sitting, ...trial];
    const seats = records.map(({ key: name }) => live(name, { connectedAt: NOW - 3 * MINUTE_MS }));
    return plan([...records, ...strangers], seats, { weights });
  };

  test('a peer on trial that is too far to be among the best makes way at once', () => {
    const { disconnect } = planned(onTrial(300));
    assert.deepEqual(
      disconnect.map(({ reason }) => reason.code),
      ['exploration'],
    );
    assert.ok(disconnect[0]?.peer === key(100) || disconnect[0]?.peer === key(101));
  });

  test('one that may be among the best keeps its slot', () => {
    assert.deepEqual(planned(onTrial(20)).disconnect, []);
  });

  test('one that is better than another gets a slot of its own, and the worst makes way for a peer never tried', () => {
    const { disconnect } = planned(onTrial(10, { blocks: 20, lagMs: 5 }));
    assert.equal(disconnect.length, 1);
    assert.ok(sitting.some(({ key: name }) => name === disconnect[0]?.peer));
  });
});

test('among equals the order is drawn: every one of 50 gets its turn', () => {
  const records = many(0, 50);
  const first = new Map<string, number>();
  for (let seed = 0; seed < 1_000; seed++) {
    const chosen = plan(records, [], { random: seeded(seed) }).connect[0]?.peer ?? '';
    first.set(chosen, (first.get(chosen) ?? 0) + 1);
  }
  assert.equal(first.size, 50);
  assert.ok(Math.max(...first.values()) < 60, `${Math.max(...first.values())}`);
});

test('hysteresis: the margin decides, to the point', () => {
  const sitting = many(0, 20, { lastSeen: NOW - 7 * HOUR_MS });
  const seats = sitting.map(({ key: name }) => live(name));
  const challenger = provenPeer(key(300), { lastSeen: NOW - 2 * HOUR_MS });
  const gap = scoreTotal(challenger, NOW) - scoreTotal(sitting[0] ?? challenger, NOW);
  assert.equal(gap, 20);
  assert.equal(plan([...sitting, challenger], seats, { limits: { margin: 20 } }).disconnect.length, 1);
  assert.equal(plan([...sitting, challenger], seats, { limits: { margin: 20.01 } }).disconnect.length, 0);
});

test('diversity: caps hold while others are there, give way when they are not, and end at the ceiling', () => {
  const inGroup = (group: string, count: number) =>
    Array.from({ length: count }, (_, i) => provenPeer(`${group}.0.${i + 1}:9999`, good));
  const groupsOf = (result: Plan) => {
    const counts = new Map<string, number>();
    for (const name of peers(result.connect)) {
      const group = name.split('.').slice(0, 2).join('.');
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    return [...counts.values()].sort((a, b) => b - a);
  };
  const enough = [...inGroup('1.1', 30), ...many(300, 18)];
  assert.equal(groupsOf(plan(enough, []))[0], 2);
  const fewer = [...inGroup('1.1', 30), ...inGroup('2.2', 30), ...many(300, 13)];
  const result = groupsOf(plan(fewer, []));
  assert.deepEqual(result.slice(0, 2), [4, 3]);
  assert.deepEqual(groupsOf(plan(inGroup('1.1', 30), [])), [5]);
  assert.deepEqual(groupsOf(plan([...inGroup('1.1', 30), ...inGroup('2.2', 30)], [])), [5, 5]);
  const regtest = plan(inGroup('127.0', 30), [], { limits: selectLimits('regtest') });
  assert.equal(regtest.connect.length, 20);
});

test('diversity: countries likewise; what is not known counts for none', () => {
  const records = many(0, 40, good);
  const country = (host: string) => (host === publicAddress(39) ? 'FR' : 'DE');
  assert.equal(plan(records, [], { country }).connect.length, 16, '15 of one country and one of another');
  assert.equal(plan(records, [], { country: () => undefined }).connect.length, 20);
  const mixed = (host: string) => ['DE', 'FR', 'US'][records.findIndex((record) => record.host === host) % 3];
  const chosen = peers(plan(records, [], { country: mixed }).connect);
  const most = Math.max(
    ...['DE', 'FR', 'US'].map((code) => chosen.filter((name) => mixed(name.split(':')[0] ?? '') === code).length),
  );
  assert.ok(chosen.length === 20 && most <= 8, `${most}`);
});

test('a peer turned slow is gone by the third refresh; a slow line of our own costs nobody the slot', () => {
  const random = seeded(5);
  const pinged = (record: PeerRecord, rttMs: number) => observe(record, { kind: 'ping', rttMs }, NOW, random);
  let sitting = many(0, 20, good).map((record) => pinged(record, 30));
  const seats = sitting.map(({ key: name }) => live(name));
  let refreshes = 0;
  let result: Plan;
  do {
    refreshes++;
    sitting = sitting.map((record, i) => pinged(record, i === 0 ? 1_500 : 30));
    result = plan([...sitting, ...many(300, 5, good)], seats);
  } while (result.disconnect.length === 0 && refreshes < 10);
  assert.deepEqual(
    result.disconnect.map(({ peer: name, reason }) => [name, reason.code]),
    [[key(0), 'unfit']],
  );
  assert.ok(refreshes <= 3, `${refreshes}`);
  const allSlow = sitting.map((record) => ({ ...record, ping: { minMs: 30, smoothedMs: 1_500, at: NOW } }));
  assert.equal(plan([...allSlow, ...many(300, 5, good)], seats).disconnect.length, 0);
});

test('exploration settles: two strangers at a time, and no slot changes hands twice an hour for nothing', () => {
  const random = seeded(9);
  const records = new Map(
    [...many(0, 40, good), ...Array.from({ length: 200 }, (_, i) => peer(key(1_000 + i)))].map((r) => [r.key, r]),
  );
  let connections: OpenConnection[] = [];
  let changes = 0;
  for (let minute = 0; minute < 180; minute++) {
    const now = NOW + minute * MINUTE_MS;
    for (const { key: name } of connections) {
      const record = records.get(name);
      if (record !== undefined) records.set(name, observe(record, { kind: 'ping', rttMs: 20 }, now, random));
    }
    const book = { get: (name: string) => records.get(name), records: () => records.values() };
    const result = select({ book, live: connections, now, random, limits: selectLimits('mainnet') });
    if (minute > 0) changes += result.disconnect.length;
    const gone = new Set(peers(result.disconnect));
    const joined = result.connect.map(({ peer: name }) => ({ key: name, connectedAt: now, ready: true }));
    for (const { key: name } of joined) {
      const record = records.get(name);
      const seen = { kind: 'handshake', services: 1n, protocolVersion: 1, userAgent: '', height: 1 } as const;
      if (record !== undefined) records.set(name, observe(record, seen, now, random));
    }
    connections = [...connections.filter(({ key: name }) => !gone.has(name)), ...joined];
    assert.equal(connections.length, 20);
  }
  assert.ok(changes > 0 && changes <= 26, `${changes} in three hours`);
});
