import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BehaviorSubject, Subject } from 'rxjs';
import type { QuorumView, Role } from '../../../src/quorum/active-quorums.js';
import { NO_COMPACT_USE } from '../../../src/session/form.js';
import { PushPlanner } from '../../../src/streams/broadcast/push-planner.js';
import type { ConnectedPeer } from '../../../src/streams/connections/connections.js';
import { Time } from '../../support/virtual-time.js';
import { target } from '../connections/support.js';

const A = 'a1'.repeat(32);
const B = 'b2'.repeat(32);

/** @param roles of peers, which are masternodes of their names; those of two letters are in both quorums */
function viewOf(roles: Readonly<Record<string, Role>>, tip = A): QuorumView {
  const members = Object.keys(roles).map((name) => ({ masternode: name, peer: `${name}:1` }));
  const nameOf = (peer: string) => peer.slice(0, -2);
  return {
    tip,
    height: 1,
    quorums: [
      { hash: A, type: 2, members },
      { hash: B, type: 2, members: members.filter(({ masternode }) => masternode.length === 2) },
    ],
    signing: A,
    roleOf: (peer) => roles[nameOf(peer)],
    masternodeOf: (peer) => (roles[nameOf(peer)] === undefined ? undefined : nameOf(peer)),
  };
}

class PlannerUnderTest {
  readonly time = new Time();
  readonly live = new Map<string, ConnectedPeer>();
  readonly view$ = new BehaviorSubject<QuorumView | undefined>(undefined);
  readonly uplink = { bytesPerSecond: undefined as number | undefined, changes$: new Subject<void>() };
  readonly arranged: (readonly string[])[] = [];
  readonly planner = new PushPlanner({
    connections: { live: this.live, arrange: (peers) => void this.arranged.push(peers) },
    quorums: { view: () => this.view$.value, view$: this.view$ },
    uplink: this.uplink,
    scheduler: this.time.scheduler,
  });
  readonly running = this.planner.run();

  connects(...hosts: readonly string[]): void {
    for (const host of hosts) {
      const { peer } = target(host);
      const since = { at: 0, monotonicAt: 0 };
      const remote = { nonce: 0n, protocolVersion: 70_240, services: 1n, userAgent: '', height: 0 };
      this.live.set(peer, { target: target(host), remote, since, compact: NO_COMPACT_USE });
      this.planner.onPeer({ target: target(host), ...since, event: { type: 'ready', remote } });
    }
  }

  loses(host: string): void {
    const { peer } = target(host);
    this.live.delete(peer);
    this.planner.onPeer({
      target: target(host),
      at: 0,
      monotonicAt: 0,
      event: {
        ...{ type: 'lost', ours: false, wasReady: true, uptimeMs: 0, bytesIn: 0, bytesOut: 0 },
        fault: { code: 'closed-by-peer', detail: '' },
      },
    });
  }
}

describe('the plan of the next push', () => {
  it('is made shortly after connections and quorums change, once for a group of changes', async () => {
    const under = new PlannerUnderTest();
    under.connects('other', 'dashd', 'm', 'mm', 's');
    under.view$.next(viewOf({ m: 'member', mm: 'member', s: 'signer' }));
    assert.deepEqual(under.arranged, []);
    await under.time.pass(100);
    assert.deepEqual(under.arranged, [['dashd:1', 's:1', 'mm:1', 'm:1', 'other:1']]);
    assert.deepEqual(
      under.planner.plan.order.map(({ quorums }) => quorums),
      [0, 1, 2, 1, 0],
    );
  });

  it('follows the tip: another quorum signs the next block', async () => {
    const under = new PlannerUnderTest();
    under.connects('a', 'b');
    under.view$.next(viewOf({ a: 'signer', b: 'member' }));
    await under.time.pass(100);
    under.view$.next(viewOf({ a: 'member', b: 'signer' }));
    await under.time.pass(100);
    assert.deepEqual(under.arranged, [
      ['a:1', 'b:1'],
      ['b:1', 'a:1'],
    ]);
  });

  it('names the signers of a block that competes with the tip: they were first before', async () => {
    const under = new PlannerUnderTest();
    under.connects('a', 'b');
    under.view$.next(viewOf({ a: 'signer', b: 'member' }, A));
    await under.time.pass(100);
    assert.equal(under.planner.signersUpon(A), undefined, 'the plan has them first');
    under.view$.next(viewOf({ a: 'member', b: 'signer' }, B));
    await under.time.pass(100);
    assert.deepEqual(under.planner.signersUpon(A), new Set(['a:1']));
    assert.equal(under.planner.signersUpon(B), undefined);
    assert.equal(under.planner.signersUpon('00'.repeat(32)), undefined, 'nothing is known of them');
  });

  it('has no order beyond dashd where no quorum is known', async () => {
    const under = new PlannerUnderTest();
    under.connects('a', 'b', 'dashd');
    await under.time.pass(100);
    assert.deepEqual(under.arranged, [['dashd:1', 'a:1', 'b:1']]);
  });

  it('forgets who is lost', async () => {
    const under = new PlannerUnderTest();
    under.connects('a', 'b');
    await under.time.pass(100);
    under.loses('a');
    await under.time.pass(100);
    assert.deepEqual(under.arranged.at(-1), ['b:1']);
  });

  it('is paced once the uplink is known to be limited', async () => {
    const under = new PlannerUnderTest();
    under.connects('a');
    await under.time.pass(100);
    assert.equal(under.planner.plan.pace, undefined);
    under.uplink.bytesPerSecond = 2_500_000;
    under.uplink.changes$.next();
    await under.time.pass(100);
    assert.equal(under.planner.plan.pace, 2_000_000);
  });

  it('is not made any more after the end', async () => {
    const under = new PlannerUnderTest();
    under.running.unsubscribe();
    under.connects('a');
    await under.time.pass(100);
    assert.deepEqual(under.arranged, []);
    assert.equal(under.time.pending, 0);
  });
});
