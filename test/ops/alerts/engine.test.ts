import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RelayEvent } from '../../../src/contracts/events.js';
import {
  connected,
  DASHD,
  FAILED,
  finality,
  hash,
  lost,
  proof,
  received,
  refused,
  service,
  verdict,
  Watch,
} from './support.js';

const peer = (n: number) => `10.0.0.${n}:9999`;
const many = (count: number, event: (peer: string) => RelayEvent) =>
  Array.from({ length: count }, (_, n) => event(peer(n)));

describe("the pool's own dashd", () => {
  test('restarted within seconds is no alert', () => {
    const watch = new Watch().at(0, connected(DASHD)).at(1_000, lost(DASHD));
    watch
      .at(1_250, lost(DASHD, { code: 'unreachable', wasReady: false }))
      .at(13_000, connected(DASHD))
      .at(600_000);
    assert.deepEqual(watch.reported, []);
    assert.deepEqual(watch.standing, []);
  });

  test('lost for the grace period is one, reported once, and so is its return, with how long it was away', () => {
    const watch = new Watch().at(0, connected(DASHD)).at(1_000, lost(DASHD));
    for (let ms = 2_000; ms < 100_000; ms += 5_000) watch.at(ms, lost(DASHD, { code: 'unreachable', wasReady: false }));
    assert.deepEqual(watch.standing, ['dashd-lost']);
    watch.at(251_000, connected(DASHD)).at(600_000);
    assert.deepEqual(watch.reported, ['16 s: firing dashd-lost', '311 s: resolved dashd-lost']);
    const [raised, over] = watch.notices;
    assert.equal(raised?.severity, 'critical');
    assert.match(raised?.text ?? '', /127\.0\.0\.1:9999: unreachable: it closed\n/);
    assert.equal(over?.lastedMs, 250_000);
    assert.match(over?.text ?? '', /^It lasted 4 min 10 s,/);
    assert.deepEqual(watch.standing, []);
  });

  test('never reached is lost as well', () => {
    const watch = new Watch().at(0, lost(DASHD, { code: 'unreachable', wasReady: false })).at(20_000);
    assert.deepEqual(watch.reported, ['15 s: firing dashd-lost']);
  });

  test('that crashes again and again is lost, short as each time may be', () => {
    const watch = new Watch().at(0, connected(DASHD));
    for (let n = 0; n < 4; n += 1) watch.at(10_000 + n * 20_000, lost(DASHD)).at(15_000 + n * 20_000, connected(DASHD));
    assert.deepEqual(watch.reported, ['55 s: firing dashd-lost']);
  });

  test('that is away for moments, minutes apart, is not', () => {
    const watch = new Watch();
    for (const ms of [0, 50_000, 150_000, 250_000, 350_000]) watch.at(ms, lost(DASHD)).at(ms + 4_000, connected(DASHD));
    assert.deepEqual(watch.at(3_600_000).reported, []);
  });

  test('that comes and goes is one active alert, and is resolved after ever longer times', () => {
    const watch = new Watch();
    // Away for 30 s, there for 90 s, for six hours.
    for (let ms = 0; ms < 6 * 3_600_000; ms += 120_000) watch.at(ms, lost(DASHD)).at(ms + 30_000, connected(DASHD));
    watch.at(12 * 3_600_000);
    assert.ok(watch.reported.length <= 8, watch.reported.join('\n'));
    assert.match(watch.reported.at(-1) ?? '', /resolved/);
    assert.match(watch.notices.at(-1)?.text ?? '', /It ended and came back \d+ times\./);
  });
});

describe('services', () => {
  const cases = [
    ['dashd-rpc', 'rpc-down', 15_000],
    ['pool-socket', 'pool-socket-down', 5_000],
    ['json-rpc-proxy', 'proxy-down', 5_000],
    ['dashd-feed', 'feed-down', 60_000],
    ['history-file', 'history-not-written', 60_000],
    ['spool', 'spool-not-written', 5_000],
    ['peer-file', 'peers-not-saved', 360_000],
    ['cluster', 'cluster-alone', 120_000],
  ] as const;
  for (const [name, id, graceMs] of cases) {
    test(`${name}: down is ${id} after ${graceMs / 1_000} s, up again for a minute is its end`, () => {
      const watch = new Watch().at(0, service(name, 'down', 'EACCES', 'may not')).at(graceMs - 1);
      assert.deepEqual(watch.reported, []);
      watch.at(graceMs).at(1_000_000, service(name, 'up')).at(2_000_000);
      assert.deepEqual(watch.reported, [`${graceMs / 1_000} s: firing ${id}`, `1060 s: resolved ${id}`]);
      assert.match(watch.notices[0]?.text ?? '', /^EACCES: may not\n/);
    });

    test(`${name}: a fault is not its being down`, () => {
      assert.deepEqual(new Watch().at(0, service(name, 'fault', 'refused')).at(3_600_000).reported, []);
    });
  }

  test('that one can see for oneself, and our own, are no alerts', () => {
    const watch = new Watch();
    for (const name of ['http', 'events-socket', 'control-socket', 'alerts'] as const)
      watch.at(0, service(name, 'down'));
    assert.deepEqual(watch.at(3_600_000).reported, []);
  });

  test('dashd that loads its block index is neither down nor lost, until that ends or takes half an hour', () => {
    const loading = service('dashd-rpc', 'down', 'warming-up', 'Loading block index…');
    const watch = new Watch()
      .at(0, service('dashd-rpc', 'down', 'unreachable', 'ECONNREFUSED'))
      .at(1, lost(DASHD))
      .at(10_000, loading)
      .at(10_000, service('dashd-chain', 'down', 'starting', 'dashd is starting: Loading block index…'))
      .at(1_800_000);
    assert.deepEqual(watch.reported, []);
    watch.at(1_820_000);
    assert.deepEqual(watch.reported, ['1810 s: firing dashd-catching-up']);
    assert.match(watch.notices[0]?.text ?? '', /dashd is starting: Loading block index/);
    watch.at(1_900_000, service('dashd-rpc', 'up')).at(1_900_000, service('dashd-chain', 'up')).at(1_930_000);
    assert.deepEqual(watch.reported.slice(1), ['1900 s: resolved dashd-catching-up', '1915 s: firing dashd-lost']);
  });

  test('dashd of another network is reported as that, and not as lost', () => {
    const watch = new Watch()
      .at(0, service('dashd-rpc', 'up'))
      .at(0, service('dashd-chain', 'down', 'wrong-network', 'dashd is on chain test'))
      .at(0, lost(DASHD))
      .at(60_000);
    assert.deepEqual(watch.reported, ['15 s: firing dashd-wrong-network']);
    watch.at(69_000, connected(DASHD)).at(70_000, service('dashd-chain', 'up')).at(500_000);
    assert.deepEqual(watch.reported.slice(1), ['70 s: resolved dashd-wrong-network']);
  });

  test('what is down for another reason by now says that reason when it is repeated', () => {
    const watch = new Watch(60_000).at(0, service('dashd-rpc', 'down', 'unreachable', 'ECONNREFUSED'));
    watch.at(20_000, service('dashd-rpc', 'down', 'unauthorised', '401')).at(80_000);
    assert.deepEqual(watch.reported, ['15 s: firing rpc-down', '75 s: firing rpc-down again']);
    assert.deepEqual(
      watch.notices.map(({ details }) => details['code']),
      ['unreachable', 'unauthorised'],
    );
    assert.match(watch.notices[1]?.text ?? '', /, 1 min 15 s by now\./);
  });

  test('are repeated at each interval, and not at all when it is 0', () => {
    const down = service('pool-socket', 'down');
    const hourly = new Watch(3_600_000).at(0, down).at(4 * 3_600_000);
    assert.deepEqual(hourly.reported.length, 4);
    assert.deepEqual(new Watch(0).at(0, down).at(30 * 86_400_000).reported.length, 1);
  });

  test('that a lost dashd takes along are not reported beside it, but when it is back and they are not', () => {
    const watch = new Watch().at(0, lost(DASHD), service('dashd-feed', 'down')).at(300_000);
    assert.deepEqual(watch.reported, ['15 s: firing dashd-lost']);
    watch.at(300_000, connected(DASHD)).at(600_000);
    assert.deepEqual(watch.reported.slice(1), ['360 s: resolved dashd-lost', '360 s: firing feed-down']);
  });
});

describe('peers', () => {
  test('too few of them for a minute', () => {
    const watch = new Watch().at(0, connected(peer(1)), service('peers', 'down', 'below-min', '4 of 5'));
    watch
      .at(61_000)
      .at(90_000, service('peers', 'up', 'enough', '5 of 5'))
      .at(200_000);
    assert.deepEqual(watch.reported, ['60 s: firing peers-below-min', '150 s: resolved peers-below-min']);
  });

  test('none at all is the graver alert, and the only one', () => {
    const watch = new Watch().at(0, service('peers', 'down', 'below-min', '0 of 5'), connected(DASHD)).at(100_000);
    assert.deepEqual(watch.reported, ['60 s: firing no-peers']);
    watch.at(100_000, connected(peer(1))).at(200_000);
    assert.deepEqual(watch.reported.slice(1), ['160 s: resolved no-peers', '160 s: firing peers-below-min']);
  });

  test('none is no alert where none are wanted', () => {
    const watch = new Watch()
      .at(0, connected(peer(1)))
      .at(1_000, lost(peer(1)))
      .at(600_000);
    assert.deepEqual(watch.reported, []);
  });

  test('one that fails again and again is its own trouble', () => {
    const watch = new Watch();
    for (let ms = 0; ms < 300_000; ms += 10_000) watch.at(ms, connected(peer(1))).at(ms + 5_000, lost(peer(1)));
    assert.deepEqual(watch.reported, []);
  });

  test('five of nine that are lost within five minutes are an alert, until it is fewer for two minutes', () => {
    const watch = new Watch().at(0, ...many(9, connected));
    for (let n = 0; n < 5; n += 1) watch.at(n * 1_000, lost(peer(n)));
    assert.deepEqual(watch.reported, ['4 s: firing peer-failures']);
    assert.match(
      watch.notices[0]?.text ?? '',
      /^5 of 9 peers failed within 5 min, the last of them 10\.0\.0\.4:9999: closed-by-peer: it closed\n/,
    );
    watch.at(3_600_000);
    assert.deepEqual(watch.reported.slice(1), ['420 s: resolved peer-failures']);
  });

  test('five of eleven are not', () => {
    const watch = new Watch().at(0, ...many(11, connected)).at(1_000, ...many(5, lost));
    assert.deepEqual(watch.at(600_000).reported, []);
  });

  test('a block that most of them do not take counts, one that the local dashd does not take does not', () => {
    const fail = (one: string) => proof(one, 'failed');
    assert.deepEqual(new Watch().at(0, ...many(8, connected), ...many(5, fail)).reported, [
      '0 s: firing peer-failures',
    ]);
    assert.deepEqual(new Watch().at(0, ...many(4, connected), ...many(4, fail), fail(DASHD)).reported, []);
  });

  test('those that we gave up, or never had, have not failed', () => {
    const watch = new Watch().at(0, ...many(8, connected));
    watch.at(1_000, ...many(8, (one) => lost(one, { code: 'rotated-out' })));
    watch.at(2_000, ...many(50, (one) => lost(one, { code: 'unreachable', wasReady: false })));
    assert.deepEqual(watch.at(600_000).reported, []);
  });
});

describe("dashd's feed", () => {
  const silent = service('dashd-feed', 'fault', 'silent', 'the feed does not show a block');
  const gap = service('dashd-feed', 'fault', 'gap', '2 rawblock messages were missed');
  const tip = (source: 'feed' | 'rpc'): RelayEvent => ({ type: 'tip', at: 0, hash: hash(5), source });

  test('found silent, and mended by subscribing anew, is no alert', () => {
    // The block it had missed is reported as its own in the same turn: that alone does not mend it.
    const watch = new Watch().at(0, silent, tip('feed')).at(150_000, tip('feed')).at(1_000_000);
    assert.deepEqual(watch.reported, []);
  });

  test('silent for five minutes is one, whatever RPC reports', () => {
    const watch = new Watch().at(0, silent, tip('feed')).at(150_000, tip('rpc')).at(290_000, silent, tip('feed'));
    watch.at(400_000, tip('feed')).at(600_000);
    assert.deepEqual(watch.reported, ['300 s: firing feed-silent', '460 s: resolved feed-silent']);
  });

  test('with a gap now and then is no alert, with three in a quarter of an hour it is', () => {
    const watch = new Watch().at(0, gap).at(600_000, gap).at(1_200_000, gap).at(1_300_000);
    assert.deepEqual(watch.reported, []);
    watch.at(1_400_000, gap).at(5_000_000);
    assert.deepEqual(watch.reported, ['1400 s: firing feed-gaps', '1560 s: resolved feed-gaps']);
  });
});

describe('what the pool pushes', () => {
  test('refused once is an alert, and however often it is one', () => {
    const watch = new Watch().at(0, refused());
    for (let ms = 1_000; ms <= 600_000; ms += 1_000) watch.at(ms, refused());
    watch.at(10_000_000);
    assert.deepEqual(watch.reported, ['0 s: firing block-refused', '4260 s: resolved block-refused']);
    assert.match(watch.notices[0]?.text ?? '', /bad-proof-of-work: its hash is above its target/);
    assert.match(watch.notices[1]?.text ?? '', /It was: 601 frames, the last of them block /);
  });

  test("refused from dashd's feed is not the pool's", () => {
    assert.deepEqual(new Watch().at(0, refused('dashd')).at(600_000).reported, []);
  });
});

describe('blocks', () => {
  const rejected = { outcome: 'rejected', success: false, reason: 'dashd rejected it: bad-cb-amount' } as const;

  test('delivered, to the local dashd alone where that will do, are no alert', () => {
    const watch = new Watch().at(0, verdict(hash(1)), verdict(hash(2), { outcome: 'local-only' })).at(600_000);
    assert.deepEqual(watch.reported, []);
  });

  test('each lost one is reported, 15 s after its verdict, and never again', () => {
    const watch = new Watch(60_000).at(0, verdict(hash(1), FAILED)).at(1_000, verdict(hash(2), rejected));
    watch.at(3_600_000);
    assert.deepEqual(watch.reported, [
      `15 s: firing block-failed:${hash(1)}`,
      `16 s: firing block-rejected:${hash(2)}`,
    ]);
    assert.match(
      watch.notices[1]?.text ?? '',
      /\(height 42\): dashd rejected it: bad-cb-amount; reached 3 of 4 peers\n/,
    );
    assert.equal(watch.notices[1]?.details['hash'], hash(2));
  });

  test('are shown as standing for a day', () => {
    const watch = new Watch().at(0, verdict(hash(1), FAILED)).at(86_399_999);
    assert.equal(watch.standing.length, 1);
    assert.deepEqual(watch.at(86_400_000).standing, []);
  });

  test('proven within that time raise no alert, proven later they resolve it', () => {
    const watch = new Watch().at(0, verdict(hash(1), FAILED), verdict(hash(2), FAILED)).at(5_000, verdict(hash(1)));
    watch.at(20_000, verdict(hash(2))).at(100_000);
    const key = `block-failed:${hash(2)}`;
    assert.deepEqual(watch.reported, [`15 s: firing ${key}`, `20 s: resolved ${key}`]);
    assert.match(watch.notices[1]?.text ?? '', /^Resolved: a peer or dashd proves/);
    assert.deepEqual(watch.standing, []);
  });

  test('that dashd has, but nobody else, where that is ruled out, are reported as just that', () => {
    const accepted = { ...FAILED, rpc: { outcome: 'accepted', ms: 3 } } as const;
    const local = { peer: DASHD, protected: true, status: 'acknowledged' } as const;
    const watch = new Watch().at(0, verdict(hash(1), accepted), verdict(hash(2), { ...FAILED, peers: [local] }));
    watch.at(15_000);
    assert.deepEqual(watch.reported, [
      `15 s: firing block-local-only:${hash(1)}`,
      `15 s: firing block-local-only:${hash(2)}`,
    ]);
  });

  test("of others are no alert, unless the pool's was reported by dashd's feed first", () => {
    const watch = new Watch().at(0, verdict(hash(1), { ...FAILED, source: 'dashd' }), received(hash(2), 'dashd'));
    watch.at(10, { type: 'repeated', at: 0, hash: hash(2), source: 'pool' });
    watch.at(20, verdict(hash(2), { ...FAILED, source: 'dashd' })).at(60_000);
    assert.deepEqual(watch.reported, [`15.02 s: firing block-failed:${hash(2)}`]);
  });

  test('orphaned are reported once each, with the block that took their place; and their return is', () => {
    const watch = new Watch(60_000).at(0, finality(hash(1), 'pending'), finality(hash(2), 'orphaned'));
    watch
      .at(1_000, finality(hash(2), 'orphaned'))
      .at(2_000, finality(hash(3), 'orphaned'))
      .at(86_400_000);
    watch.at(86_400_000, finality(hash(2), 'orphaned')).at(86_500_000, finality(hash(2), 'pending'));
    watch.at(86_600_000, finality(hash(2), 'chainlocked'));
    assert.deepEqual(watch.reported, [
      `0 s: firing block-orphaned:${hash(2)}`,
      `2 s: firing block-orphaned:${hash(3)}`,
      `86500 s: resolved block-orphaned:${hash(2)}`,
    ]);
    assert.equal(watch.notices[0]?.details['by'], hash(999));
    assert.match(watch.notices[2]?.text ?? '', /^Resolved: the chain returns to the block\.\n/);
  });

  test('too many at once are suppressed, which is reported', () => {
    const watch = new Watch();
    for (let n = 0; n < 1_010; n += 1) watch.engine.note(verdict(hash(n), FAILED), 0);
    assert.equal(watch.engine.evaluate(0).forgotten, 10);
    assert.equal(watch.engine.evaluate(15_000).notices.length, 1_000);
    assert.equal(watch.engine.evaluate(15_000).forgotten, 0);
  });
});

test('what others say is bounded, on one line, and cannot forge another', () => {
  const event = { ...verdict(hash(1), { ...FAILED, reason: `a\u2028b\nc\u001b[31m${'x'.repeat(100_000)}` }) };
  const [notice] = new Watch().at(0, event).at(15_000).notices;
  assert.ok(notice !== undefined && notice.summary.length <= 400 && notice.text.length < 1_000);
  assert.doesNotMatch(notice.summary, /[\p{Cc}\p{Zl}]/u);
  assert.ok(String(notice.details['reason']).length <= 400);
});

test('time that runs backwards does no harm', () => {
  const watch = new Watch().at(10_000, lost(DASHD));
  watch.engine.note(connected(DASHD), 5);
  assert.equal(watch.engine.evaluate(3).notices.length, 0);
});
