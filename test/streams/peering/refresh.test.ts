import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import { type OpenConnection, type Plan, selectLimits } from '../../../src/peers/plan.js';
import type { PeerRecord } from '../../../src/peers/record.js';
import { publicAddress } from '../../../src/simulated/public-address.js';
import { type RefreshDeps, refresh } from '../../../src/streams/peering/refresh.js';
import { live, provenPeer, seeded, view } from '../../peers/support.js';
import { gather } from '../../support/gather.js';
import { START, Time } from '../../support/virtual-time.js';

const INTERVAL_MS = 60_000;
const limits = selectLimits('mainnet', { max: 5, min: 3 });
const keys = (count: number) => Array.from({ length: count }, (_, i) => `${publicAddress(i)}:9999`);

/** A refresh of a book of proven peers, of which some are connected. */
class Refreshed {
  readonly time = new Time();
  readonly wake$ = new Subject<void>();
  readonly failed$ = new Subject<void>();
  live: OpenConnection[] = [];
  records: PeerRecord[] = keys(20).map((key) => provenPeer(key, { lastSeen: START }));
  readonly looks: number[] = [];
  readonly pruned: number[] = [];
  readonly result: ReturnType<typeof gather<Plan>>;
  /** What reading the clock costs, milliseconds: more than nothing makes a look take slices. */
  readingMs = 0;
  onRead: () => void = () => undefined;
  private read = 0;

  constructor(more: Partial<RefreshDeps> = {}) {
    const { time, wake$, failed$ } = this;
    const { scheduler } = time;
    this.result = gather(
      refresh({
        book: {
          get: (key) => view(this.records).get(key),
          records: () => {
            this.looks.push(time.now);
            return this.records;
          },
          prune: (now) => this.pruned.push(now),
        },
        live: () => this.live,
        wake$,
        failed$,
        intervalMs: INTERVAL_MS,
        limits,
        tipHeight: () => 1_000,
        dashdPeers: () => new Set(),
        random: seeded(1),
        clock: {
          now: time.clock.now,
          monotonic: () => {
            this.read += this.readingMs;
            this.onRead();
            return time.clock.monotonic() + this.read;
          },
        },
        scheduler,
        ...more,
      }),
    );
  }

  get plans(): readonly Plan[] {
    return this.result.values;
  }

  connected(count: number, more: Partial<OpenConnection> = {}): void {
    this.live = keys(count).map((key) => live(key, { connectedAt: START, ...more }));
  }
}

describe('a refresh', () => {
  it('looks at once and every interval, and prunes the book each time', async () => {
    const under = new Refreshed();
    under.connected(5);
    await under.time.pass(180_000);
    assert.deepEqual(under.looks, [0, 60_000, 120_000, 180_000]);
    assert.deepEqual(
      under.pruned.map((now) => now - START),
      under.looks,
    );
    assert.equal(under.plans.length, 4);
    assert.deepEqual(
      under.plans.map(({ keep, connect, targets }) => [keep.length, connect.length, targets]),
      under.plans.map(() => [5, 0, 5]),
    );
  });

  it('is woken by nothing while there are enough peers', async () => {
    const under = new Refreshed();
    under.connected(3);
    await under.time.pass(1);
    for (let i = 0; i < 50; i += 1) {
      under.wake$.next();
      await under.time.pass(1_000);
    }
    assert.deepEqual(under.looks, [0]);
  });

  it('looks at once when a peer too many is lost, and while they are too few not more than once a second', async () => {
    const under = new Refreshed();
    under.connected(3);
    await under.time.pass(10_250);
    under.connected(2);
    for (let i = 0; i < 40; i += 1) {
      under.wake$.next();
      await under.time.pass(50);
    }
    // At once, and what came last is not lost.
    assert.deepEqual(under.looks, [0, 10_250, 11_250, 12_250]);
    under.connected(3);
    await under.time.pass(20_000);
    assert.deepEqual(under.looks, [0, 10_250, 11_250, 12_250]);
  });

  it('looks again soon after chosen peers could not be reached, once for all of them, however many peers there are', async () => {
    const under = new Refreshed();
    under.connected(4);
    await under.time.pass(1_000);
    for (let i = 0; i < 10; i += 1) {
      under.failed$.next();
      await under.time.pass(100);
    }
    await under.time.pass(20_000);
    assert.deepEqual(under.looks, [0, 6_000]);
    under.failed$.next();
    await under.time.pass(5_000);
    assert.deepEqual(under.looks, [0, 6_000, 27_000]);
  });

  it('replaces peers when it is due, and not between', async () => {
    const under = new Refreshed();
    const longAgo = { connectedAt: START - 60 * INTERVAL_MS };
    under.connected(5, longAgo);
    under.records = under.records.map((record, place) => (place < 5 ? { ...record, services: 0n } : record));
    await under.time.pass(1);
    under.failed$.next();
    await under.time.pass(5_000);
    under.connected(2, longAgo);
    under.wake$.next();
    await under.time.pass(1);
    under.connected(5, longAgo);
    await under.time.pass(INTERVAL_MS);
    assert.deepEqual(under.looks, [0, 5_001, 5_001, INTERVAL_MS]);
    assert.deepEqual(
      under.plans.map(({ connect, disconnect }) => [connect[0]?.reason.code, disconnect.length]),
      [
        ['rotation', limits.maxRotations],
        [undefined, 0],
        ['below-min', 0],
        ['rotation', limits.maxRotations],
      ],
    );
  });

  it('counts neither who is still shaking hands nor the own dashd', async () => {
    for (const more of [{ ready: false }, { protected: true }]) {
      const under = new Refreshed();
      under.connected(3, more);
      await under.time.pass(2_000);
      under.wake$.next();
      await under.time.pass(0);
      assert.deepEqual(under.looks, [0, 2_000], JSON.stringify(more));
    }
  });

  it('looks again every five seconds while peers are too few: a wait ends without a report', async () => {
    const under = new Refreshed();
    under.connected(2);
    await under.time.pass(21_000);
    assert.deepEqual(under.looks, [0, 5_000, 10_000, 15_000, 20_000]);
    under.connected(3);
    await under.time.pass(39_000);
    assert.deepEqual(under.looks.slice(5), [60_000]);
  });

  it('looks once more when something came about during a look, however often', async () => {
    const under = new Refreshed();
    under.records = keys(4_000).map((key) => provenPeer(key, { lastSeen: START }));
    under.readingMs = 3;
    under.connected(5);
    let wakes = 0;
    under.onRead = () => {
      if (under.looks.length !== 2 || under.plans.length !== 1) return;
      under.live = [];
      under.wake$.next();
      wakes += 1;
    };
    await under.time.pass(60_000);
    assert.ok(wakes > 5, `woken ${wakes} times`);
    assert.deepEqual(under.looks, [0, 60_000, 60_000]);
    assert.deepEqual(
      under.plans.map(({ targets }) => targets),
      [5, 5, 0],
    );
    await under.time.pass(999);
    assert.equal(under.looks.length, 3);
  });

  it('has one look under way at a time, whatever the interval', async () => {
    const under = new Refreshed({ intervalMs: 1 });
    under.connected(5);
    await under.time.pass(20);
    assert.equal(under.looks.length, under.plans.length);
    assert.equal(under.looks.length, 21);
  });

  it('prepares before it looks, and uses the tip of that moment', async () => {
    const order: string[] = [];
    let height = 1_000;
    const under = new Refreshed({
      prepare: () => order.push('prepared'),
      tipHeight: () => {
        order.push('looked');
        return height;
      },
    });
    under.connected(5);
    await under.time.pass(0);
    height = 1_004;
    await under.time.pass(60_000);
    assert.deepEqual(order, ['prepared', 'looked', 'prepared', 'looked']);
    assert.deepEqual(
      under.plans.map(({ targets }) => targets),
      [5, 0],
    );
  });

  it('asks nobody to be near a tip that is not known', async () => {
    const under = new Refreshed({ tipHeight: () => undefined });
    under.connected(5);
    await under.time.pass(0);
    assert.equal(under.plans[0]?.targets, 5);
  });

  it('leaves no timer behind, not even in the middle of a look', async () => {
    const under = new Refreshed();
    under.connected(1);
    await under.time.pass(30_000);
    under.wake$.next();
    under.result.stop();
    assert.equal(under.time.pending, 0);
    assert.equal(under.wake$.observed, false);
    const looks = under.looks.length;
    await under.time.pass(600_000);
    assert.equal(under.looks.length, looks);
  });
});
