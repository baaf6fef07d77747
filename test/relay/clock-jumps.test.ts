/** What a wall clock that is set, a suspended machine and a stopped process do to peers, races and dates: nothing, but that dates follow. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { BehaviorSubject } from 'rxjs';
import { loadX11 } from '../../src/block/x11.js';
import type { BlockEvent, BlockVerdict } from '../../src/contracts/events.js';
import { PeerBook } from '../../src/peers/book.js';
import { createView } from '../../src/relay/view.js';
import { Gatekeeper } from '../../src/streams/broadcast/gatekeeper.js';
import { RecentStore } from '../../src/streams/broadcast/recent.js';
import { ChainTip } from '../../src/streams/broadcast/tip.js';
import type { Target } from '../../src/streams/connections/connection.js';
import { createConnections, type PeerNews } from '../../src/streams/connections/connections.js';
import { Bookkeeper } from '../../src/streams/peering/bookkeeping.js';
import { HOUR_MS } from '../../src/time.js';
import { NETWORKS } from '../../src/wire/network.js';
import { mineBlock } from '../block/support.js';
import { seeded } from '../peers/support.js';
import { context } from '../session/support.js';
import { newBroadcaster } from '../streams/broadcast/support.js';
import { FakeNet } from '../streams/connections/fake-net.js';
import { FakeRpc } from '../streams/dashd/fake-rpc.js';
import { gather } from '../support/gather.js';
import { START, Time } from '../support/virtual-time.js';

before(() => loadX11());

const network = NETWORKS.regtest;
const HOSTS = ['10.0.0.1', '10.0.0.2'];
const target = (host: string): Target => ({ host, port: 1, peer: `${host}:1`, protected: false });

/** A relay's core with two peers that answer each ping. */
class Relay {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly book = new PeerBook('regtest', seeded(1));
  readonly events: BlockEvent[] = [];
  readonly news: readonly PeerNews[];
  readonly view;
  private readonly gate;
  private readonly broadcaster;

  constructor() {
    const { time, net, book } = this;
    const { clock, scheduler } = time;
    const tip = new ChainTip();
    const recent = new RecentStore();
    const rpc = new FakeRpc();
    const connections = createConnections({
      context: { ...context(), wallClock: () => clock.now() },
      dial: net.dial,
      clock,
      scheduler,
      nextTurn: setImmediate,
      protectedPeer: undefined,
      targets$: new BehaviorSubject(HOSTS.map(target)),
    });
    for (const host of HOSTS) book.hear({ host, port: 1, family: 'ipv4' }, 'configured', clock.now());
    const keeper = new Bookkeeper({ book, tip, clock, scheduler, isIsolated: () => false });
    this.gate = new Gatekeeper(network, tip, clock);
    this.broadcaster = newBroadcaster({ network, connections, rpc, recent, tip, clock, scheduler });
    this.broadcaster.events$.subscribe((event) => this.events.push(event));
    const events = gather(connections.events$);
    this.news = events.values;
    connections.events$.subscribe((news) => {
      keeper.onPeer(news);
      this.broadcaster.onPeer(news);
    });
    const history = { size: 0, kpis: () => assert.fail(), blocks: () => [], get: () => undefined };
    this.view = createView({
      network: 'regtest',
      wanted: { min: 1, max: 2 },
      tip,
      book,
      connections,
      weights: () => assert.fail('no score is asked for'),
      history: history as never,
      clock,
    });
    for (const host of HOSTS) net.to(host).shakeHands();
  }

  /** Time passes in which each peer answers whatever it is asked. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.time.pass(Math.min(500, ms - passed));
      this.answer();
    }
  }

  answer(): void {
    for (const host of HOSTS) {
      const peer = this.net.to(host);
      for (const message of peer.heard.splice(0)) {
        if (message.command === 'ping') peer.says({ command: 'pong', nonce: message.nonce });
      }
    }
  }

  push(): void {
    const admission = this.gate.fromPool([mineBlock()]);
    assert.equal(admission.type, 'block');
    if (admission.type === 'block') this.broadcaster.send(admission);
  }

  get lost(): readonly PeerNews[] {
    return this.news.filter(({ event }) => event.type === 'lost');
  }

  get verdicts(): readonly BlockVerdict[] {
    return this.events.filter((event) => event.type === 'verdict');
  }
}

describe('when the wall clock is set', () => {
  for (const [what, byMs] of [
    ['five hours ahead', 5 * HOUR_MS],
    ['five hours back', -5 * HOUR_MS],
    ['from 1970 to today', 56 * 365 * 24 * HOUR_MS],
  ] as const) {
    it(`${what}, no peer is dropped, and pings go on`, async () => {
      const relay = new Relay();
      await relay.pass(70_000);
      relay.time.setClock(byMs);
      await relay.pass(130_000);
      assert.deepEqual(relay.lost, []);
      const roundTrips = relay.news.flatMap(({ event }) => (event.type === 'round-trip' ? [event.ms] : []));
      assert.ok(roundTrips.length >= 6 && roundTrips.every((ms) => ms >= 0 && ms <= 1_000), `${roundTrips}`);
    });

    it(`${what} while a block races, the race's times are those that passed`, async () => {
      const relay = new Relay();
      relay.push();
      await relay.time.pass(20);
      relay.time.setClock(byMs);
      await relay.time.pass(5);
      relay.answer();
      await relay.pass(4_000);
      const [verdict] = relay.verdicts;
      assert.equal(verdict?.outcome, 'delivered');
      assert.deepEqual([verdict?.firstMs, verdict?.lastMs], [25, 25]);
      assert.ok((verdict?.rpc?.ms ?? -1) >= 0 && (verdict?.rpc?.ms ?? -1) < 4_000);
    });

    it(`${what}, what is reported and noted afterwards is dated by it`, async () => {
      const relay = new Relay();
      await relay.pass(70_000);
      const startedAt = relay.view.startedAt;
      relay.time.setClock(byMs);
      const now = relay.time.clock.now();
      relay.push();
      await relay.pass(70_000);
      const [received] = relay.events;
      assert.deepEqual([received?.type, received?.at], ['received', now]);
      for (const host of HOSTS) assert.ok((relay.book.get(`${host}:1`)?.lastSeen ?? 0) - now > 0);
      for (const host of HOSTS) assert.ok((relay.book.get(`${host}:1`)?.lastSeen ?? 0) - now <= 70_000);
      assert.equal(startedAt, START);
      assert.equal(relay.view.startedAt, START + byMs);
    });

    it(`${what}, a new connection's version message has its time`, async () => {
      const relay = new Relay();
      relay.time.setClock(byMs);
      const net = new FakeNet();
      gather(
        createConnections({
          context: { ...context(), wallClock: () => relay.time.clock.now() },
          dial: net.dial,
          clock: relay.time.clock,
          scheduler: relay.time.scheduler,
          nextTurn: setImmediate,
          protectedPeer: target('10.0.0.3'),
          targets$: new BehaviorSubject<readonly Target[]>([]),
        }).events$,
      );
      net.to('10.0.0.3').open();
      const [version] = net.to('10.0.0.3').heard;
      assert.equal(version?.command === 'version' && Number(version.time), Math.floor((START + byMs) / 1_000));
    });
  }
});

describe('when the process is stopped for hours and goes on', () => {
  it('no peer is dropped for a pong that it could not hear, and the round trip is not hours', async () => {
    const relay = new Relay();
    // The keep-alive ping is on its way, and so is the block's.
    await relay.time.pass(60_000);
    relay.push();
    relay.time.stop(7 * HOUR_MS);
    await relay.time.pass(2_000);
    assert.deepEqual(relay.lost, []);
    await relay.pass(30_000);
    assert.deepEqual(relay.lost, []);
    const roundTrips = relay.news.flatMap(({ event }) => (event.type === 'round-trip' ? [event.ms] : []));
    assert.ok(roundTrips.length > 0 && Math.max(...roundTrips) < 10_000, `${roundTrips}`);
  });

  it('a peer that stays silent is dropped as soon as any other', async () => {
    const relay = new Relay();
    await relay.time.pass(61_000);
    relay.time.stop(7 * HOUR_MS);
    await relay.time.pass(31_000);
    assert.deepEqual(
      relay.lost.map(({ event }) => event.type === 'lost' && event.fault.code),
      ['no-pong', 'no-pong'],
    );
  });
});
