import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RelayEvent } from '../../../src/contracts/events.js';
import { OTHER } from '../../../src/ops/metrics/labels.js';
import { valueIn } from '../../support/exposition.js';
import { AT, after, finality, HASH, PEER, proof, read, service, verdict, withMetrics } from './support.js';

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

  test('the signers of a block are counted, and the time until 60 % of them had it', async () => {
    const signers = { tried: 120, reached: 118, majorityMs: 80 };
    const samples = await after(verdict({ signers }), verdict());
    assert.equal(valueIn(samples, 'blockcast_signers_total', { state: 'tried' }), 120);
    assert.equal(valueIn(samples, 'blockcast_signers_total', { state: 'reached' }), 118);
    assert.equal(valueIn(samples, 'blockcast_signer_majority_seconds_count', { source: 'pool' }), 1);
    assert.equal(valueIn(samples, 'blockcast_signer_majority_seconds_sum', { source: 'pool' }), 0.08);
  });

  test('the time until the witnesses had a block is told of own blocks and of others, and what each saw', async () => {
    const sights = [
      { peer: PEER, state: 'counted', seenMs: 80 },
      { peer: 'b', state: 'unseen' },
    ] as const;
    const seen = { at: AT, hash: HASH, witnesses: 2, seen: 1, firstMs: 80, medianMs: 80, sights };
    const lost = { type: 'witness', at: AT, peer: PEER, state: 'lost', code: 'slow', reason: '' } as const;
    const samples = await after(
      { type: 'propagation', own: true, ...seen },
      { type: 'propagation', own: false, at: AT, hash: HASH, witnesses: 0, seen: 0, sights: [] },
      lost,
      { ...lost, state: 'connected', code: 'chosen' },
    );
    const own = { blocks: 'own', point: 'median' };
    assert.equal(valueIn(samples, 'blockcast_witness_seconds_sum', own), 0.08);
    assert.equal(valueIn(samples, 'blockcast_witness_seconds_count', { ...own, point: 'last' }), 0);
    assert.equal(valueIn(samples, 'blockcast_witness_seconds_count', { ...own, blocks: 'others' }), 0);
    assert.equal(valueIn(samples, 'blockcast_witness_sights_total', { state: 'unseen' }), 1);
    assert.equal(valueIn(samples, 'blockcast_witnesses_lost_total', { code: 'slow' }), 1);
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
      { ...refused, code: 'too-small' },
      { ...refused, code: 'a code of next year' },
      { type: 'repeated', at: AT, hash: HASH, source: 'dashd' },
      proof('written'),
      proof('acknowledged'),
      proof('failed', 'block-not-acknowledged'),
      proof('failed', 'the cable was cut'),
    );
    assert.equal(valueIn(samples, 'blockcast_blocks_refused_total', { source: 'pool', code: 'too-small' }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_refused_total', { source: 'pool', code: OTHER }), 1);
    assert.equal(valueIn(samples, 'blockcast_blocks_repeated_total', { source: 'dashd' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proofs_total', { status: 'acknowledged' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proofs_total', { status: 'failed' }), 2);
    assert.equal(valueIn(samples, 'blockcast_proof_failures_total', { code: 'block-not-acknowledged' }), 1);
    assert.equal(valueIn(samples, 'blockcast_proof_failures_total', { code: OTHER }), 1);
  });

  test('a push that was accepted is counted by its form and round trips, with its bytes', async () => {
    const accepted = { ...proof('accepted'), type: 'proof' as const };
    const samples = await after(
      { ...accepted, form: 'compact', bytes: 700, roundTrips: 0 },
      { ...accepted, form: 'compact', bytes: 900, roundTrips: 1 },
      { ...accepted, form: 'full', bytes: 15_024, roundTrips: 7 },
      accepted,
      { ...accepted, status: 'acknowledged', form: 'full', bytes: 15_024, roundTrips: 0 },
    );
    const counted = (form: string, trips: string) =>
      valueIn(samples, 'blockcast_pushes_total', { form, round_trips: trips });
    assert.deepEqual([counted('compact', '0'), counted('compact', '1'), counted('full', '2+')], [1, 1, 1]);
    assert.equal(
      counted('full', '0'),
      0,
      'an announced block was not pushed, and what is acknowledged is not accepted',
    );
    assert.equal(valueIn(samples, 'blockcast_pushed_bytes_total', { form: 'compact' }), 1_600);
  });

  test('a block is orphaned once, however often that is reported, and again when the chain returned to it meanwhile', async () => {
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
    const lost = { type: 'peer-lost', at: AT, peer: PEER, reason: '', bytesIn: 1_000, bytesOut: 200 } as const;
    const samples = await after(
      { ...lost, protected: true, wasReady: true, code: 'no-pong' },
      { ...lost, protected: false, wasReady: false, code: 'unreachable' },
      { ...lost, protected: false, wasReady: false, code: PEER },
    );
    const faults = (role: string, stage: string, code: string) =>
      valueIn(samples, 'blockcast_peer_faults_total', { role, stage, code });
    assert.equal(faults('dashd', 'connected', 'no-pong'), 1);
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
          { peer: PEER, code: 'free-slot', reason: '' },
          { peer: PEER, code: 'free-slot', reason: '' },
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
    assert.equal(changes('connect', 'free-slot'), 2);
    assert.equal(changes('disconnect', 'outscored'), 1);
    const addresses = (result: string) => valueIn(samples, 'blockcast_gossip_addresses_total', { result });
    assert.deepEqual(['added', 'known', 'stale', OTHER, 'duplicate'].map(addresses), [5, 7, 2, 3, 0]);
    assert.equal(valueIn(samples, 'blockcast_gossip_future_dated_total'), 1);
  });

  test('a service is in one state: unknown, up or down; a fault leaves it there', async () => {
    const states = async (...events: RelayEvent[]) => {
      const samples = await after(...events);
      return ['up', 'down', 'unknown'].filter(
        (state) => valueIn(samples, 'blockcast_service_state', { service: 'dashd-feed', state }) === 1,
      );
    };
    const up = service('dashd-feed', 'up', 'connected');
    const gap = service('dashd-feed', 'fault', 'gap');
    const down = service('dashd-feed', 'down', 'disconnected');
    assert.deepEqual(await states(), ['unknown']);
    assert.deepEqual(await states(gap), ['unknown']);
    assert.deepEqual(await states(up, gap), ['up']);
    assert.deepEqual(await states(up, down), ['down']);
    assert.deepEqual(await states(up, down, up), ['up']);

    const faults = await after(up, gap, gap, down, service('dashd-feed', 'fault', HASH));
    const of = (code: string) => valueIn(faults, 'blockcast_service_faults_total', { service: 'dashd-feed', code });
    assert.deepEqual(['gap', 'disconnected', 'silent', OTHER].map(of), [2, 1, 0, 1]);
  });

  test('the tip, alerts and clients are reported', async () => {
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
