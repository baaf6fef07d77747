import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject, Subscription, tap } from 'rxjs';
import type { GossipEvent, PlanEvent, ServiceEvent } from '../../../src/contracts/events.js';
import { keyOf } from '../../../src/peers/address.js';
import { PeerBook } from '../../../src/peers/book.js';
import { type SelectLimits, selectLimits } from '../../../src/peers/plan.js';
import { WEIGHTS } from '../../../src/peers/score.js';
import { publicAddress } from '../../../src/simulated/public-address.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { connectionTable, createConnections } from '../../../src/streams/connections/connections.js';
import { createPeering } from '../../../src/streams/peering/peering.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { address, seeded } from '../../peers/support.js';
import { context, hashOf } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { START, Time } from '../../support/virtual-time.js';
import { FakeNet } from '../connections/fake-net.js';
import { answer, FakeRpc, later } from '../dashd/fake-rpc.js';

const DASHD = '9.9.9.9:9999';
const HEIGHT = 1_000;
const MAX = 6;
const MIN = 3;

const peerInfo = (...hosts: readonly string[]) =>
  answer(hosts.map((host) => ({ addr: `${host}:9999`, inbound: false, services: '0000000000000c05' })));

type Reported = PlanEvent | GossipEvent | ServiceEvent;

/** Peering and connections, wired to each other as the relay does, in a network of silent peers. */
class Peered {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly tip = new ChainTip();
  readonly book = new PeerBook('mainnet', seeded(1));
  readonly targets: (readonly string[])[] = [];
  private result: { readonly values: Reported[] } = { values: [] };
  readonly quorumTargets$ = new Subject<readonly Target[]>();
  readonly connections;
  readonly peering;
  /** Called whenever peering reads the clock; what it costs, milliseconds, makes calculations take slices. */
  onRead: () => number = () => 0;
  private spentMs = 0;
  private readonly all = new Subscription();

  constructor(limits: Partial<SelectLimits> = {}) {
    const { time, net, rpc, tip, book } = this;
    book.protect(address(DASHD), START);
    tip.see(hashOf(HEIGHT), hashOf(HEIGHT - 1), HEIGHT);
    const table = connectionTable();
    this.peering = createPeering({
      book,
      network: NETWORKS.mainnet,
      rpc,
      askDashd: true,
      resolve: async () => [],
      tip,
      limits: selectLimits('mainnet', { max: MAX, min: MIN, ...limits }),
      weights: () => WEIGHTS,
      intervalMs: 60_000,
      connections: table,
      clock: {
        now: time.clock.now,
        monotonic: () => {
          this.spentMs += this.onRead();
          return time.clock.monotonic() + this.spentMs;
        },
      },
      random: seeded(2),
      scheduler: time.scheduler,
    });
    this.connections = createConnections({
      table,
      context: context(),
      dial: net.dial,
      clock: time.clock,
      scheduler: time.scheduler,
      nextTurn: setImmediate,
      protectedPeer: { ...address(DASHD), peer: DASHD, protected: true },
      targets$: this.peering.targets$.pipe(
        tap((targets) => {
          this.targets.push(targets.map(({ peer }) => peer));
        }),
      ),
      quorumTargets$: this.quorumTargets$,
    });
  }

  /** Starts all, with dashd's answer to `getpeerinfo`. */
  begin(...named: readonly string[]): this {
    this.rpc.replies.set('getpeerinfo', peerInfo(...named));
    return this.start();
  }

  start(): this {
    const reported = gather<Reported>(this.peering.events$);
    this.result = reported;
    this.all.add(() => reported.stop());
    this.all.add(
      this.connections.events$.subscribe((news) => {
        this.peering.notePeer(news);
        if (news.event.type === 'announced') this.tip.see(news.event.hash);
      }),
    );
    return this;
  }

  get reported(): readonly Reported[] {
    return this.result.values;
  }

  get plans(): PlanEvent[] {
    return this.reported.filter((event) => event.type === 'plan');
  }

  get services(): string[] {
    return this.reported.flatMap((event) => (event.type === 'service' ? [`${event.state}: ${event.detail}`] : []));
  }

  /** Hosts dialled, without dashd. */
  get dialled(): string[] {
    return this.net.sockets.map(({ host }) => host).filter((host) => host !== '9.9.9.9');
  }

  /** Nothing is reached any more. */
  cut(): void {
    for (const socket of this.net.sockets) if (!socket.destroyed) socket.close('unreachable');
  }

  /** Nothing is reached for so long, while the chain grows by a block a minute. */
  async outage(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      this.tip.see(hashOf(HEIGHT + 1 + minute), hashOf(HEIGHT + minute), HEIGHT + 1 + minute);
      for (let round = 0; round < 12; round += 1) {
        this.cut();
        await this.time.pass(5_000);
      }
    }
  }

  /** All that were dialled, and not answered yet, finish their handshake. */
  connectAll(): void {
    for (const socket of this.net.sockets) {
      if (socket.heard.length === 0 && !socket.destroyed) socket.shakeHands();
    }
  }

  stop(): void {
    this.all.unsubscribe();
  }
}

const hosts = (from: number, count: number) => Array.from({ length: count }, (_, i) => publicAddress(from + i));
const gossip = (names: readonly string[]) => ({
  command: 'addr' as const,
  addresses: names.map((host) => ({
    time: START / 1_000 - 60,
    services: 1n,
    network: 'ipv4' as const,
    host,
    port: 9_999,
  })),
});

describe('peering', () => {
  it('neither counts nor gives up connections to quorum members, and takes their nodes for no slot', async () => {
    const under = new Peered();
    const named = hosts(0, MAX);
    const members = named.slice(0, 2);
    under.start();
    await under.time.pass(300);
    under.quorumTargets$.next(
      members.map((host) => ({ ...address(`${host}:9999`), peer: `${host}:9999`, protected: false, quorum: true })),
    );
    under.connectAll();
    under.rpc.replies.set('getpeerinfo', peerInfo(...named));
    await under.time.pass(60_000);
    under.connectAll();
    await under.time.pass(1_000);
    assert.deepEqual(
      under.targets.at(-1)?.toSorted(),
      named
        .slice(2)
        .map((host) => `${host}:9999`)
        .sort(),
    );
    assert.deepEqual(
      under.plans.flatMap(({ disconnect }) => disconnect),
      [],
    );
    for (const host of members) assert.equal(under.net.dials(host), 1);
    under.stop();
  });

  it('connects to whom dashd names as soon as it does, and to nobody before', async () => {
    const under = new Peered();
    const named = hosts(0, 3);
    const slow = later();
    under.rpc.replies.set('getpeerinfo', slow.answer);
    under.start();
    await under.time.pass(300);
    assert.deepEqual([under.dialled, under.targets], [[], [[]]]);
    slow.give(peerInfo(...named));
    await under.time.pass(0);
    assert.deepEqual(under.dialled.sort(), named.sort());
    assert.deepEqual(
      under.plans.map(({ kept, targets, known }) => [kept, targets, known]),
      [
        [1, 0, 1],
        [1, 0, 4],
      ],
    );
    assert.deepEqual(
      under.plans[1]?.connect.map(({ peer, code }) => [peer, code]).sort(),
      named.map((host) => [`${host}:9999`, 'below-min']).sort(),
    );
  });

  it('never takes more than the maximum, and fills up from whatever is heard', async () => {
    const under = new Peered().begin(...hosts(0, 2));
    await under.time.pass(0);
    under.connectAll();
    const [first] = under.dialled;
    under.net.to(first ?? '').says(gossip(hosts(100, 300)));
    await under.time.pass(10_000);
    assert.equal(under.dialled.length, MAX);
    under.connectAll();
    await under.time.pass(50_000);
    assert.deepEqual([under.dialled.length, under.connections.live.size], [MAX, MAX + 1]);
    assert.equal(under.book.size, 303);
    assert.deepEqual(
      under.reported.flatMap((event) => (event.type === 'gossip' ? [[event.peer, event.added, event.refused]] : [])),
      [[`${first}:9999`, 300, {}]],
    );
  });

  it('prefers those that dashd is not connected to: its peers hear of a block from it anyway', async () => {
    const under = new Peered({ exploration: 0 });
    const named = hosts(0, 20);
    for (const host of hosts(100, 20)) under.book.hear(address(`${host}:9999`), 'masternode', START);
    under.begin(...named);
    await under.time.pass(0);
    under.connectAll();
    // The first plan was made before dashd's answer; it fills all slots.
    assert.equal(under.dialled.length, MAX);
    for (const host of under.dialled) under.net.to(host).close('unreachable');
    await under.time.pass(1_000);
    const after = under.dialled.slice(MAX);
    assert.equal(after.length, MAX);
    assert.deepEqual(
      after.filter((host) => named.includes(host)),
      [],
    );
  });

  it("is never planned to connect to the pool's own dashd, in whatever spelling somebody names it", async () => {
    const under = new Peered();
    under.rpc.replies.set(
      'getpeerinfo',
      answer(
        ['9.9.9.9:9999', '[::ffff:9.9.9.9]:9999', '[::FFFF:909:909]:9999'].map((addr) => ({ addr, inbound: false })),
      ),
    );
    under.rpc.replies.set('masternodelist', answer({ a: { address: DASHD, status: 'ENABLED' } }));
    under.start();
    await under.time.pass(0);
    under.connectAll();
    under.net.to('9.9.9.9').says(gossip(['9.9.9.9', '::ffff:9.9.9.9']));
    await under.time.pass(180_000);
    assert.deepEqual([under.dialled, under.targets.flat()], [[], []]);
    assert.deepEqual([under.book.size, under.book.get(DASHD)?.protected], [1, true]);
  });

  it('replaces a lost peer at once while too few are left, and not by itself', async () => {
    const under = new Peered().begin(...hosts(0, 20));
    await under.time.pass(0);
    under.connectAll();
    await under.time.pass(30_000);
    const lost = under.dialled.slice(0, MAX - MIN + 1);
    assert.equal(under.dialled.length, MAX);
    for (const host of lost) under.net.to(host).close();
    await under.time.pass(0);
    const fresh = under.dialled.slice(MAX);
    assert.equal(fresh.length, lost.length);
    assert.equal(
      fresh.some((host) => lost.includes(host)),
      false,
    );
  });

  it('does not spin over peers that hang up as soon as they are dialled, or ready', async () => {
    for (const greet of [false, true]) {
      const under = new Peered().begin(...hosts(0, 4));
      const slam = () => {
        for (const socket of under.net.sockets) {
          if (socket.destroyed || socket.host === '9.9.9.9') continue;
          if (greet) socket.shakeHands();
          socket.close();
        }
      };
      for (let second = 0; second < 600; second += 1) {
        await under.time.pass(1_000);
        slam();
      }
      for (const host of hosts(0, 4)) {
        // While too few are connected, no more than once in 45 s.
        assert.ok(under.net.dials(host) <= 17, `${host}: ${under.net.dials(host)} dials`);
        assert.ok(under.net.dials(host) >= 4, `${host}: ${under.net.dials(host)} dials`);
      }
      // While peers are too few it looks each 5 s, and at once after a loss.
      assert.ok(under.plans.length < 180, `${under.plans.length} plans`);
    }
  });

  it('does not come back to a peer that was lost while the plan that keeps it was made', async () => {
    const under = new Peered();
    for (const host of hosts(1_000, 3_000)) under.book.hear(address(`${host}:9999`), 'masternode', START);
    under.begin();
    await under.time.pass(0);
    under.connectAll();
    await under.time.pass(59_999);
    const before = [...under.dialled];
    const unlucky = before[0] ?? '';
    const plans = under.plans.length;
    let reads = 0;
    under.onRead = () => {
      reads += 1;
      // In the third slice of the plan that is being made.
      if (reads === 6) under.net.to(unlucky).close();
      return 3;
    };
    await under.time.pass(1);
    assert.ok(reads > 6, `${reads} slices`);
    assert.equal(under.plans.length, plans + 1);
    assert.equal(under.plans.at(-1)?.kept, MAX + 1, 'the plan knows nothing of it');
    assert.equal(under.targets.at(-1)?.includes(`${unlucky}:9999`), false);
    assert.equal(under.net.dials(unlucky), 1);
  });

  it('reports that peers are too few, and that they are enough again, once each', async () => {
    const under = new Peered().begin(...hosts(0, 12));
    await under.time.pass(20_000);
    assert.deepEqual(under.services, ['down: 0 broadcast targets, at least 3 are wanted']);
    under.connectAll();
    await under.time.pass(50_000);
    assert.deepEqual(under.services.slice(1), [`up: ${MAX} broadcast targets, at least 3 are wanted`]);
    for (const host of under.dialled.slice(0, 4)) under.net.to(host).close();
    await under.time.pass(20_000);
    assert.deepEqual(under.services.slice(2), [
      'down: 2 broadcast targets, at least 3 are wanted; not candidates: 4 backoff',
    ]);
  });

  for (const [kind, source] of [
    ['named by dashd', 'dashd'],
    ['configured', 'configured'],
  ] as const) {
    it(`is back within a minute of the network's return after hours without anybody: peers ${kind}`, async () => {
      const under = new Peered();
      const named = hosts(0, 3);
      for (const host of named) under.book.hear(address(`${host}:9999`), source, START);
      under.start();
      await under.time.pass(1_000);
      under.connectAll();
      await under.time.pass(30_000);
      assert.equal(under.connections.live.size, 4);
      await under.outage(8 * 60);
      const record = under.book.get(`${named[0]}:9999`);
      assert.ok((record?.connections.failed ?? 0) <= 1, 'what our line did is not held against them');
      under.cut();
      for (let second = 0; second < 60; second += 1) {
        await under.time.pass(1_000);
        under.connectAll();
      }
      assert.deepEqual(
        named.filter((host) => under.connections.live.has(`${host}:9999`)),
        named,
      );
    });
  }

  it('tries peers again within a minute that failed one by one, while fewer than the minimum are connected', async () => {
    const under = new Peered();
    const named = hosts(0, 3);
    for (const host of named) under.book.hear(address(`${host}:9999`), 'configured', START);
    under.start();
    await under.time.pass(1_000);
    under.connectAll();
    const [alive, ...dead] = named;
    const dialled = new Map<string, number[]>(dead.map((host) => [host, []]));
    for (let second = 0; second < 3_600; second += 1) {
      for (const socket of under.net.sockets) {
        if (socket.destroyed || socket.host === alive || socket.host === '9.9.9.9') continue;
        dialled.get(socket.host)?.push(second);
        socket.close('unreachable');
      }
      await under.time.pass(1_000);
    }
    for (const times of dialled.values()) {
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      assert.ok(Math.max(...gaps) <= 60, `${Math.max(...gaps)} s`);
      assert.ok(Math.min(...gaps.slice(8)) >= 30, `${Math.min(...gaps.slice(8))} s`);
    }
  });

  it('hears of other peers while it still takes in what was heard before', async () => {
    const under = new Peered();
    under.onRead = () => 3;
    under.rpc.replies.set(
      'masternodelist',
      answer(
        Object.fromEntries(hosts(1_000, 500).map((host) => [host, { address: `${host}:9999`, status: 'ENABLED' }])),
      ),
    );
    under.begin(...hosts(0, 120));
    await under.time.pass(0);
    under.connectAll();
    under.net.to(under.dialled[0] ?? '').says(gossip(hosts(5_000, 700)));
    await under.time.pass(10);
    assert.equal(under.book.size, 1 + 120 + 500 + 700);
  });

  it('does not think a peer behind whose announcements dashd confirms later, by RPC alone', async () => {
    const under = new Peered().begin(...hosts(0, MAX));
    await under.time.pass(0);
    for (const socket of under.net.sockets) socket.shakeHands(HEIGHT);
    await under.time.pass(60_000);
    for (const socket of under.net.sockets) socket.pong();
    for (let block = 1; block <= 6; block += 1) {
      const hash = hashOf(HEIGHT + block);
      for (const socket of under.net.sockets) socket.says({ command: 'inv', items: [{ type: 2, hash }] });
      await under.time.pass(5_000);
      under.tip.see(hash, hashOf(HEIGHT + block - 1), HEIGHT + block);
      await under.time.pass(55_000);
      for (const socket of under.net.sockets) socket.pong();
    }
    assert.equal(under.plans.at(-1)?.targets, MAX);
    assert.deepEqual(
      under.dialled.map((host) => under.book.get(`${host}:9999`)?.height),
      under.dialled.map(() => HEIGHT + 6),
    );
  });

  it('notes what became of blocks', async () => {
    const under = new Peered().begin(...hosts(0, 1));
    await under.time.pass(0);
    const peer = `${under.dialled[0]}:9999`;
    under.peering.noteBlock({
      type: 'verdict',
      at: 0,
      hash: hashOf(1),
      source: 'pool',
      size: 300,
      outcome: 'delivered',
      success: true,
      peersReached: 1,
      peersTried: 1,
      accepted: 1,
      alreadyHad: 0,
      failed: 0,
      peers: [{ peer, protected: false, status: 'accepted' }],
    });
    assert.equal(under.book.get(peer)?.broadcasts.accepted, 1);
  });

  it('reports when dashd is not understood', async () => {
    const under = new Peered();
    under.rpc.replies.set('getpeerinfo', answer('<html>'));
    under.start();
    await under.time.pass(60_000);
    assert.deepEqual(
      under.services.filter((text) => text.startsWith('fault')),
      ['fault: the answer to getpeerinfo is not what dashd 23 or 24 answers'],
    );
  });

  it('asks each source once, however many listen, and leaves no timer behind', async () => {
    const under = new Peered().begin(...hosts(0, 12));
    await under.time.pass(30_000);
    assert.equal(under.rpc.times('getpeerinfo').length, 1);
    assert.deepEqual(
      new Set(under.targets.flat()),
      new Set(under.dialled.map((host) => keyOf(address(`${host}:9999`)))),
    );
    under.stop();
    assert.equal(under.time.pending, 0);
    const { length } = under.rpc.calls;
    await under.time.pass(3_600_000);
    assert.equal(under.rpc.calls.length, length);
  });
});
