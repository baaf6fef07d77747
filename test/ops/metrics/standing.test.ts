import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { BlockRecord, Kpis, PeerView, RelayView } from '../../../src/contracts/view.js';
import { createMetrics } from '../../../src/ops/metrics.js';
import { clockAt } from '../../support/clock.js';
import { type Sample, valueIn } from '../../support/exposition.js';
import { countsOf } from '../../support/peer-counts.js';
import { AT, after, DAY, HASH, PEER, read, withMetrics } from './support.js';

describe('metrics of what stands', () => {
  const peer = (state: PeerView['state'], isProtected = false) => ({ peer: PEER, protected: isProtected, state });
  const none: Kpis = { blocks: 0, finality: { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 } };

  function viewOf(
    more: { kpis?: (since?: number) => Kpis; peers?: readonly object[]; latest?: readonly object[] } = {},
  ) {
    return {
      network: 'regtest',
      startedAt: AT,
      tip: () => ({ hash: HASH, height: 2_580_111 }),
      peers: () => (more.peers ?? []) as readonly PeerView[],
      peer: () => undefined,
      counts: () => countsOf((more.peers ?? []) as readonly PeerView[]),
      known: () => 412,
      wanted: { min: 5, max: 20 },
      history: {
        size: 4,
        latest: () => (more.latest ?? []) as readonly BlockRecord[],
        get: () => undefined,
        kpis: more.kpis ?? (() => none),
      },
    } satisfies RelayView;
  }

  function standing(view: RelayView): Promise<Sample[]> {
    return withMetrics((metrics) => {
      metrics.attach(view);
      return read(metrics);
    });
  }

  test('locks that peers sent, as they become more', async () => {
    const ignored = { clsig: 3, isdlock: 0 };
    await withMetrics(async (metrics) => {
      metrics.attach({ ...viewOf(), ignoredLocks: () => ({ ...ignored }) });
      const counted = async () => {
        const samples = await read(metrics);
        return ['clsig', 'isdlock'].map((command) => valueIn(samples, 'blockcast_locks_ignored_total', { command }));
      };
      assert.deepEqual(await counted(), [3, 0]);
      ignored.isdlock = 300;
      assert.deepEqual(await counted(), [3, 300]);
    });
  });

  test('peers by state, whether dashd is among them, the tip', async () => {
    const peers = [peer('connected', true), peer('connected'), peer('connecting')];
    const samples = await standing(viewOf({ peers }));
    assert.equal(valueIn(samples, 'blockcast_peers', { state: 'connected' }), 2);
    assert.equal(valueIn(samples, 'blockcast_peers', { state: 'connecting' }), 1);
    assert.equal(valueIn(samples, 'blockcast_peers_known'), 412);
    assert.equal(valueIn(samples, 'blockcast_peers_wanted', { bound: 'max' }), 20);
    assert.equal(valueIn(samples, 'blockcast_dashd_connected'), 1);
    assert.equal(valueIn(samples, 'blockcast_tip_height'), 2_580_111);

    const lost = await standing(viewOf({ peers: [peer('connecting', true), peer('connected')] }));
    assert.equal(valueIn(lost, 'blockcast_dashd_connected'), 0);
  });

  test("the tip's age counts from when it was first seen", async () => {
    let now = AT;
    let hash = HASH;
    const metrics = createMetrics({ clock: clockAt(() => now), version: '0.1.0', network: 'regtest' });
    try {
      const since = async () => valueIn(await read(metrics), 'blockcast_tip_timestamp_seconds');
      assert.equal(await since(), undefined);
      metrics.attach({ ...viewOf(), tip: () => ({ hash }) });
      assert.equal(await since(), AT / 1_000);
      now += 5_000;
      assert.equal(await since(), AT / 1_000);
      hash = HASH.replace('f1e2', 'aaaa');
      assert.equal(await since(), AT / 1_000 + 5);
    } finally {
      metrics.close();
    }
  });

  test('the KPIs over the whole history and over the last day; those that say nothing are not there', async () => {
    const all: Kpis = {
      blocks: 4,
      successRate: 0.75,
      orphanRate: 0.25,
      averageBroadcastMs: 31,
      propagationMs: 120,
      networkPropagationMs: 140,
      chainLockMs: 1_500,
      delayedRate: 0.5,
      finality: { pending: 1, chainlocked: 1, buried: 1, orphaned: 1 },
    };
    const asked: (number | undefined)[] = [];
    const samples = await standing(
      viewOf({
        kpis(since) {
          asked.push(since);
          return since === undefined ? all : none;
        },
      }),
    );
    assert.deepEqual(asked, [undefined, AT - DAY]);
    const kpi = (name: string, window: string) => valueIn(samples, `blockcast_kpi_${name}`, { window });
    assert.equal(kpi('blocks', 'all'), 4);
    assert.equal(kpi('blocks', 'day'), 0);
    assert.equal(kpi('success_ratio', 'all'), 0.75);
    assert.equal(kpi('success_ratio', 'day'), undefined);
    assert.equal(kpi('orphan_ratio', 'all'), 0.25);
    assert.equal(kpi('broadcast_seconds', 'all'), 0.031);
    assert.equal(kpi('propagation_seconds', 'all'), 0.12);
    assert.equal(kpi('witness_seconds', 'all'), 0.14);
    assert.equal(kpi('chainlock_seconds', 'all'), 1.5);
    assert.equal(kpi('delayed_ratio', 'all'), 0.5);
    assert.equal(kpi('peer_availability_ratio', 'all'), undefined);
    assert.equal(valueIn(samples, 'blockcast_history_finality_blocks', { state: 'orphaned' }), 1);
    assert.equal(valueIn(samples, 'blockcast_history_blocks'), 4);
  });

  test('the quorums, their members and the signers are shown; zeros while they are not known', async () => {
    const quorum = { hash: HASH, type: 2, members: 400, connected: 130, highBandwidth: 90 };
    const report = {
      height: 7,
      wanted: 400,
      members: 1_350,
      connected: 400,
      quorums: [
        { ...quorum, signing: false },
        { ...quorum, signing: true, members: 394 },
      ],
    };
    const samples = await standing({ ...viewOf(), quorums: () => report });
    assert.equal(valueIn(samples, 'blockcast_quorums'), 2);
    assert.equal(valueIn(samples, 'blockcast_quorum_members', { state: 'all' }), 1_350);
    assert.equal(valueIn(samples, 'blockcast_quorum_members', { state: 'connected' }), 400);
    assert.equal(valueIn(samples, 'blockcast_quorum_signers', { state: 'all' }), 394);
    assert.equal(valueIn(samples, 'blockcast_quorum_signers', { state: 'connected' }), 130);
    assert.equal(valueIn(samples, 'blockcast_quorum_signers', { state: 'high-bandwidth' }), 90);
    const unknown = await standing({ ...viewOf(), quorums: () => undefined });
    assert.equal(valueIn(unknown, 'blockcast_quorums'), 0);
    assert.equal(valueIn(unknown, 'blockcast_quorum_members', { state: 'all' }), 0);
  });

  test('witnesses are counted, zero where there are none; the forecast is there when dashd has told it', async () => {
    const report = { wanted: 6, connected: 4, witnesses: [], own: { blocks: 0 }, others: { blocks: 0 }, recent: [] };
    const count = { at: AT, transactions: 9, locked: 6, delaying: 2, aged: 1, unchecked: 0, named: [] };
    const samples = await standing({ ...viewOf(), witnesses: () => report, lockForecast: () => count });
    assert.equal(valueIn(samples, 'blockcast_witnesses', { state: 'wanted' }), 6);
    assert.equal(valueIn(samples, 'blockcast_witnesses', { state: 'connected' }), 4);
    assert.equal(valueIn(samples, 'blockcast_mempool_transactions', { state: 'delaying' }), 2);
    assert.equal(valueIn(samples, 'blockcast_mempool_transactions', { state: 'unchecked' }), 0);
    const unknown = { ...count, delaying: 0, unknown: 'no-answer' } as const;
    const without = await standing({ ...viewOf(), lockForecast: () => unknown });
    assert.equal(valueIn(without, 'blockcast_witnesses', { state: 'connected' }), 0);
    assert.equal(valueIn(without, 'blockcast_mempool_transactions', { state: 'delaying' }), undefined);
  });

  test('the spool is shown where there is one', async () => {
    const spool = { path: '/spool', blocks: 2, bytes: 30_000, syncedAt: AT, faults: 0 };
    const samples = await standing({ ...viewOf(), spool: () => spool });
    assert.equal(valueIn(samples, 'blockcast_spool_blocks'), 2);
    assert.equal(valueIn(samples, 'blockcast_spool_bytes'), 30_000);
    assert.equal(valueIn(samples, 'blockcast_spool_sync_timestamp_seconds'), AT / 1_000);
    assert.equal(valueIn(await standing(viewOf()), 'blockcast_spool_blocks'), undefined);
  });

  test('the last block of the pool is known from the history after a restart', async () => {
    const samples = await standing(viewOf({ latest: [{ receivedAt: AT - DAY }] }));
    assert.equal(valueIn(samples, 'blockcast_last_block_timestamp_seconds', { source: 'pool' }), (AT - DAY) / 1_000);
  });

  test('a rate that is no longer known is removed', async () => {
    await withMetrics(async (metrics) => {
      let rate: number | undefined = 1;
      metrics.attach(viewOf({ kpis: () => (rate === undefined ? none : { ...none, successRate: rate }) }));
      const success = async () => valueIn(await read(metrics), 'blockcast_kpi_success_ratio', { window: 'all' });
      assert.equal(await success(), 1);
      rate = undefined;
      assert.equal(await success(), undefined);
    });
  });

  test('the process and what it runs', async () => {
    const samples = await after();
    const labels = { version: '0.1.0', network: 'regtest', node: process.version };
    assert.equal(valueIn(samples, 'blockcast_build_info', labels), 1);
    assert.equal(valueIn(samples, 'blockcast_start_time_seconds'), AT / 1_000);
    assert.ok((valueIn(samples, 'blockcast_process_cpu_seconds_total') ?? 0) > 0);
    assert.ok((valueIn(samples, 'blockcast_process_resident_memory_bytes') ?? 0) > 1e6);
  });

  test('who holds the event loop is seen, second by second', async () => {
    await withMetrics(async (metrics) => {
      const held = async () => {
        const samples = await read(metrics);
        const all = valueIn(samples, 'blockcast_event_loop_hold_seconds_count') ?? 0;
        return all - (valueIn(samples, 'blockcast_event_loop_hold_seconds_bucket', { le: '0.2' }) ?? 0);
      };
      const seconds = async () => valueIn(await read(metrics), 'blockcast_event_loop_hold_seconds_count') ?? 0;
      while ((await seconds()) === 0) await pause(50);
      // Again and again: a hold across the end of a second is lost, since the histogram is reset before it is recorded.
      while ((await held()) === 0) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        await pause(50);
      }
    });
  });
});
