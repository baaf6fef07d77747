import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterProof, ClusterReport } from '../../src/contracts/cluster.js';
import { cameText, clusterCurves, clusterText, heardText, isInCluster } from '../../src/dashboard/model/cluster.js';

const report: ClusterReport = { connected: true, relays: [], left: 0, unstored: 0, dropped: 0 };
const relay = { relay: 'eu', self: true, version: '1', heardAt: 0, peers: 1 };

describe('the relays of a cluster', () => {
  it('are there where the relay has the service', () => {
    const service = { service: 'cluster', state: 'up', since: 0, code: 'connected', detail: '', faults: 0 } as const;
    assert.equal(isInCluster({ services: [service] }), true);
    assert.equal(isInCluster({ services: [] }), false);
  });

  it('are summed up in a line', () => {
    assert.equal(clusterText({ ...report, connected: false }), 'no server answers: this relay works alone');
    assert.equal(clusterText({ ...report, relays: [relay] }), '1 relay');
    assert.equal(
      clusterText({ ...report, relays: [relay, relay], left: 12, unstored: 1 }),
      '2 relays, 12 peers left to others, 1 block not stored yet',
    );
    assert.equal(heardText(1_000, 5_400), 'heard 4 s ago');
  });

  it('had a block from somewhere, some time later than the first', () => {
    assert.equal(cameText({ source: 'pool', afterMs: 0 }), 'from the pool');
    assert.equal(cameText({ source: 'cluster', afterMs: 46.7 }), 'from another relay, 47 ms later');
  });
});

describe('the race of a block at the peers of all relays', () => {
  const race: readonly ClusterProof[] = [
    { peer: 'a', relay: 'us', status: 'accepted', ms: 30 },
    { peer: 'b', relay: 'eu', status: 'acknowledged', ms: 10, role: 'signer' },
    { peer: 'c', relay: 'eu', status: 'already-had' },
    { peer: 'd', relay: 'us', status: 'failed', role: 'member' },
    { peer: 'e', relay: 'us', status: 'written', role: 'signer' },
  ];

  it('is a curve for all, for the signers, and for each relay', () => {
    const figures = clusterCurves(race).map(({ kind, name, tried, failed, times }) => [
      kind,
      name,
      tried,
      failed,
      times,
    ]);
    assert.deepEqual(figures, [
      ['all', 'all', 5, 1, [0, 10, 30]],
      ['signers', 'signers', 2, 0, [10]],
      ['relay', 'eu', 2, 0, [0, 10]],
      ['relay', 'us', 3, 1, [30]],
    ]);
  });

  it('has no curve of signers where none is known', () => {
    const kinds = clusterCurves(race.slice(0, 1)).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['all', 'relay']);
  });
});
