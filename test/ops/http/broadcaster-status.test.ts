import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broadcasterStatus } from '../../../src/ops/http/broadcaster-status.js';
import { DASHD, FakeView, NOW, peerView } from './support.js';

const TALLIES = {
  since: NOW - 60_000,
  blocks: 4,
  pushes: { tried: 80, reached: 60, failed: 20 },
  connections: { made: 30, failed: 10, timedOut: 4, unreachable: 5 },
};

test("says in p2pool-dash's words and units what its page reads", () => {
  const view = new FakeView([DASHD, peerView(2), peerView(3, { state: 'connecting' })]);
  const reply = broadcasterStatus(view, { ready: true }, TALLIES, NOW);
  assert.equal(reply.enabled, true);
  assert.deepEqual(reply.health, {
    active_connections: 1,
    protected_connections: 1,
    total_connections: 2,
    target_max_peers: 20,
    target_min_peers: 2,
    healthy: true,
    local_dashd_connected: true,
  });
  assert.deepEqual(reply.statistics, {
    since: (NOW - 60_000) / 1_000,
    blocks_broadcast: 4,
    total_peer_broadcasts: 80,
    successful_broadcasts: 60,
    failed_broadcasts: 20,
    success_rate_percent: 75,
    connection_attempts: 40,
    successful_connections: 30,
    failed_connections: 10,
    timeouts: 4,
    refused: 5,
  });
  assert.equal(reply.database.total_peers, 1_234);
  assert.deepEqual(reply.peers.active, [
    {
      host: '192.0.2.2',
      port: 9_999,
      protected: false,
      connected_since: (NOW - 60_000) / 1_000,
      uptime_seconds: 60,
      score: 102,
      source: 'p2p_discovery',
      successful_broadcasts: 4,
      failed_broadcasts: 1,
    },
  ]);
  assert.deepEqual(
    reply.peers.protected.map(({ host, port, source }) => [host, port, source]),
    [['127.0.0.1', 9_999, 'local_dashd']],
  );
});

test('is not healthy with too few peers, or when a block would reach no node', () => {
  const few = broadcasterStatus(new FakeView([DASHD]), { ready: true }, TALLIES, NOW);
  assert.equal(few.health.healthy, false);
  const unready = broadcasterStatus(new FakeView(), { ready: false }, TALLIES, NOW);
  assert.equal(unready.health.healthy, false);
});

test('has no rate of nothing, and takes IPv6 addresses out of their brackets', () => {
  const none = { ...TALLIES, pushes: { tried: 0, reached: 0, failed: 0 } };
  const view = new FakeView([peerView(2, { peer: '[2001:db8::1]:9999', sources: [] })]);
  const { statistics, peers, health } = broadcasterStatus(view, { ready: true }, none, NOW);
  assert.equal(statistics.success_rate_percent, 0);
  assert.equal(health.local_dashd_connected, false);
  assert.deepEqual(
    peers.active.map(({ host, port, source }) => [host, port, source]),
    [['2001:db8::1', 9_999, 'unknown']],
  );
});
