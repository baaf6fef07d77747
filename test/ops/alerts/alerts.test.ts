import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AlertsConfig } from '../../../src/config/config.js';
import type { RelayEvent } from '../../../src/contracts/events.js';
import { type AlertOutcome, type Alerts, createAlerts } from '../../../src/ops/alerts/alerts.js';
import { Time } from '../../support/virtual-time.js';
import { connected, DASHD, FAILED, FakeTransport, hash, lost, proof, service, verdict } from './support.js';

const WEBHOOK = { url: 'http://127.0.0.1:1/hook' };
const TELEGRAM = { token: '1:a', chat: '2', api: 'http://127.0.0.1:1' };

class Bench {
  readonly time = new Time();
  readonly outcomes: AlertOutcome[] = [];
  /** Each that was opened, in order. */
  readonly transports: FakeTransport[] = [];
  readonly alerts: Alerts;

  constructor(config: Partial<AlertsConfig> = { webhook: WEBHOOK }) {
    let drawn = 0n;
    this.alerts = createAlerts(
      { repeatAfter: 0, maxPerHour: 30, ...config },
      {
        clock: this.time.clock,
        random: { float: () => 0, u64: () => (drawn += 1n) },
        scheduler: this.time.scheduler,
        network: 'regtest',
        instance: 'pool-1',
        onOutcome: (outcome) => this.outcomes.push(outcome),
        open: (given) => {
          const names = (['webhook', 'telegram'] as const).filter((name) => given[name] !== undefined);
          const opened = names.map((name) => new FakeTransport(name));
          this.transports.push(...opened);
          return opened;
        },
      },
    );
  }

  get first(): FakeTransport {
    return this.transports[0] ?? assert.fail('nothing was opened');
  }

  listen(...events: readonly RelayEvent[]): void {
    for (const event of events) this.alerts.listen(event);
  }
}

describe('alerts', () => {
  for (const byMs of [5 * 3_600_000, -5 * 3_600_000]) {
    test(`come no sooner and no later when the wall clock is set by ${byMs / 3_600_000} h, and are dated by it`, async () => {
      const bench = new Bench();
      bench.listen(lost(DASHD));
      await bench.time.pass(5_000);
      bench.time.setClock(byMs);
      bench.listen(lost(DASHD, { code: 'unreachable', wasReady: false }));
      await bench.time.pass(9_999);
      assert.deepEqual(bench.first.keys, []);
      await bench.time.pass(1);
      assert.deepEqual(bench.first.keys, ['firing dashd-lost']);
      const notice = bench.first.sent[0]?.notice;
      const now = bench.time.clock.now();
      assert.deepEqual([notice?.at, notice?.since], [now, now - 15_000]);
      assert.equal(bench.alerts.standing[0]?.since, now - 15_000);
      bench.listen(connected(DASHD));
      await bench.time.pass(60_000);
      assert.deepEqual(bench.first.keys, ['firing dashd-lost', 'resolved dashd-lost']);
    });
  }

  test('are sent through each channel, under one id, when the time has come and not before', async () => {
    const bench = new Bench({ webhook: WEBHOOK, telegram: TELEGRAM });
    bench.listen(lost(DASHD));
    await bench.time.pass(14_999);
    assert.deepEqual(bench.alerts.standing, []);
    await bench.time.pass(1);
    assert.deepEqual(
      bench.transports.map(({ keys }) => keys),
      [['firing dashd-lost'], ['firing dashd-lost']],
    );
    assert.equal(bench.transports[0]?.sent[0]?.id, bench.transports[1]?.sent[0]?.id);
    assert.match(bench.first.sent[0]?.id ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(
      bench.alerts.standing.map(({ alert }) => alert),
      ['dashd-lost'],
    );
    assert.deepEqual(
      bench.outcomes.map(({ channel, outcome, key }) => [channel, outcome, key]),
      [
        ['webhook', 'sent', 'dashd-lost'],
        ['telegram', 'sent', 'dashd-lost'],
      ],
    );
  });

  test('do nothing in the turn in which they are reported', async () => {
    const bench = new Bench();
    const watch = service('dashd-feed', 'fault', 'gap');
    bench.listen(watch, watch, watch);
    assert.deepEqual([bench.first.sent.length, bench.alerts.standing.length], [0, 0]);
    await bench.time.pass(0);
    assert.deepEqual(bench.first.keys, ['firing feed-gaps']);
  });

  test('look no more than ten times a second, however much happens', async () => {
    const bench = new Bench();
    let timers = 0;
    const { scheduler } = bench.time;
    const schedule = scheduler.schedule.bind(scheduler);
    scheduler.schedule = ((...args: Parameters<typeof schedule>) => {
      timers += 1;
      return schedule(...args);
    }) as typeof schedule;
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (let n = 0; n < 100; n += 1) bench.listen(proof(`10.0.0.${n}:9999`, 'failed'), connected(DASHD));
      await bench.time.pass(1);
    }
    assert.ok(timers <= 40, `${timers} timers`);
  });

  test('stand without any channel, and send nothing', async () => {
    const bench = new Bench({});
    bench.listen(service('pool-socket', 'down'));
    await bench.time.pass(5_000);
    assert.deepEqual(
      bench.alerts.standing.map(({ key }) => key),
      ['pool-socket-down'],
    );
    await bench.alerts.stop();
    assert.deepEqual(bench.outcomes, []);
  });

  test('are repeated for as long as they stand', async () => {
    const bench = new Bench({ webhook: WEBHOOK, repeatAfter: 3_600 });
    bench.listen(service('pool-socket', 'down'));
    await bench.time.pass(3 * 3_600_000);
    bench.listen(service('pool-socket', 'up'));
    await bench.time.pass(3 * 3_600_000);
    assert.deepEqual(
      bench.first.sent.map(({ notice }) => `${notice.state} ${notice.repeat}`),
      ['firing 0', 'firing 1', 'firing 2', 'resolved 2'],
    );
    assert.equal(bench.time.pending, 0);
  });

  describe('with other settings', () => {
    test('keep active alerts, and are sent through the new channels', async () => {
      const bench = new Bench();
      bench.listen(lost(DASHD));
      await bench.time.pass(20_000);
      bench.alerts.reload({ telegram: TELEGRAM, repeatAfter: 0, maxPerHour: 30 });
      bench.listen(connected(DASHD));
      await bench.time.pass(60_000);
      assert.ok(bench.first.closed);
      assert.deepEqual(bench.transports[1]?.keys, ['resolved dashd-lost']);
    });

    test('that are the same for a channel leave it alone', async () => {
      const bench = new Bench();
      bench.alerts.reload({ webhook: { ...WEBHOOK }, repeatAfter: 60, maxPerHour: 1 });
      bench.listen(lost(DASHD));
      await bench.time.pass(200_000);
      assert.deepEqual([bench.first.closed, bench.transports[1]?.closed], [false, true]);
      // The new limit holds: one an hour.
      assert.deepEqual(bench.first.keys, ['firing dashd-lost']);
    });

    test('take what waits to the new receiver', async () => {
      const bench = new Bench();
      bench.first.answers = [{ ok: false, rejected: false, detail: 'gone' }];
      bench.listen(service('pool-socket', 'down'));
      await bench.time.pass(5_000);
      bench.alerts.reload({ webhook: { url: 'http://127.0.0.1:2/' }, repeatAfter: 0, maxPerHour: 30 });
      await bench.time.pass(0);
      assert.deepEqual(bench.transports[1]?.keys, ['firing pool-socket-down']);
    });

    test('report messages that waited for a channel that was removed', async () => {
      const bench = new Bench();
      bench.first.hold = true;
      bench.listen(service('pool-socket', 'down'));
      await bench.time.pass(5_000);
      bench.alerts.reload({ repeatAfter: 0, maxPerHour: 30 });
      await bench.time.pass(0);
      assert.deepEqual(
        bench.outcomes.map(({ outcome }) => outcome),
        ['failed', 'dropped'],
      );
    });

    test('repeat sooner at once', async () => {
      const bench = new Bench({ webhook: WEBHOOK, repeatAfter: 86_400 });
      bench.listen(service('pool-socket', 'down'));
      await bench.time.pass(100_000);
      bench.alerts.reload({ webhook: WEBHOOK, repeatAfter: 60, maxPerHour: 30 });
      await bench.time.pass(0);
      assert.deepEqual(bench.first.keys, ['firing pool-socket-down', 'firing pool-socket-down']);
    });
  });

  describe('that are stopped', () => {
    test('send what is due, listen to nothing more, and leave no timer', async () => {
      const bench = new Bench();
      bench.listen(service('pool-socket', 'down'), lost(DASHD));
      await bench.time.pass(4_999);
      bench.listen(
        service('dashd-feed', 'fault', 'gap'),
        service('dashd-feed', 'fault', 'gap'),
        service('dashd-feed', 'fault', 'gap'),
      );
      const stopped = bench.alerts.stop();
      bench.listen(verdict(hash(1), FAILED));
      bench.alerts.reload({ webhook: WEBHOOK, repeatAfter: 1, maxPerHour: 1 });
      await stopped;
      assert.deepEqual(bench.first.keys, ['firing feed-gaps']);
      assert.equal(bench.time.pending, 0);
      assert.equal(bench.alerts.stop(), stopped);
    });

    test('give up after three seconds, and say what was lost', async () => {
      const bench = new Bench();
      bench.first.hold = true;
      bench.listen(service('pool-socket', 'down'));
      await bench.time.pass(5_000);
      const stopped = bench.alerts.stop();
      await bench.time.pass(2_999);
      assert.deepEqual(bench.outcomes, []);
      await bench.time.pass(1);
      await stopped;
      assert.deepEqual(
        bench.outcomes.map(({ outcome }) => outcome),
        ['failed', 'dropped'],
      );
    });
  });

  test('end in a resolved message through a channel that comes and goes, whatever happened', async () => {
    const names = ['pool-socket', 'dashd-rpc', 'json-rpc-proxy', 'history-file'] as const;
    const step = fc.tuple(
      fc.nat(120_000),
      fc.constantFrom(...names),
      fc.constantFrom('up' as const, 'down' as const),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        async (steps, maxPerHour) => {
          const bench = new Bench({ webhook: WEBHOOK, maxPerHour, repeatAfter: 60 });
          for (const [pause, name, state, works] of steps) {
            bench.first.answers = works
              ? []
              : Array.from({ length: 50 }, () => ({ ok: false, rejected: false, detail: 'away' }));
            bench.listen(service(name, state));
            await bench.time.pass(pause);
          }
          bench.first.answers = [];
          bench.listen(...names.map((name) => service(name, 'up')));
          await bench.time.pass(20 * 3_600_000);
          const { outcomes, first, alerts } = bench;
          assert.deepEqual(alerts.standing, []);
          // What arrived last about each alert is that it is over.
          const arrived = new Set(outcomes.filter(({ outcome }) => outcome === 'sent').map(({ key }) => key));
          const last = new Map(first.sent.map(({ notice }) => [notice.key, notice.state]));
          assert.deepEqual(
            [...last.values()].filter((state) => state !== 'resolved'),
            [],
          );
          assert.deepEqual([...last.keys()].sort(), [...arrived].sort());
        },
      ),
      { numRuns: 30 },
    );
  });
});
