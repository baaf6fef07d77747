import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BehaviorSubject } from 'rxjs';
import type { Quorum } from '../../../src/quorum/active-quorums.js';
import { MAX_NEW, PLAN_EVERY_MS } from '../../../src/quorum/politeness.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { connectionTable, createConnections } from '../../../src/streams/connections/connections.js';
import { MemberConnections } from '../../../src/streams/quorum/member-connections.js';
import { MINUTE_MS } from '../../../src/time.js';
import { context, counting } from '../../session/support.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from '../connections/fake-net.js';
import { hash } from './support.js';

const DASHD = '9.9.9.9:9999';

function host(n: number): string {
  return `77.${n >> 8}.${n & 255}.1`;
}

function quorum(id: number, members: readonly number[]): Quorum {
  const at = (n: number) => ({ masternode: hash(n), peer: `${host(n)}:9999` });
  return { hash: hash(1_000_000 + id), type: 2, members: members.map(at) };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);

/** Member connections and the connections that they lead to, wired as the relay does. */
class Under {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly members: MemberConnections;
  readonly connections;
  readonly excluded = new Set<string>();
  readonly others$ = new BehaviorSubject<readonly Target[]>([]);

  constructor(max: number, maxPerGroup = Number.POSITIVE_INFINITY) {
    const { time, net, excluded } = this;
    const table = connectionTable();
    this.members = new MemberConnections({
      max,
      maxPerGroup,
      connections: table,
      isExcluded: (peer) => excluded.has(peer),
      clock: time.clock,
      random: counting(),
      scheduler: time.scheduler,
    });
    this.connections = createConnections({
      table,
      context: context(),
      dial: net.dial,
      clock: time.clock,
      scheduler: time.scheduler,
      nextTurn: setImmediate,
      protectedPeer: { peer: DASHD, host: '9.9.9.9', port: 9_999, protected: true },
      targets$: this.others$,
      quorumTargets$: this.members.targets$,
    });
    this.connections.events$.subscribe((news) => this.members.notePeer(news));
  }

  /** Members that were dialled, in order. */
  get dialled(): string[] {
    return this.net.sockets.map((socket) => socket.host).filter((one) => one !== '9.9.9.9');
  }

  get open(): string[] {
    return this.net.sockets.filter((one) => !one.destroyed && one.host !== '9.9.9.9').map((one) => one.host);
  }

  connectAll(): void {
    for (const socket of this.net.sockets) if (socket.heard.length === 0 && !socket.destroyed) socket.shakeHands();
  }

  /** Lets so many plans be made, with all dials answered. */
  async plans(count: number): Promise<void> {
    for (let plan = 0; plan < count; plan += 1) {
      await this.time.pass(PLAN_EVERY_MS);
      for (let round = 0; round < 4; round += 1) this.connectAll();
      for (const socket of this.net.sockets) if (!socket.destroyed) socket.pongs();
    }
  }
}

describe('connections to members of quorums', () => {
  it('are begun a few at a time, until all slots are used', async () => {
    const under = new Under(50);
    under.members.noteQuorums([quorum(1, range(0, 100))]);
    assert.equal(under.dialled.length, 8, 'a few dials at once');
    under.connectAll();
    under.connectAll();
    under.connectAll();
    assert.equal(under.dialled.length, MAX_NEW);
    await under.plans(2);
    assert.deepEqual([under.dialled.length, under.open.length], [50, 50]);
    await under.plans(3);
    assert.equal(under.dialled.length, 50);
    assert.equal(under.members.plan?.skipped['over-max'], 50);
  });

  it('do not pile up while nobody answers', async () => {
    const under = new Under(200);
    under.members.noteQuorums([quorum(1, range(0, 300))]);
    for (let plan = 0; plan < 10; plan += 1) await under.time.pass(PLAN_EVERY_MS);
    assert.equal(under.dialled.length, 8);
  });

  it('stay when the quorums rotate, but for the members of none; the new ones follow', async () => {
    const under = new Under(60);
    under.members.noteQuorums([quorum(1, range(0, 30)), quorum(2, range(20, 30))]);
    await under.plans(4);
    assert.equal(under.open.length, 50);
    under.members.noteQuorums([quorum(2, range(20, 30)), quorum(3, range(45, 30))]);
    await under.plans(4);
    assert.deepEqual(under.open.sort(), range(20, 55).map(host).sort());
    assert.equal(under.dialled.length, 75, 'nobody was dialled twice');
  });

  it('stay while the quorums are the same, tip after tip', async () => {
    const under = new Under(10);
    for (let tip = 0; tip < 20; tip += 1) {
      under.members.noteQuorums([quorum(1, range(0, 30)), quorum(2, range(20, 30))]);
      await under.plans(1);
    }
    assert.equal(under.dialled.length, 10);
  });

  it('leave no timer busy when there is nothing to do', async () => {
    const under = new Under(10);
    under.members.noteQuorums([quorum(1, range(0, 10))]);
    await under.plans(3);
    const plan = under.members.plan;
    await under.time.pass(PLAN_EVERY_MS * 3);
    assert.equal(under.members.plan, plan, 'no plan was made');
  });

  it('are not made again within a minute to a node that was lost, whose slot another gets', async () => {
    const under = new Under(2);
    under.members.noteQuorums([quorum(1, range(0, 3))]);
    under.connectAll();
    const [lost = ''] = under.open;
    under.net.to(lost).close();
    await under.plans(1);
    assert.deepEqual([under.open.length, under.open.includes(lost)], [2, false]);
    for (const one of under.open) under.net.to(one).close();
    await under.time.pass(MINUTE_MS - PLAN_EVERY_MS - 1);
    assert.equal(under.open.length, 0);
    await under.time.pass(MINUTE_MS);
    assert.ok(under.open.includes(lost));
  });

  it('are tried less and less often with a node that does not answer', async () => {
    const under = new Under(2);
    under.members.noteQuorums([quorum(1, range(0, 2))]);
    under.net.to(host(1)).shakeHands();
    for (let minute = 0; minute < 60 * 5; minute += 1) {
      for (const socket of under.net.sockets) {
        if (socket.host === host(0) && !socket.destroyed) socket.close('unreachable');
        else if (!socket.destroyed) socket.pongs();
      }
      await under.time.pass(30_000);
    }
    const dials = under.net.dials(host(0));
    assert.ok(dials >= 6 && dials <= 9, `${dials} dials in 150 minutes`);
    assert.equal(under.net.dials(host(1)), 1);
  });

  it('are made soon after the line was down for an hour', async () => {
    const under = new Under(5);
    under.members.noteQuorums([quorum(1, range(0, 5))]);
    under.connectAll();
    for (let round = 0; round < 720; round += 1) {
      for (const socket of under.net.sockets) if (!socket.destroyed) socket.close('unreachable');
      await under.time.pass(PLAN_EVERY_MS);
    }
    await under.time.pass(MINUTE_MS * 1.5 + PLAN_EVERY_MS);
    assert.equal(under.open.length, 5);
  });

  it('leave out who is connected as one of the other peers, and its slot goes to another', async () => {
    const under = new Under(2);
    under.others$.next([{ peer: `${host(0)}:9999`, host: host(0), port: 9_999, protected: false }]);
    under.members.noteQuorums([quorum(1, range(0, 3))]);
    under.connectAll();
    assert.deepEqual(under.open.sort(), range(0, 3).map(host));
    assert.equal(under.net.dials(host(0)), 1);
    under.others$.next([]);
    await under.plans(1);
    assert.deepEqual(under.open.sort(), [host(1), host(2)]);
  });

  it('leave out another address of a node that counts already', async () => {
    const under = new Under(3);
    under.members.noteQuorums([quorum(1, range(0, 3))]);
    under.connectAll();
    under.excluded.add(`${host(1)}:9999`);
    under.connections.drop(`${host(1)}:9999`);
    await under.time.pass(MINUTE_MS * 3);
    assert.equal(under.net.dials(host(1)), 1);
  });

  it('are given up where another masternode answers', async () => {
    const under = new Under(2);
    under.members.noteQuorums([quorum(1, range(0, 2))]);
    under.connectAll();
    const says = (masternode: string) => ({ command: 'mnauth' as const, masternode, signature: Buffer.alloc(96) });
    under.net.to(host(0)).says(says(hash(0)));
    under.net.to(host(1)).says(says(hash(7)));
    await under.time.pass(PLAN_EVERY_MS);
    assert.deepEqual(under.open, [host(0)]);
    await under.time.pass(MINUTE_MS - PLAN_EVERY_MS);
    assert.equal(under.net.dials(host(1)), 1);
  });

  it('are given back when dashd has no quorums any more', async () => {
    const under = new Under(2);
    under.members.noteQuorums([quorum(1, range(0, 2))]);
    under.connectAll();
    under.members.noteQuorums([]);
    assert.deepEqual(under.open, []);
  });
});
