import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BehaviorSubject } from 'rxjs';
import type { RelayEvent } from '../../../src/contracts/events.js';
import type { BlockPropagation, WitnessEvent } from '../../../src/contracts/propagation.js';
import { PeerBook } from '../../../src/peers/book.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { connectionTable, createConnections } from '../../../src/streams/connections/connections.js';
import { WitnessConnections } from '../../../src/streams/peering/witness-connections.js';
import { WitnessFigures } from '../../../src/streams/peering/witness-figures.js';
import { MINUTE_MS, SECOND_MS } from '../../../src/time.js';
import { INV } from '../../../src/wire/inventory.js';
import { address } from '../../peers/support.js';
import { context, counting, hashOf } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from '../connections/fake-net.js';
import { pushable } from '../connections/support.js';

const KNOWN = 30;
const SLICE_MS = 5 * SECOND_MS;
const host = (n: number) => `77.${n}.0.1`;

/** Witnesses beside a broadcast of as many peers as the test wants, wired as the relay does. */
class Under {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly book: PeerBook;
  readonly members = new Set<string>();
  readonly table = connectionTable();
  readonly broadcast$ = new BehaviorSubject<readonly Target[]>([]);
  readonly witnesses: WitnessConnections;
  readonly figures: WitnessFigures;
  readonly connections;
  readonly news: WitnessEvent[] = [];
  readonly blocks: BlockPropagation[] = [];
  readonly result;

  constructor(max: number, known = KNOWN) {
    const { time, net, table, broadcast$ } = this;
    this.book = new PeerBook('mainnet', counting());
    for (let n = 0; n < known; n += 1) this.book.hear(address(`${host(n)}:9999`), 'dashd', time.clock.now());
    const others = connectionTable();
    const targets = () => new Set(broadcast$.value.map(({ peer }) => peer));
    this.witnesses = new WitnessConnections({
      book: this.book,
      max,
      others,
      broadcast: { max: 20, targets, dashdPeers: () => new Set() },
      isMember: (peer) => this.members.has(peer),
      isLocal: false,
      country: () => undefined,
      clock: time.clock,
      random: counting(),
      scheduler: time.scheduler,
    });
    this.figures = new WitnessFigures({
      witnesses: () =>
        [...table.live.values()].map(({ target, since }) => ({ peer: target.peer, since: since.monotonicAt })),
      roundTripOf: () => 0,
      heightOf: () => 7,
      useless: (peer, { code }) => this.witnesses.replace(peer, code, 'why'),
      clock: time.clock,
      scheduler: time.scheduler,
    });
    this.connections = createConnections({
      table: others,
      context: context(),
      dial: net.dial,
      clock: time.clock,
      scheduler: time.scheduler,
      nextTurn: setImmediate,
      protectedPeer: undefined,
      targets$: broadcast$,
      witnesses: { targets$: this.witnesses.targets$, table, tip: () => hashOf(900) },
    });
    this.witnesses.events$.subscribe((event) => this.news.push(event));
    this.figures.events$.subscribe((event) => this.blocks.push(event));
    this.result = gather(this.connections.events$);
    this.connections.events$.subscribe((news) => {
      this.figures.notePeer(news);
      if (news.target.witness === true) this.witnesses.notePeer(news);
    });
  }

  /** The broadcast has these peers, and says so. */
  broadcast(count: number): void {
    const targets = Array.from({ length: count }, (_, n) => ({ peer: `${host(n)}:9999`, host: host(n), port: 9_999 }));
    this.broadcast$.next(targets.map((one) => ({ ...one, protected: false })));
    this.witnesses.notePlan();
  }

  /** Time passes, and all dials and pings are answered. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= SLICE_MS) {
      await this.time.pass(Math.min(left, SLICE_MS));
      for (const socket of this.net.sockets) {
        if (socket.destroyed) continue;
        if (socket.heard.length === 0) socket.shakeHands();
        socket.pongs();
      }
    }
  }

  get names(): string[] {
    return [...this.table.live.keys()];
  }

  announce(peer: string, hash: string): void {
    this.net.to(peer.replace(/:\d+$/, '')).says({ command: 'inv', items: [{ type: INV.block, hash }] });
  }

  event(event: Pick<RelayEvent, 'type'> & { readonly hash: string }): void {
    this.figures.noteEvent({ at: this.time.clock.now(), ...event } as RelayEvent);
  }
}

describe('witnesses', () => {
  it('are chosen once the broadcast has its peers, and none before that', async () => {
    const under = new Under(5);
    await under.pass(10 * MINUTE_MS);
    assert.equal(under.net.sockets.length, 0);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    assert.equal(under.names.length, 5);
    assert.ok(under.names.every((peer) => !under.broadcast$.value.some((one) => one.peer === peer)));
    assert.deepEqual(
      under.news.map(({ state, code }) => [state, code]),
      Array.from({ length: 5 }, () => ['connected', 'chosen']),
    );
  });

  it('are in no table of peers, and written nothing of a block, whoever it is pushed to', async () => {
    const under = new Under(5);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    assert.equal(under.connections.live.size, 20);
    const pushed = pushable(1);
    for (const audience of ['all', 'others', new Set(under.names)] as const) under.connections.push(pushed, audience)();
    for (const peer of under.names) {
      const { heard } = under.net.to(peer.replace(/:\d+$/, ''));
      assert.ok(!heard.some(({ command }) => command === 'block' || command === 'cmpctblock'));
      assert.ok(heard.some((message) => message.command === 'sendcmpct' && message.highBandwidth));
    }
    assert.ok(under.net.to(host(0)).heard.some(({ command }) => command === 'block'));
  });

  it('stay while others are lost, and one that is lost is replaced by another', async () => {
    const under = new Under(5);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    const before = under.names;
    const lost = before[1] ?? '';
    under.net.to(lost.replace(/:\d+$/, '')).close();
    await under.pass(2 * SECOND_MS);
    assert.equal(under.names.length, 5);
    assert.ok(!under.names.includes(lost));
    assert.deepEqual(
      before.filter((peer) => peer !== lost),
      under.names.slice(0, 4),
    );
    assert.deepEqual(
      under.news.filter(({ state }) => state === 'lost').map(({ peer, code }) => [peer, code]),
      [[lost, 'disconnected']],
    );
  });

  it('give way to a quorum, and to a broadcast that lacks peers', async () => {
    const under = new Under(5);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    const [member = ''] = under.names;
    under.members.add(member);
    under.witnesses.noteQuorums();
    await under.pass(2 * SECOND_MS);
    assert.ok(!under.names.includes(member));
    assert.deepEqual(under.news.find(({ state }) => state === 'lost')?.code, 'quorum-member');
    under.broadcast(0);
    await under.pass(2 * SECOND_MS);
    assert.equal(under.names.length, 5, '25 others are free');
    for (let n = 0; n < 20; n += 1) under.book.exclude(`${host(n)}:9999`);
    under.broadcast(0);
    await under.pass(2 * SECOND_MS);
    assert.equal(under.names.length, 0);
    assert.ok(under.news.some(({ code }) => code === 'broadcast'));
  });

  it('judge a block that dashd has, and what nobody else knows costs one its place', async () => {
    const under = new Under(5);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    const { names } = under;
    await under.pass(SECOND_MS);
    under.event({ type: 'received', source: 'pool', hash: hashOf(1) } as never);
    for (const peer of names.slice(0, 4)) {
      await under.time.pass(100);
      under.announce(peer, hashOf(1));
    }
    under.event({
      type: 'verdict',
      source: 'pool',
      hash: hashOf(1),
      height: 7,
      rpc: { outcome: 'accepted', ms: 1 },
    } as never);
    await under.pass(9 * SECOND_MS);
    assert.equal(under.blocks.length, 0);
    await under.pass(2 * SECOND_MS);
    const [block, ...more] = under.blocks;
    assert.deepEqual(
      [block?.own, block?.height, block?.witnesses, block?.seen, block?.medianMs, more],
      [true, 7, 5, 4, 300, []],
    );
    const { own, others, recent } = under.figures.figures();
    assert.deepEqual([own, others, recent.length], [{ blocks: 1, medianMs: 300 }, { blocks: 0 }, 1]);

    const [liar = ''] = names;
    for (let n = 0; n < 8; n += 1) under.announce(liar, hashOf(5_000 + n));
    await under.pass(MINUTE_MS + 2 * SECOND_MS);
    assert.ok(!under.names.includes(liar));
    assert.equal(under.news.findLast(({ peer }) => peer === liar)?.code, 'unknown-blocks');
  });

  it('judge no block that dashd rejected, or that is sent later than it was found', async () => {
    const under = new Under(3);
    under.broadcast(20);
    await under.pass(2 * SECOND_MS);
    under.event({ type: 'received', source: 'pool', hash: hashOf(1) } as never);
    under.event({ type: 'received', source: 'pool', hash: hashOf(2), late: 'recovered' } as never);
    for (const peer of under.names) for (const n of [1, 2]) under.announce(peer, hashOf(n));
    under.event({ type: 'verdict', source: 'pool', hash: hashOf(1), rpc: { outcome: 'rejected', ms: 1 } } as never);
    under.event({ type: 'tip', hash: hashOf(2), source: 'feed' } as never);
    await under.pass(2 * MINUTE_MS);
    assert.deepEqual(under.blocks, []);
  });
});
