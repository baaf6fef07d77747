/** Blocks that do not fit the chain they want to join: who sees them, and what is left of them. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { of } from 'rxjs';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import type { Broadcaster } from '../../../src/streams/broadcast/broadcast.js';
import { type Arrival, Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { RecentStore } from '../../../src/streams/broadcast/recent.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import { createConnections } from '../../../src/streams/connections/connections.js';
import { NETWORKS, type Network } from '../../../src/wire/network.js';
import { buildCoinbase, buildPayment, buildTx, mineBlock, NULL_OUTPOINT } from '../../block/support.js';
import { counting } from '../../session/support.js';
import { Time } from '../../support/virtual-time.js';
import { TRIVIAL_BLOCKS } from '../../vectors/block/trivial.js';
import { FakeNet } from '../connections/fake-net.js';
import { answer, FakeRpc, later, UNREACHABLE } from '../dashd/fake-rpc.js';
import { newBroadcaster } from './support.js';

const PARENT = '11'.repeat(32);
const HEIGHT = 999;
/** What mainnet's headers claim nowadays is about this. */
const USUAL_BITS = 0x1932_0000;
/** Mainnet's parameters, in frames that the fake peers can read. */
const MAINNET: Network = { ...NETWORKS.mainnet, magic: NETWORKS.regtest.magic };
const CLAIMS_EVERYTHING = 0x7fff_ffff;

const hashOf = (raw: Buffer) => hashHeader(raw.subarray(0, 80));

/** On the parent, and with a claim of its own. */
function claiming(height: number, time = 1_790_000_000): Buffer {
  const payload = Buffer.alloc(70);
  payload.writeInt32LE(height, 2);
  const inputs = [{ outpoint: NULL_OUTPOINT, script: Buffer.from('02e80300', 'hex'), sequence: 0 }];
  return mineBlock({ previous: PARENT, time, transactions: [buildTx({ version: 3, type: 5, inputs, payload })] });
}

class BroadcasterUnderTest {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly tip = new ChainTip();
  readonly recent = new RecentStore();
  readonly gate: Gatekeeper;
  readonly broadcaster: Broadcaster;

  constructor(network: Network, known = true) {
    const { time, net, rpc, tip, recent } = this;
    const { clock, scheduler } = time;
    this.gate = new Gatekeeper(network, tip, clock);
    const target = (host: string) => ({ host, port: 1, peer: `${host}:1`, protected: host === 'dashd' });
    const connections = createConnections({
      context: {
        network,
        userAgent: '',
        height: () => tip.height,
        wallClock: () => clock.now(),
        random: counting(),
        recent,
        hashHeader,
      },
      dial: net.dial,
      clock,
      scheduler,
      nextTurn: setImmediate,
      protectedPeer: target('dashd'),
      targets$: of(['a', 'b'].map(target)),
    });
    this.broadcaster = newBroadcaster({ network, connections, rpc, recent, tip, clock, scheduler });
    connections.events$.subscribe((news) => this.broadcaster.onPeer(news));
    for (const host of ['dashd', 'a', 'b']) net.to(host).shakeHands(HEIGHT);
    if (!known) return;
    const bits = network.name === 'mainnet' ? USUAL_BITS : 0x207f_ffff;
    tip.see(PARENT, '00'.repeat(32), HEIGHT, { time: 1_789_999_990, bits });
    tip.move(PARENT);
  }

  async fromPool(raw: Buffer, reply: RpcAnswer | Promise<RpcAnswer>): Promise<Arrival> {
    this.rpc.replies.set('submitblock', reply);
    const admission = this.gate.fromPool([raw]);
    assert.ok(admission.type === 'block', admission.type);
    this.broadcaster.send(admission);
    await this.time.pass(0);
    return admission;
  }

  get sent(): number {
    return ['dashd', 'a', 'b'].flatMap((host) => this.net.to(host).blocks).length;
  }
}

const codes = ({ doubts }: Arrival) => doubts.map(({ code }) => code);

describe('a block of trivial work, by the parameters of mainnet', () => {
  before(() => loadX11());
  const [first, child, liar] = TRIVIAL_BLOCKS.map((hex) => Buffer.from(hex, 'hex'));
  assert.ok(first && child && liar);

  for (const [known, what] of [
    [true, 'on a known parent'],
    [false, 'while nothing is known of the chain'],
  ] as const) {
    it(`is with dashd alone ${what}, whatever keeps dashd from answering, and leaves no trace`, async () => {
      const relay = new BroadcasterUnderTest(MAINNET, known);
      const { hash, height } = relay.tip;
      for (const raw of [first, child, liar]) {
        const reply = later();
        assert.ok(codes(await relay.fromPool(raw, reply.answer)).includes('target'));
        assert.equal(relay.sent, 0);
        reply.give(raw === child ? UNREACHABLE : answer('bad-diffbits'));
        await relay.time.pass(500);
        assert.equal(relay.sent, 0);
        assert.deepEqual([relay.tip.hash, relay.tip.height], [hash, height]);
        assert.equal(relay.tip.knows(hashOf(raw)), false);
        assert.equal(relay.recent.get(hashOf(raw)), undefined);
      }
    });
  }

  it('goes out once dashd has taken it: the doubt may be a misunderstanding of ours', async () => {
    const relay = new BroadcasterUnderTest(MAINNET);
    await relay.fromPool(first, answer(null));
    assert.equal(relay.sent, 3);
    assert.equal(relay.tip.height, HEIGHT + 1);
  });

  it('is no cause for another to be believed: each of a chain is doubted', async () => {
    const relay = new BroadcasterUnderTest(MAINNET);
    await relay.fromPool(first, UNREACHABLE);
    assert.deepEqual(codes(await relay.fromPool(child, UNREACHABLE)), ['target', 'parent']);
    assert.equal(relay.sent, 0);
  });
});

describe('a block that claims a height', () => {
  before(() => loadX11());

  for (const height of [CLAIMS_EVERYTHING, HEIGHT + 2, HEIGHT, 0]) {
    it(`of ${height}, while its parent's is ${HEIGHT}, is with dashd alone, and no peer is behind for it`, async () => {
      const relay = new BroadcasterUnderTest(NETWORKS.regtest);
      const reply = later();
      const arrival = await relay.fromPool(claiming(height), reply.answer);
      assert.deepEqual([codes(arrival), arrival.block.height], [['height'], HEIGHT + 1]);
      reply.give(answer('bad-cb-height'));
      await relay.time.pass(0);
      assert.deepEqual([relay.sent, relay.tip.height, relay.tip.hash], [0, HEIGHT, PARENT]);
    });
  }

  it('is not believed where its parent is unknown', async () => {
    const relay = new BroadcasterUnderTest(NETWORKS.regtest, false);
    await relay.fromPool(claiming(CLAIMS_EVERYTHING), UNREACHABLE);
    assert.equal(relay.sent, 3, 'the peers are all there is');
    assert.equal(relay.tip.height, 0);
  });

  it('that fits goes out at once; refused by dashd later, it leaves nothing to build on or to serve', async () => {
    const relay = new BroadcasterUnderTest(NETWORKS.regtest);
    const raw = claiming(HEIGHT + 1);
    const reply = later();
    await relay.fromPool(raw, reply.answer);
    const child = mineBlock({ previous: hashOf(raw), transactions: [buildCoinbase(Buffer.from('02e90300', 'hex'))] });
    await relay.fromPool(child, answer('bad-prevblk'));
    assert.equal(relay.tip.height, HEIGHT + 1, 'the child is gone');
    reply.give(answer('bad-txns'));
    await relay.time.pass(0);
    assert.deepEqual([relay.tip.hash, relay.tip.height], [PARENT, HEIGHT]);
    for (const hash of [raw, child].map(hashOf)) {
      assert.deepEqual([relay.tip.knows(hash), relay.recent.get(hash)], [false, undefined]);
    }
    assert.deepEqual(relay.recent.headersAfter([PARENT], ''), []);
  });

  it('keeps what dashd only lacked the parent of', async () => {
    const relay = new BroadcasterUnderTest(NETWORKS.regtest);
    const raw = claiming(HEIGHT + 1);
    await relay.fromPool(raw, answer('prev-blk-not-found'));
    assert.equal(relay.tip.hash, hashOf(raw));
  });
});

describe('many bodies under one header', () => {
  before(() => loadX11());

  it('are looked at four times, sent to dashd sixteen times, each once; then refused', () => {
    let looks = 0;
    const transactions = [buildCoinbase(), buildPayment(200, 1)];
    const raw = mineBlock({ previous: PARENT, transactions });
    const gate = new Gatekeeper(NETWORKS.regtest, new ChainTip(), new Time().clock, (block) => {
      looks += 1;
      return { kind: 'block', block, doubts: [{ code: 'merkle-root', reason: 'another one' }] };
    });
    const seen = Array.from({ length: 20 }, (_, i) => {
      const body = Buffer.from(raw);
      body.writeUInt8(i, body.length - 1);
      return [gate.fromPool([body]).type, gate.fromPool([body]).type].join();
    });
    assert.deepEqual(seen, [...Array(16).fill('block,repeated'), ...Array(4).fill('refused,refused')]);
    assert.equal(looks, 4);
    assert.equal(gate.has(hashOf(raw)), false);
    gate.fromFeed(raw);
    assert.equal(gate.has(hashOf(raw)), true, 'what dashd says counts all the same');
    assert.equal(gate.fromPool([raw]).type, 'repeated');
  });
});
