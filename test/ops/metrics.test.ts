import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import type { FileFaultCode } from '../../src/adapters/locked-file.js';
import type { ProxyFaultCode } from '../../src/adapters/rpc-proxy/throttled-reporter.js';
import type { RefusalCode } from '../../src/block/gate.js';
import type { PeerProof, RelayEvent, ServiceEvent, Verdict } from '../../src/contracts/events.js';
import type { BlockRecord, Kpis, PeerView, RelayView } from '../../src/contracts/view.js';
import {
  ADDRESS_REFUSALS,
  FAULT_CODES,
  fold,
  OTHER,
  PLAN_CODES,
  REFUSAL_CODES,
  SERVICE_CODES,
} from '../../src/ops/metrics/labels.js';
import { createMetrics, type Metrics } from '../../src/ops/metrics.js';
import { REFUSALS } from '../../src/peers/book.js';
import type { ConnectCode, DisconnectCode } from '../../src/peers/plan.js';
import type { SessionFaultCode } from '../../src/session/types.js';
import { clockAt } from '../support/clock.js';
import { keyOf, type Sample, samplesOf, typesOf, valueIn } from '../support/exposition.js';
import { NO_PROMTOOL, promtool } from '../support/promtool.js';

const HASH = '000000000000000f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887';
const PEER = '203.0.113.7:9999';
const AT = 1_795_331_401_873.402;
const DAY = 86_400_000;

/** Gives metrics to `use`, and lets go of them whatever happens. */
async function withMetrics<T>(use: (metrics: Metrics) => Promise<T>): Promise<T> {
  const metrics = createMetrics({ clock: clockAt(AT), version: '0.1.0', network: 'regtest' });
  try {
    return await use(metrics);
  } finally {
    metrics.close();
  }
}

async function read(metrics: Metrics): Promise<Sample[]> {
  return samplesOf((await metrics.text()).text);
}

/** What is left of the samples after these events. */
function after(...events: readonly RelayEvent[]): Promise<Sample[]> {
  return withMetrics((metrics) => {
    for (const event of events) metrics.listen(event);
    return read(metrics);
  });
}

function verdict(more: Partial<Verdict> = {}): RelayEvent {
  return {
    type: 'verdict',
    at: AT,
    hash: HASH,
    source: 'pool',
    size: 15_234,
    outcome: 'delivered',
    success: true,
    rpc: { outcome: 'duplicate', ms: 9.7 },
    peersReached: 2,
    peersTried: 3,
    accepted: 1,
    alreadyHad: 0,
    failed: 1,
    firstMs: 2.1,
    medianMs: 10.2,
    lastMs: 18.3,
    peers: [],
    ...more,
  };
}

function service(name: ServiceEvent['service'], state: ServiceEvent['state'], code: string): RelayEvent {
  return { type: 'service', at: AT, service: name, state, code, detail: '' };
}

function finality(state: 'pending' | 'chainlocked' | 'buried' | 'orphaned', hash = HASH): RelayEvent {
  return { type: 'finality', at: AT, hash, state, confirmations: 1 };
}

function proof(status: PeerProof['status'], reason?: string): RelayEvent {
  const event = { type: 'proof', at: AT, hash: HASH, peer: PEER, protected: false, status } as const;
  return reason === undefined ? event : { ...event, reason };
}

describe('metrics of blocks', () => {
  test('a block that comes in is counted, weighed and timed by its source', async () => {
    const samples = await after(
      { type: 'received', at: AT, hash: HASH, source: 'pool', size: 15_234, gateMs: 0.4 },
      { type: 'received', at: AT, hash: HASH, source: 'dashd', size: 800, held: ['its parent is unknown'] },
    );
    assert.equal(valueIn(samples, 'blockcast_blocks_received_total', { source: 'pool' }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_received_total', { source: 'dashd' }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_held_total'), 1);
    assert.equal(valueIn(samples, 'blockcast_block_size_bytes_sum', { source: 'pool' }), 15_234);
    assert.equal(valueIn(samples, 'blockcast_last_block_timestamp_seconds', { source: 'pool' }), AT / 1_000);
    // An older relay's event, without the gate's time, is no time of 0.
    assert.equal(valueIn(samples, 'blockcast_gate_seconds_count'), 1);
    assert.equal(valueIn(samples, 'blockcast_gate_seconds_bucket', { le: '0.0002' }), 0);
    assert.equal(valueIn(samples, 'blockcast_gate_seconds_bucket', { le: '0.0005' }), 1);
  });

  test('a verdict is counted by outcome, its peers and times with it, in seconds', async () => {
    const samples = await after(verdict(), verdict({ outcome: 'failed', success: false, peersReached: 0 }));
    const pool = { source: 'pool' };
    assert.equal(valueIn(samples, 'blockcast_block_verdicts_total', { ...pool, outcome: 'delivered' }), 1);
    assert.equal(valueIn(samples, 'blockcast_block_verdicts_total', { ...pool, outcome: 'failed' }), 1);
    assert.equal(valueIn(samples, 'blockcast_broadcast_peers_tried_total', pool), 6);
    assert.equal(valueIn(samples, 'blockcast_broadcast_peers_reached_total', pool), 2);
    const sums = ['first', 'median', 'last'].map((point) =>
      valueIn(samples, 'blockcast_broadcast_seconds_sum', { ...pool, point })?.toFixed(6),
    );
    assert.deepEqual(sums, ['0.004200', '0.020400', '0.036600']);
    assert.equal(valueIn(samples, 'blockcast_rpc_submissions_total', { outcome: 'duplicate' }), 2);
    assert.equal(valueIn(samples, 'blockcast_rpc_submit_seconds_count'), 2);
  });

  test('an answer that was not to be had takes no time', async () => {
    const samples = await after(verdict({ rpc: { outcome: 'unavailable', reason: 'unreachable', ms: 5_000 } }));
    assert.equal(valueIn(samples, 'blockcast_rpc_submissions_total', { outcome: 'unavailable' }), 1);
    assert.equal(valueIn(samples, 'blockcast_rpc_submit_seconds_count'), 0);
  });

  test('refused and repeated blocks and the steps of each proof are counted', async () => {
    const refused = { type: 'refused', at: AT, source: 'pool', size: 3, reason: '3 bytes', sha256: 'e3b0' } as const;
    const samples = await after(
      { ...refused, code: 'too small' },
      { ...refused, code: 'a code of next year' },
      { type: 'repeated', at: AT, hash: HASH, source: 'dashd' },
      proof('written'),
      proof('acknowledged'),
      proof('failed', 'block not acknowledged'),
      proof('failed', 'the cable was cut'),
    );
    assert.equal(valueIn(samples, 'blockcast_blocks_refused_total', { source: 'pool', code: 'too small' }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_refused_total', { source: 'pool', code: OTHER }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_repeated_total', { source: 'dashd' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proofs_total', { status: 'acknowledged' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proofs_total', { status: 'failed' }), 2);
    assert.equal(valueIn(samples, 'blockcast_proof_failures_total', { code: 'block not acknowledged' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proof_failures_total', { code: OTHER }), 1);
  });

  test('a block is orphaned once, however often that is told, and again when the chain returned to it meanwhile', async () => {
    const other = HASH.replace('f1e2', 'aaaa');
    const once = await after(
      finality('pending'),
      finality('orphaned'),
      finality('orphaned'),
      finality('buried', other),
    );
    assert.equal(valueIn(once, 'blockcast_block_finality_total', { state: 'orphaned' }), 1);
    assert.equal(valueIn(once, 'blockcast_block_finality_total', { state: 'buried' }), 1);
    const twice = await after(finality('orphaned'), finality('pending'), finality('orphaned'));
    assert.equal(valueIn(twice, 'blockcast_block_finality_total', { state: 'orphaned' }), 2);
  });
});

describe('metrics of peers and services', () => {
  test('a connection that ends is counted by whose it was, how far it had come and why, and its bytes with it', async () => {
    const lost = { type: 'peer lost', at: AT, peer: PEER, reason: '', bytesIn: 1_000, bytesOut: 200 } as const;
    const samples = await after(
      { ...lost, protected: true, wasReady: true, code: 'no pong' },
      { ...lost, protected: false, wasReady: false, code: 'unreachable' },
      { ...lost, protected: false, wasReady: false, code: PEER },
    );
    const faults = (role: string, stage: string, code: string) =>
      valueIn(samples, 'blockcast_peer_faults_total', { role, stage, code });
    assert.equal(faults('dashd', 'connected', 'no pong'), 1);
    assert.equal(faults('network', 'connecting', 'unreachable'), 1);
    assert.equal(faults('network', 'connecting', OTHER), 1);
    assert.equal(valueIn(samples, 'blockcast_peer_bytes_total', { direction: 'in' }), 3_000);
    assert.equal(valueIn(samples, 'blockcast_peer_bytes_total', { direction: 'out' }), 600);
  });

  test('plans and gossip are counted by what they led to', async () => {
    const samples = await after(
      {
        type: 'plan',
        at: AT,
        connect: [
          { peer: PEER, code: 'free slot', reason: '' },
          { peer: PEER, code: 'free slot', reason: '' },
        ],
        disconnect: [{ peer: PEER, code: 'outscored', reason: '' }],
        kept: 3,
        targets: 4,
        known: 100,
      },
      {
        type: 'gossip',
        at: AT,
        peer: PEER,
        added: 5,
        known: 7,
        futureDated: 1,
        refused: { stale: 2, 'on the moon': 3 },
      },
    );
    const changes = (change: string, code: string) =>
      valueIn(samples, 'blockcast_plan_changes_total', { change, code });
    assert.equal(valueIn(samples, 'blockcast_plans_total'), 1);
    assert.equal(changes('connect', 'free slot'), 2);
    assert.equal(changes('disconnect', 'outscored'), 1);
    const addresses = (result: string) => valueIn(samples, 'blockcast_gossip_addresses_total', { result });
    assert.deepEqual(['added', 'known', 'stale', OTHER, 'duplicate'].map(addresses), [5, 7, 2, 3, 0]);
    assert.equal(valueIn(samples, 'blockcast_gossip_future_dated_total'), 1);
  });

  test('a service is in one state: unknown, up or down; a fault leaves it there', async () => {
    const states = async (...events: RelayEvent[]) => {
      const samples = await after(...events);
      return ['up', 'down', 'unknown'].filter(
        (state) => valueIn(samples, 'blockcast_service_state', { service: 'dashd feed', state }) === 1,
      );
    };
    const up = service('dashd feed', 'up', 'connected');
    const gap = service('dashd feed', 'fault', 'gap');
    const down = service('dashd feed', 'down', 'disconnected');
    assert.deepEqual(await states(), ['unknown']);
    assert.deepEqual(await states(gap), ['unknown']);
    assert.deepEqual(await states(up, gap), ['up']);
    assert.deepEqual(await states(up, down), ['down']);
    assert.deepEqual(await states(up, down, up), ['up']);

    const faults = await after(up, gap, gap, down, service('dashd feed', 'fault', HASH));
    const of = (code: string) => valueIn(faults, 'blockcast_service_faults_total', { service: 'dashd feed', code });
    assert.deepEqual(['gap', 'disconnected', 'silent', OTHER].map(of), [2, 1, 0, 1]);
  });

  test('the tip, alerts and clients are told', async () => {
    const samples = await withMetrics((metrics) => {
      metrics.listen({ type: 'tip', at: AT, hash: HASH, source: 'feed' });
      metrics.alertOutcome('webhook', 'sent');
      metrics.alertOutcome('telegram', 'failed');
      metrics.sseClients(3);
      metrics.sseClients(2);
      return read(metrics);
    });
    assert.equal(valueIn(samples, 'blockcast_tip_changes_total', { source: 'feed' }), 1);
    assert.equal(valueIn(samples, 'blockcast_alerts_total', { channel: 'webhook', outcome: 'sent' }), 1);
    assert.equal(valueIn(samples, 'blockcast_alerts_total', { channel: 'telegram', outcome: 'failed' }), 1);
    assert.equal(valueIn(samples, 'blockcast_sse_clients'), 2);
  });
});

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
    assert.equal(kpi('peer_availability_ratio', 'all'), undefined);
    assert.equal(valueIn(samples, 'blockcast_history_finality_blocks', { state: 'orphaned' }), 1);
    assert.equal(valueIn(samples, 'blockcast_history_blocks'), 4);
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

  test('a rate that can no longer be told is taken away', async () => {
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
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      while ((await held()) === 0) await pause(50);
    });
  });
});

describe('metrics as a whole', () => {
  test('names say whose they are, and what is counted; the series are few', async () => {
    const { contentType, text } = await withMetrics((metrics) => metrics.text());
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    for (const [name, type] of typesOf(text)) {
      assert.match(name, /^blockcast_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
    }
    const samples = samplesOf(text);
    assert.ok(samples.length < 1_000, `${samples.length} series`);
    assert.equal(new Set(samples.map(keyOf)).size, samples.length);
  });

  test('promtool has nothing against them', { skip: NO_PROMTOOL }, async () => {
    const { text } = await withMetrics((metrics) => {
      for (const event of [verdict(), proof('failed', HASH), finality('orphaned')]) metrics.listen(event);
      return metrics.text();
    });
    assert.deepEqual(promtool(['check', 'metrics'], text), { code: 0, output: '' });
    // It would have said so.
    assert.notEqual(promtool(['check', 'metrics'], '# TYPE blocks counter\nblocks 1\n').output, '');
  });

  test('whatever is told, no series comes but from the closed lists, and nothing is thrown', async () => {
    const pristine = await after();
    // The one series that is not there from the beginning.
    const received = await after(
      { type: 'received', at: AT, hash: HASH, source: 'pool', size: 1 },
      { type: 'received', at: AT, hash: HASH, source: 'dashd', size: 1 },
    );
    const slot = (name: string, label: string) => JSON.stringify([name, label]);
    const room = new Set(
      [...pristine, ...received].flatMap(({ name, labels }) =>
        Object.entries(labels).flatMap(([label, value]) => [slot(name, label + value), slot(name, label + OTHER)]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent(), { maxLength: 60 }), async (events) => {
        for (const { name, labels, value } of await after(...events)) {
          assert.ok(Number.isFinite(value), `${name} is ${value}`);
          for (const [label, word] of Object.entries(labels)) {
            assert.ok(room.has(slot(name, label + word)), `${name} has ${label} ${word}`);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('after it is closed, it still answers', async () => {
    const metrics = createMetrics({ clock: clockAt(AT), version: '0.1.0', network: 'regtest' });
    metrics.close();
    metrics.close();
    metrics.listen(verdict());
    assert.equal(valueIn(await read(metrics), 'blockcast_plans_total'), 0);
  });
});

describe('the closed lists', () => {
  /** The members of a union, as the compiler has them: this does not compile when one is missing or made up. */
  const members = <Code extends string>(list: Record<Code, true>) => Object.keys(list).sort();

  test('peer faults are those of sessions', () => {
    const codes = members<SessionFaultCode>({
      unreachable: true,
      'dial timeout': true,
      'closed by peer': true,
      'connection error': true,
      'handshake timeout': true,
      'obsolete version': true,
      'self connection': true,
      'out of order': true,
      'wrong magic': true,
      'bad command': true,
      oversized: true,
      'bad checksum': true,
      malformed: true,
      'no pong': true,
      'block not acknowledged': true,
      'message flood': true,
      'address flood': true,
      'byte-flood': true,
      'inv-flood': true,
      'getdata-flood': true,
      'headers-flood': true,
      'getheaders-flood': true,
      backlog: true,
      'rotated out': true,
    });
    assert.deepEqual([...FAULT_CODES].sort(), codes);
  });

  test('refused addresses are those of the peer book', () => {
    assert.deepEqual([...ADDRESS_REFUSALS].sort(), [...REFUSALS].sort());
  });

  test('plan codes are those of plans', () => {
    const connect = members<ConnectCode>({
      'below min': true,
      'free slot': true,
      exploration: true,
      rotation: true,
      'last-resort': true,
    });
    const disconnect = members<DisconnectCode>({
      'not in book': true,
      'over max': true,
      unfit: true,
      'group crowded': true,
      'country crowded': true,
      outscored: true,
      exploration: true,
    });
    assert.deepEqual([...PLAN_CODES.connect].sort(), connect);
    assert.deepEqual([...PLAN_CODES.disconnect].sort(), disconnect);
  });

  test("refused blocks are those of the gate, the frame's decoder and the pool's socket", () => {
    const gate: Record<RefusalCode, true> = {
      empty: true,
      'too small': true,
      'too large': true,
      'bad proof of work': true,
    };
    assert.deepEqual([...REFUSAL_CODES].sort(), [...Object.keys(gate), 'bad hex', 'unknown topic'].sort());
  });

  test('faults of files and of the proxy are theirs', () => {
    const file = members<Exclude<FileFaultCode, 'missing'>>({
      locked: true,
      'lock lost': true,
      changed: true,
      'not writable': true,
      'disk full': true,
      'not a file': true,
      'too large': true,
      'io error': true,
    });
    for (const service of ['peer file', 'history file'] as const) {
      assert.deepEqual(
        file.filter((code) => !SERVICE_CODES[service].includes(code)),
        [],
      );
    }
    const proxy = members<ProxyFaultCode>({
      'dashd unreachable': true,
      'dashd broke off': true,
      'body too large': true,
      'buffers full': true,
      'batch too large': true,
      'too many blocks': true,
      'no block': true,
      'cross-site': true,
      'bad request': true,
      'slow request': true,
      'too many connections': true,
      loop: true,
    });
    assert.deepEqual([...SERVICE_CODES['json-rpc proxy']].sort(), [...proxy, 'down'].sort());
  });

  test("the feed's faults are those that streams/feed.ts tells", () => {
    const source = readFileSync('src/streams/dashd/feed.ts', 'utf8');
    const told = new Set([...source.matchAll(/service\('fault', '([^']+)'/g)].map(([, code]) => code ?? ''));
    // What a state is told with.
    const states = ['disconnected', 'no-block-topic'];
    assert.deepEqual([...told, ...states].sort(), [...SERVICE_CODES['dashd feed']].sort());
  });

  test('what is in no list is other', () => {
    assert.equal(fold(FAULT_CODES, 'no pong'), 'no pong');
    assert.equal(fold(FAULT_CODES, 'constructor'), OTHER);
  });
});

/** Events as their types allow them, and somewhat beyond: codes are any text, figures are any. */
function anyEvent(): fc.Arbitrary<RelayEvent> {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toString', OTHER, PEER, HASH, 'a"b\\c\nd', ...FAULT_CODES),
  );
  const figure = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY));
  const maybe = fc.option(figure, { nil: undefined });
  const base = {
    at: fc.double({ noNaN: true, noDefaultInfinity: true }),
    hash: word,
    peer: word,
    protected: fc.boolean(),
  };
  const changes = fc.array(fc.record({ peer: word, code: word, reason: word }), { maxLength: 5 });
  const kinds = [
    {
      type: fc.constant('received'),
      source: word,
      size: figure,
      gateMs: maybe,
      held: fc.option(fc.array(word), { nil: undefined }),
    },
    { type: fc.constant('refused'), source: word, size: figure, code: word, reason: word },
    { type: fc.constant('repeated'), source: word },
    { type: fc.constant('proof'), status: word, reason: fc.option(word, { nil: undefined }) },
    {
      type: fc.constant('verdict'),
      source: word,
      outcome: word,
      rpc: fc.option(fc.record({ outcome: word, ms: figure }), { nil: undefined }),
      peersReached: figure,
      peersTried: figure,
      firstMs: maybe,
      medianMs: maybe,
      lastMs: maybe,
    },
    { type: fc.constant('finality'), state: word },
    { type: fc.constant('peer connected') },
    { type: fc.constant('peer lost'), code: word, wasReady: fc.boolean(), bytesIn: figure, bytesOut: figure },
    {
      type: fc.constant('gossip'),
      added: figure,
      known: figure,
      futureDated: figure,
      refused: fc.dictionary(word, figure, { maxKeys: 5 }),
    },
    { type: fc.constant('plan'), connect: changes, disconnect: changes },
    { type: fc.constant('service'), service: word, state: word, code: word },
    { type: fc.constant('tip'), source: word },
    { type: word },
  ];
  // The types allow no such words: what is tested is that nothing rests on them.
  return fc.oneof(
    ...kinds.map((kind) => fc.record<Record<string, unknown>>({ ...base, ...kind })),
  ) as unknown as fc.Arbitrary<RelayEvent>;
}
