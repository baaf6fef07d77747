import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlockVerdict, PeerEvent, PeerProof, RelayEvent } from '../../src/contracts/events.js';
import type { PeerView, QuorumState } from '../../src/contracts/view.js';
import { Status } from '../../src/ops/status.js';
import { clockAt } from '../support/clock.js';
import { countsOf } from '../support/peer-counts.js';
import { DASHD, FakeView, hashOf, NOW, peerView, proof, service, verdictOf, WORKING } from './http/support.js';

function statusAfter(...events: readonly RelayEvent[]): Status {
  const status = new Status({ clock: clockAt(NOW) });
  for (const event of events) status.listen(event);
  return status;
}

function readiness(events: readonly RelayEvent[], peers: readonly PeerView[], wanted = { min: 2, max: 20 }) {
  return statusAfter(...events).readiness({ counts: () => countsOf(peers), wanted });
}

function proven(n: number, changes: Partial<PeerProof> & { readonly hash?: string } = {}): RelayEvent {
  return { type: 'proof', at: NOW, hash: hashOf(1), ...proof(n), ...changes };
}

function verdict(n: number, changes: Partial<BlockVerdict> = {}): BlockVerdict {
  return { type: 'verdict', at: NOW, ...verdictOf(n), ...changes };
}

function lost(code: string, wasReady = false): PeerEvent {
  return {
    type: 'peer-lost',
    at: NOW,
    peer: '192.0.2.9:9999',
    protected: false,
    code,
    reason: 'gone',
    wasReady,
    bytesIn: 0,
    bytesOut: 0,
  };
}

const PEERS = [DASHD, peerView(2), peerView(3)];
const DOWN = [service('pool-socket', 'up'), service('dashd-rpc', 'down')];

describe('ready', () => {
  test('is a relay whose pool socket is open and that reaches dashd and enough peers', () => {
    assert.deepEqual(readiness(WORKING, PEERS), { ready: true, notReady: [], degraded: [] });
  });

  test('is not a relay that has just been started', () => {
    const { ready, notReady } = readiness([], []);
    assert.equal(ready, false);
    assert.match(notReady.join('\n'), /pool socket is not open.*would reach no node/s);
  });

  test('is not a relay whose dashd is on another chain, catches up or starts, and says so in its words; unless dashd is gone', () => {
    for (const code of ['wrong-network', 'catching-up', 'starting']) {
      const chain = service('dashd-chain', 'down', { code, detail: `dashd is ${code}` });
      assert.deepEqual(readiness([...WORKING, chain], PEERS), {
        ready: false,
        notReady: [`dashd is ${code}`],
        degraded: [],
      });
      const gone = service('dashd-rpc', 'down', { code: 'unreachable' });
      assert.equal(readiness([...WORKING, chain, gone], PEERS).ready, true, 'the peers get each block all the same');
      assert.equal(readiness([...WORKING, chain, service('dashd-chain', 'up')], PEERS).ready, true);
    }
  });

  test('is not a relay without a door for blocks', () => {
    const taken = service('pool-socket', 'down', { detail: 'address in use' });
    const { ready, notReady } = readiness([...WORKING, taken], PEERS);
    assert.equal(ready, false);
    assert.deepEqual(notReady, ['the pool cannot push a block: the pool socket is not open (address in use)']);
  });

  test('is a relay whose JSON-RPC proxy is open when the pool socket is not, which is reported', () => {
    const events = [...WORKING, service('pool-socket', 'down'), service('json-rpc-proxy', 'up')];
    const { ready, degraded } = readiness(events, PEERS);
    assert.equal(ready, true);
    assert.deepEqual(degraded, ['pool socket: pool-socket is down']);
  });

  test('is not a relay that reaches neither dashd nor a peer; a connection that is being made reaches nobody', () => {
    const connecting = [DASHD, peerView(2)].map((peer): PeerView => ({ ...peer, state: 'connecting' }));
    const { ready, notReady } = readiness(DOWN, connecting);
    assert.equal(ready, false);
    assert.match(notReady.join(), /^a block would reach no node/);
  });

  const ways: [string, readonly RelayEvent[], readonly PeerView[], RegExp][] = [
    ['RPC alone', WORKING, [], /not connected over P2P.*no peer except/s],
    ["dashd's P2P port alone", DOWN, [DASHD], /does not answer over RPC.*no peer except/s],
    ['peers alone', DOWN, [peerView(2), peerView(3)], /own dashd is unreachable/],
    ['dashd and too few peers', WORKING, [DASHD, peerView(2)], /1 peers are connected, fewer than the minimum of 2/],
  ];
  for (const [name, events, peers, reported] of ways) {
    test(`is, degraded, a relay with ${name}`, () => {
      const { ready, degraded } = readiness(events, peers);
      assert.equal(ready, true);
      assert.match(degraded.join('\n'), reported);
    });
  }

  test('is, not degraded, a relay for the local dashd alone', () => {
    assert.deepEqual(readiness(WORKING, [DASHD], { min: 5, max: 1 }).degraded, []);
  });

  test('keeps the results per peer of some thousand peers, those of the newest blocks', () => {
    const peers = Array.from({ length: 1_350 }, (_, i) => proof(i));
    const status = statusAfter(...Array.from({ length: 20 }, (_, n) => verdict(n, { peers, hash: hashOf(n) })));
    const kept = Array.from({ length: 20 }, (_, n) => status.race(hashOf(n))?.length);
    assert.equal(kept.at(-1), 1_350);
    assert.equal(kept[0], undefined);
    assert.equal(kept.filter((count) => count !== undefined).length, 15);
  });

  test('says so when no signer of the next block is connected, and only then', () => {
    const degraded = (...quorums: readonly QuorumState[]) => {
      const report = { height: 7, wanted: 400, members: 800, connected: 0, quorums };
      const view = { counts: () => countsOf(PEERS), wanted: { min: 2, max: 20 }, quorums: () => report };
      return statusAfter(...WORKING).readiness(view).degraded;
    };
    const quorum = { hash: hashOf(1), type: 2, signing: true, members: 400, connected: 0, highBandwidth: 0 };
    assert.match(degraded(quorum).join(), /^none of the 400 signers of the next block is connected/);
    assert.deepEqual(degraded({ ...quorum, connected: 1 }), []);
    assert.deepEqual(degraded({ ...quorum, signing: false }), []);
    assert.deepEqual(degraded(), []);
  });

  test('names each service that is down, and forgets it when it is up', () => {
    const down = [service('dashd-feed', 'down'), service('history-file', 'down', { detail: 'disk full' })];
    assert.deepEqual(readiness([...WORKING, ...down], PEERS).degraded, [
      'dashd feed: dashd-feed is down',
      'history file: disk full',
    ]);
    const mended = [...WORKING, ...down, service('dashd-feed', 'up'), service('history-file', 'up')];
    assert.deepEqual(readiness(mended, PEERS).degraded, []);
  });

  test('is not a relay that is stopping', () => {
    const status = statusAfter(...WORKING);
    status.drain();
    const view = new FakeView(PEERS);
    assert.deepEqual(status.readiness(view).notReady, ['the relay is shutting down and accepts no more blocks']);
  });
});

describe('services', () => {
  test('are unknown until they are reported, the essential ones by name', () => {
    const names = statusAfter().services();
    assert.deepEqual(
      names.map(({ service: name, state }) => [name, state]),
      [
        ['pool-socket', 'unknown'],
        ['dashd-rpc', 'unknown'],
      ],
    );
  });

  test('keep their state, since it began, through faults, which are counted', () => {
    const status = statusAfter(
      service('dashd-feed', 'up', { at: 5 }),
      service('dashd-feed', 'fault', { at: 6, code: 'gap', detail: 'two are missing' }),
      service('dashd-feed', 'fault', { at: 7, code: 'gap', detail: 'one is missing' }),
      service('dashd-feed', 'up', { at: 8, detail: 'again' }),
    );
    assert.deepEqual(status.services().at(-1), {
      service: 'dashd-feed',
      state: 'up',
      since: 5,
      code: 'up',
      detail: 'again',
      faults: 2,
      lastFault: { at: 7, code: 'gap', detail: 'one is missing' },
    });
  });
});

describe('races', () => {
  test('are as far as the proofs, then as the verdict, then as what still comes', () => {
    const status = statusAfter(proven(1, { status: 'written' }), proven(1), proven(2, { status: 'pending' }));
    assert.deepEqual(status.race(hashOf(1)), [proof(1), proof(2, { status: 'pending' })]);
    status.listen(verdict(1));
    assert.deepEqual(status.race(hashOf(1)), verdictOf(1).peers);
    status.listen(proven(3));
    assert.deepEqual(status.race(hashOf(1))?.at(-1), proof(3));
    assert.equal(status.race(hashOf(2)), undefined);
  });

  test('are bounded: the oldest go', () => {
    const status = statusAfter();
    for (let n = 0; n < 10_000; n += 1) status.listen(proven(1, { hash: hashOf(n) }));
    assert.equal(status.race(hashOf(0)), undefined);
    const kept = Array.from({ length: 10_000 }, (_, n) => status.race(hashOf(n))).filter((race) => race !== undefined);
    assert.equal(kept.length, 256);
    assert.notEqual(status.race(hashOf(9_999)), undefined);
  });
});

describe('tallies', () => {
  test("count the pool's blocks and pushes; an amended verdict counts instead of the one before", () => {
    const status = statusAfter(
      verdict(1, { peersReached: 2, failed: 1 }),
      verdict(1, { peersReached: 3, failed: 0 }),
      verdict(2, { source: 'dashd' }),
    );
    const { blocks, pushes, since } = status.tallies();
    assert.deepEqual({ blocks, pushes, since }, { blocks: 1, pushes: { tried: 2, reached: 2, failed: 0 }, since: NOW });
  });

  test('count connections that were made and those that were not', () => {
    const made: PeerEvent = {
      type: 'peer-connected',
      at: NOW,
      peer: '192.0.2.9:9999',
      protected: false,
      userAgent: '/x/',
      height: 1,
      protocolVersion: 1,
    };
    const status = statusAfter(made, lost('closed-by-peer', true), lost('dial-timeout'), lost('unreachable'));
    assert.deepEqual(status.tallies().connections, { made: 1, failed: 2, timedOut: 1, unreachable: 1 });
  });
});

test('the revision changes with everything but single proofs', () => {
  const status = statusAfter();
  const before = status.revision;
  status.listen(proven(1));
  assert.equal(status.revision, before);
  status.listen(verdict(1));
  assert.notEqual(status.revision, before);
});
