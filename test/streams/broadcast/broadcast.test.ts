import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { BehaviorSubject, config } from 'rxjs';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import type { BlockEvent, BlockProof, BlockVerdict } from '../../../src/contracts/events.js';
import { Broadcaster } from '../../../src/streams/broadcast/broadcast.js';
import { Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { RecentStore } from '../../../src/streams/broadcast/recent.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { createPool } from '../../../src/streams/connections/connections.js';
import type { RpcAnswer } from '../../../src/streams/ports.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { buildCoinbase, mineBlock } from '../../block/support.js';
import { counting, HEIGHT } from '../../session/support.js';
import { answer, FakeNet, FakeRpc, type FakeSocket, inTurn, later, Time, UNREACHABLE } from '../support.js';

const network = NETWORKS.regtest;
const PARENT = '11'.repeat(32);
const FRESH_MS = 600_000;

const target = (host: string): Target => ({ host, port: 1, peer: `${host}:1`, protected: host === 'dashd' });
const hashOf = (raw: Buffer) => hashHeader(raw.subarray(0, 80));
let mined = 0;

/** A new block at height 1,000 unless told otherwise, on a parent. */
function mine(previous = PARENT, height = HEIGHT): Buffer {
  mined += 1;
  const script = Buffer.from([2, height & 0xff, height >> 8, 0]);
  return mineBlock({ previous, time: 1_790_000_000 + mined, transactions: [buildCoinbase(script)] });
}

function mineChain(length: number): Buffer[] {
  let parent = PARENT;
  return Array.from({ length }, (_, i) => {
    const raw = mine(parent, HEIGHT + i);
    parent = hashOf(raw);
    return raw;
  });
}

/** The same header, another body. */
function changed(raw: Buffer): Buffer {
  const copy = Buffer.from(raw);
  copy.writeUInt8(copy.readUInt8(copy.length - 5) ^ 1, copy.length - 5);
  return copy;
}

/** A relay without its adapters: dashd and some peers, all of them live, and the chain's tip known. */
class RelayUnderTest {
  readonly time = new Time();
  /** What was done and told, in order. */
  readonly log: string[] = [];
  readonly net = new FakeNet((host, command) => this.log.push(`${command} to ${host}`));
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly tip = new ChainTip();
  readonly recent = new RecentStore();
  readonly gate = new Gatekeeper(network, this.tip, this.time.clock);
  readonly broadcaster: Broadcaster;
  readonly events: BlockEvent[] = [];
  ended = false;
  private readonly targets$ = new BehaviorSubject<readonly Target[]>([]);
  private readonly idle: number;

  constructor(hosts: readonly string[] = ['a', 'b'], fallback = true) {
    const { time, net, rpc, tip, recent } = this;
    const { clock, scheduler } = time;
    const pool = createPool({
      context: { network, userAgent: '', wallClock: () => 0, height: () => 0, random: counting(), recent, hashHeader },
      dial: net.dial,
      clock,
      scheduler,
      protectedPeer: target('dashd'),
      targets$: this.targets$,
    });
    this.broadcaster = new Broadcaster({ network, pool, rpc, recent, tip, clock, scheduler, fallback });
    this.broadcaster.events$.subscribe({
      next: (event) => {
        this.log.push(event.type);
        this.events.push(event);
      },
      complete: () => {
        this.ended = true;
      },
    });
    pool.events$.subscribe((news) => this.broadcaster.onPeer(news));
    tip.see(PARENT, '00'.repeat(32), HEIGHT - 1);
    tip.move(PARENT);
    rpc.replies.set('submitblock', (raw) => {
      this.log.push('submitblock');
      return this.submission(raw as Buffer);
    });
    net.to('dashd').shakeHands();
    this.join(...hosts);
    this.idle = time.pending;
    this.log.splice(0);
  }

  /** How dashd answers `submitblock`. */
  submission: (raw: Buffer) => RpcAnswer | Promise<RpcAnswer> = () => answer(null);

  /** Timers beside those of the pool. */
  get pending(): number {
    return this.time.pending - this.idle;
  }

  /** New peers, at a height, that have just shaken hands. */
  join(...hosts: readonly string[]): void {
    this.joinAt(HEIGHT - 1, ...hosts);
  }

  joinAt(height: number, ...hosts: readonly string[]): void {
    this.targets$.next([...this.targets$.value, ...hosts.map(target)]);
    for (const host of hosts) this.peer(host).shakeHands(height);
  }

  peer(host: string): FakeSocket {
    return this.net.to(host);
  }

  get peers(): FakeSocket[] {
    return ['dashd', ...this.targets$.value.map(({ host }) => host)].map((host) => this.peer(host));
  }

  /** @param ask as a block comes that its submitter offers to dashd through us */
  fromPool(raw: Buffer, ask?: () => Promise<RpcAnswer>): number {
    const admission = this.gate.fromPool([raw]);
    assert.ok(admission.type === 'block', JSON.stringify(admission));
    return this.broadcaster.send(admission, ask);
  }

  fromFeed(raw: Buffer): void {
    const admission = this.gate.fromFeed(raw);
    assert.ok(admission?.type === 'block', JSON.stringify(admission));
    this.broadcaster.send(admission);
  }

  /** The peer answers the pings behind what it was sent, and then tells of the block. */
  announces(host: string, raw: Buffer): void {
    this.peer(host).pongs();
    this.peer(host).says({ command: 'inv', items: [{ type: INV.block, hash: hashOf(raw) }] });
  }

  /** How many blocks each peer was sent, in the order of `peers`. */
  get sent(): number[] {
    return this.peers.map(({ blocks }) => blocks.length);
  }

  proofs(host: string): string[] {
    return this.events
      .filter((event): event is BlockProof => event.type === 'proof' && event.peer === `${host}:1`)
      .map(({ status, reason }) => (reason === undefined ? status : `${status}: ${reason}`));
  }

  /** The verdicts on a block: outcome, reached of tried, dashd's answer. */
  verdicts(raw: Buffer): string[] {
    return this.events
      .filter((event): event is BlockVerdict => event.type === 'verdict' && event.hash === hashOf(raw))
      .map(
        ({ outcome, peersReached, peersTried, rpc }) =>
          `${outcome} ${peersReached}/${peersTried} ${rpc?.outcome ?? 'silent'}`,
      );
  }
}

before(() => loadX11());

describe('a block without doubt', () => {
  it('is with all sockets, then with dashd over RPC, then told of, all in one turn', () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    assert.deepEqual(relay.log, [
      ...['block to dashd', 'block to a', 'block to b', 'submitblock'],
      ...['getheaders to dashd', 'ping to dashd', 'getheaders to a', 'ping to a', 'getheaders to b', 'ping to b'],
      'received',
    ]);
    for (const peer of relay.peers) assert.deepEqual(peer.blocks, [raw]);
    assert.deepEqual(relay.events, [
      {
        type: 'received',
        at: relay.time.clock.now(),
        hash: hashOf(raw),
        source: 'pool',
        size: raw.length,
        height: HEIGHT,
        transactions: 1,
        gateMs: 0,
      },
    ]);
    assert.equal(relay.tip.hash, hashOf(raw));
  });

  it('is followed to the last proof, then judged', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    for (const peer of relay.peers) peer.drain();
    await relay.time.pass(2);
    relay.peer('dashd').pong();
    await relay.time.pass(3);
    relay.peer('a').pong();
    relay.announces('dashd', raw);
    relay.peer('b').close();
    assert.deepEqual(relay.verdicts(raw), []);
    await relay.time.pass(5);
    relay.peer('a').says({ command: 'headers', headers: [raw.subarray(0, 80)] });
    assert.deepEqual(relay.proofs('dashd'), ['written', 'acknowledged', 'accepted']);
    assert.deepEqual(relay.proofs('a'), ['written', 'acknowledged', 'accepted']);
    assert.deepEqual(relay.proofs('b'), ['written', 'failed: closed by peer']);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/3 accepted']);
    const verdict = relay.events.at(-1);
    assert.ok(verdict?.type === 'verdict');
    assert.deepEqual([verdict.firstMs, verdict.lastMs, verdict.accepted, verdict.failed], [2, 5, 2, 1]);
  });

  it('is judged after three seconds at the latest', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    await relay.time.pass(2_999);
    assert.deepEqual(relay.verdicts(raw), []);
    await relay.time.pass(1);
    assert.deepEqual(relay.verdicts(raw), ['local only 0/3 accepted']);
  });

  it('has failed where dashd alone took it and that is not to be enough', async () => {
    const relay = new RelayUnderTest([], false);
    const raw = mine();
    relay.fromPool(raw);
    relay.announces('dashd', raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.verdicts(raw), ['failed 1/1 accepted']);
  });

  it('is not sent to those who announced it', () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.announces('a', raw);
    relay.fromPool(raw);
    assert.deepEqual(relay.sent, [1, 0, 1]);
    assert.deepEqual(relay.proofs('a'), ['already had']);
  });

  it('is told of in order when many come in rapid succession, and each has its verdict', async () => {
    const relay = new RelayUnderTest();
    const blocks = mineChain(100);
    for (const raw of blocks) relay.fromPool(raw);
    for (const host of ['dashd', 'a', 'b']) for (const raw of blocks) relay.announces(host, raw);
    for (const peer of relay.peers) assert.deepEqual(peer.blocks, blocks);
    await relay.time.pass(0);
    for (const raw of blocks) assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
    assert.equal(relay.tip.hash, hashOf(blocks.at(-1) ?? Buffer.alloc(80)));
  });

  it('reaches the others and dashd although the code for one peer throws', async () => {
    const relay = new RelayUnderTest();
    relay.peer('dashd').write = () => {
      throw new Error('a bug');
    };
    const { onUnhandledError } = config;
    const reported = new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    try {
      relay.fromPool(mine());
      await reported;
    } finally {
      config.onUnhandledError = onUnhandledError;
    }
    assert.deepEqual(relay.log, [
      ...['block to a', 'block to b', 'submitblock'],
      ...['getheaders to a', 'ping to a', 'getheaders to b', 'ping to b', 'received'],
    ]);
  });

  it('is offered to a dashd that is not there until it is', async () => {
    const relay = new RelayUnderTest();
    relay.submission = inTurn(UNREACHABLE, UNREACHABLE, answer('duplicate'));
    const raw = mine();
    relay.fromPool(raw);
    for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
    await relay.time.pass(60_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 duplicate']);
    assert.deepEqual(relay.rpc.times('submitblock'), [0, 1_000, 2_000]);
  });
});

describe('a block in doubt', () => {
  it('is with dashd alone until dashd has taken it, then with all peers, before that is told', async () => {
    const relay = new RelayUnderTest();
    const raw = mine().subarray(0, -1);
    const reply = later();
    relay.submission = () => reply.answer;
    relay.fromPool(raw);
    await relay.time.pass(100);
    assert.deepEqual(relay.log, ['submitblock', 'received']);
    const received = relay.events[0];
    assert.ok(received?.type === 'received');
    assert.equal(received.held?.length, 1);
    assert.equal(relay.tip.hash, PARENT, 'it is no tip yet');
    reply.give(answer(null));
    await relay.time.pass(0);
    assert.deepEqual(relay.log.slice(2), [
      ...['block to dashd', 'block to a', 'block to b'],
      ...['getheaders to dashd', 'ping to dashd', 'getheaders to a', 'ping to a', 'getheaders to b', 'ping to b'],
    ]);
    assert.equal(relay.tip.hash, hashOf(raw));
    for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
  });

  it('goes out as dashd publishes it, before dashd has answered, and the verdict is its own', async () => {
    const relay = new RelayUnderTest();
    const reply = later();
    relay.submission = () => reply.answer;
    const raw = mine();
    relay.fromPool(Buffer.concat([raw, Buffer.of(1)]));
    assert.deepEqual(relay.sent, [0, 0, 0], 'a byte behind the block is a doubt');
    relay.fromFeed(raw);
    assert.deepEqual(relay.sent, [0, 1, 1], 'dashd is not told its own news');
    for (const host of ['a', 'b']) relay.announces(host, raw);
    reply.give(answer(null));
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 accepted']);
    assert.deepEqual(
      relay.events.flatMap((event) => (event.type === 'received' ? [event.source] : [])),
      ['pool'],
    );
    assert.deepEqual(relay.recent.get(hashOf(raw))?.frame.subarray(24), raw, 'that is what is served');
  });

  it('does not leave its body to be served when the right one comes under its header', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.submission = (given) => answer(given.equals(raw) ? null : 'bad-txnmrklroot');
    relay.fromPool(changed(raw));
    await relay.time.pass(0);
    relay.fromPool(raw);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.deepEqual(relay.recent.get(hashOf(raw))?.frame.subarray(24), raw);
  });

  it('is seen by no peer when dashd refuses it', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => answer('bad-txnmrklroot');
    const raw = changed(mine());
    relay.fromPool(raw);
    await relay.time.pass(FRESH_MS);
    assert.deepEqual(relay.sent, [0, 0, 0]);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected']);
    assert.equal(relay.recent.get(hashOf(raw)), undefined, 'nor served');
  });

  it('is seen by no peer while dashd is silent, nor once it says that it knows such a header', async () => {
    const relay = new RelayUnderTest();
    relay.submission = inTurn(UNREACHABLE, UNREACHABLE, answer('duplicate'));
    const raw = changed(mine());
    relay.fromPool(raw);
    await relay.time.pass(FRESH_MS);
    assert.deepEqual(relay.sent, [0, 0, 0]);
    assert.deepEqual(relay.verdicts(raw), ['local only 0/0 duplicate']);
  });

  it('goes out when dashd has stored it beside its chain', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => answer('inconclusive');
    relay.rpc.replies.set('getblockheader', answer({ confirmations: -1 }));
    relay.fromPool(mine().subarray(0, -1));
    await relay.time.pass(0);
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it('goes out once, whatever dashd says further', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => answer('inconclusive');
    relay.rpc.replies.set('getblockheader', inTurn(answer({ confirmations: -1 }), answer({ confirmations: 1 })));
    relay.fromPool(mine().subarray(0, -1));
    await relay.time.pass(10_000);
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it('does not take the tip back when another body under its header has gone out meanwhile', async () => {
    const relay = new RelayUnderTest();
    const reply = later();
    relay.submission = (raw) => (raw === broken ? reply.answer : answer(null));
    const raw = mine();
    const broken = changed(raw);
    relay.fromPool(broken);
    relay.fromPool(raw);
    for (const peer of relay.peers) assert.deepEqual(peer.blocks, [raw]);
    reply.give(answer('bad-txnmrklroot'));
    await relay.time.pass(0);
    assert.equal(relay.tip.hash, hashOf(raw));
    assert.equal(relay.tip.knows(hashOf(raw)), true);
  });
});

describe('a block with a request of its own to dashd', () => {
  /** A block whose submitter asks dashd itself, and dashd's answer to it, still to be given. */
  function asking(relay: RelayUnderTest, raw = mine()) {
    const reply = later();
    const peers = relay.fromPool(raw, () => {
      relay.log.push('their submitblock');
      process.nextTick(() => relay.log.push('its bytes'));
      return reply.answer;
    });
    return { raw, reply, peers };
  }

  it('is with the peers, then asked about, then told of, in one turn; dashd is neither asked by us nor sent it by the way', async () => {
    const relay = new RelayUnderTest();
    const { raw, reply, peers } = asking(relay);
    assert.deepEqual(relay.log, [
      ...['block to a', 'block to b', 'their submitblock'],
      ...['getheaders to a', 'ping to a', 'getheaders to b', 'ping to b'],
    ]);
    assert.equal(peers, 2);
    await relay.time.pass(0);
    assert.deepEqual(relay.log.slice(7), ['its bytes', 'received']);
    for (const host of ['a', 'b']) relay.announces(host, raw);
    await relay.time.pass(1_000);
    assert.deepEqual(relay.verdicts(raw), []);
    reply.give(answer(null));
    await relay.time.pass(FRESH_MS);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 accepted']);
    assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[0, 1, 1], []]);
  });

  it('is not sent to a dashd that comes meanwhile, but to one that comes later', async () => {
    const relay = new RelayUnderTest();
    relay.peer('dashd').close();
    const { reply } = asking(relay);
    await relay.time.pass(30_000);
    relay.peer('dashd').shakeHands();
    assert.deepEqual(relay.sent, [0, 1, 1]);
    reply.give(answer(null));
    await relay.time.pass(0);
    relay.peer('dashd').close();
    await relay.time.pass(30_000);
    relay.peer('dashd').shakeHands();
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it("is brought to dashd by P2P alone when dashd refuses its submitter's password, and to no peer when it was in doubt", async () => {
    const refusal = { ok: false, code: 'unauthorised', detail: 'dashd refused the user and password' } as const;
    const relay = new RelayUnderTest();
    const { reply } = asking(relay);
    reply.give(refusal);
    await relay.time.pass(5_000);
    assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[1, 1, 1], []]);
    const doubting = new RelayUnderTest();
    const doubted = asking(doubting, mine().subarray(0, -1));
    doubted.reply.give(refusal);
    await doubting.time.pass(FRESH_MS);
    assert.deepEqual([doubting.sent, doubting.rpc.times('submitblock')], [[0, 0, 0], []]);
  });

  for (const failure of [{ ok: false, code: 'timeout', detail: 'no word on it within 5 s' }, UNREACHABLE] as const) {
    it(`is brought to dashd by us, both ways and at once, when theirs brings no word: ${failure.code}`, async () => {
      const relay = new RelayUnderTest();
      const { raw, reply } = asking(relay);
      await relay.time.pass(40);
      reply.give(failure);
      await relay.time.pass(0);
      assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[1, 1, 1], [40]]);
      for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
      assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
    });
  }

  it('is not sent to dashd once more when dashd has refused it', async () => {
    const relay = new RelayUnderTest();
    const { reply } = asking(relay);
    reply.give(answer('bad-cb-amount'));
    await relay.time.pass(FRESH_MS);
    assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[0, 1, 1], []]);
  });

  it('waits for the answer to it when it is in doubt', async () => {
    const relay = new RelayUnderTest();
    const { reply, peers } = asking(relay, mine().subarray(0, -1));
    await relay.time.pass(0);
    assert.deepEqual(relay.log, ['their submitblock', 'its bytes', 'received']);
    assert.equal(peers, 0);
    reply.give(answer(null));
    await relay.time.pass(0);
    assert.deepEqual(relay.sent.slice(1), [1, 1]);
  });
});

describe('a block on a parent we do not know', () => {
  const stranger = () => mine('77'.repeat(32));

  for (const [word, goes] of [
    [null, true],
    ['duplicate', true],
    ['bad-cb', false],
    ['prev-blk-not-found', false],
  ] as const) {
    it(`${goes ? 'goes out' : 'is held back'} when dashd says ${word}`, async () => {
      const relay = new RelayUnderTest();
      relay.submission = () => answer(word);
      relay.fromPool(stranger());
      assert.deepEqual(relay.sent, [0, 0, 0]);
      await relay.time.pass(5_000);
      assert.deepEqual(relay.sent, goes ? [1, 1, 1] : [0, 0, 0]);
    });
  }

  it('goes out when dashd is silent: that is all there is against it', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => UNREACHABLE;
    const raw = stranger();
    relay.fromPool(raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    await relay.time.pass(10_000);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.deepEqual(relay.verdicts(raw), ['failed 0/3 unavailable']);
  });

  it('goes out when dashd has got the parent at last', async () => {
    const relay = new RelayUnderTest();
    relay.submission = inTurn(answer('prev-blk-not-found'), answer('prev-blk-not-found'), answer(null));
    const raw = stranger();
    relay.fromPool(raw);
    await relay.time.pass(1_999);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected']);
    await relay.time.pass(1);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected', 'local only 0/3 accepted']);
  });
});

describe("a block of dashd's feed", () => {
  it('goes to the peers that do not have it; neither back to dashd nor over RPC', () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.announces('a', raw);
    relay.fromFeed(raw);
    assert.deepEqual(relay.sent, [0, 0, 1]);
    assert.deepEqual(relay.proofs('a'), ['already had']);
    assert.deepEqual(relay.rpc.calls, []);
    assert.deepEqual(relay.proofs('dashd'), []);
  });

  it('is judged by the peers alone', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.fromFeed(raw);
    relay.peer('b').pong();
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 1/2 silent']);
  });

  it('that every peer had before is delivered, not lost', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    for (const host of ['a', 'b']) relay.announces(host, raw);
    relay.fromFeed(raw);
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 silent']);
  });

  it('is with dashd at least, where there are no peers', async () => {
    const relay = new RelayUnderTest([]);
    const raw = mine();
    relay.fromFeed(raw);
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['local only 0/0 silent']);
  });
});

describe('a peer that comes late', () => {
  it('is given the chain that it may lack, in order: the first block, and the others once it has that', () => {
    const relay = new RelayUnderTest();
    const chain = mineChain(5);
    for (const raw of chain) relay.fromPool(raw);
    relay.join('late');
    assert.deepEqual(relay.peer('late').blocks, chain.slice(0, 1));
    relay.announces('late', chain[0] ?? assert.fail());
    assert.deepEqual(relay.peer('late').blocks, chain);
  });

  it('is not given what its height says that it is past, and what it has turns out by its answer', () => {
    const relay = new RelayUnderTest();
    const chain = mineChain(5);
    for (const raw of chain) relay.fromPool(raw);
    relay.joinAt(HEIGHT + 3, 'late');
    assert.deepEqual(relay.peer('late').blocks, chain.slice(3, 4));
    const headers = chain.slice(3).map((raw) => raw.subarray(0, 80));
    relay.peer('late').says({ command: 'headers', headers });
    relay.peer('late').pongs();
    const past = ['already had', 'already had', 'already had'];
    assert.deepEqual(relay.proofs('late'), ['already had', ...past, 'acknowledged', 'accepted']);
    assert.deepEqual(relay.peer('late').blocks, chain.slice(3, 4), 'the last one it has');
  });

  it('that is past our blocks is not sent them, and proves that it has them by the one that it is sent', async () => {
    const relay = new RelayUnderTest([]);
    const chain = mineChain(3);
    for (const raw of chain) relay.fromPool(raw);
    await relay.time.pass(3_000);
    relay.joinAt(HEIGHT + 2, 'past');
    assert.deepEqual(relay.peer('past').blocks, chain.slice(2));
    relay.announces('past', chain[2] ?? assert.fail());
    await relay.time.pass(0);
    assert.deepEqual(relay.proofs('past'), ['acknowledged', 'accepted', 'already had', 'already had']);
    for (const raw of chain) assert.match(relay.verdicts(raw).at(-1) ?? '', /^delivered 1\/2 accepted/);
  });

  it('is not given a child while it lacks the parent, and is told of as lacking it', async () => {
    const relay = new RelayUnderTest([]);
    const chain = mineChain(2);
    for (const raw of chain) relay.fromPool(raw);
    relay.announces('dashd', chain[0] ?? assert.fail());
    relay.announces('dashd', chain[1] ?? assert.fail());
    relay.join('late');
    relay.peer('late').says({ command: 'headers', headers: [] });
    relay.peer('late').pongs();
    await relay.time.pass(3_000);
    assert.deepEqual(relay.peer('late').blocks, chain.slice(0, 1));
    assert.deepEqual(relay.proofs('late'), ['failed: not-in-chain']);
    for (const raw of chain) assert.match(relay.verdicts(raw)[0] ?? '', /^local only 1\/. accepted/);
  });

  it('that gets the parent from elsewhere is given the child again', () => {
    const relay = new RelayUnderTest(['a']);
    const raw = mine();
    relay.fromPool(raw);
    relay.peer('a').says({ command: 'headers', headers: [] });
    relay.peer('a').pongs();
    assert.equal(relay.peer('a').blocks.length, 1);
    relay.peer('a').says({ command: 'inv', items: [{ type: INV.block, hash: PARENT }] });
    assert.deepEqual(relay.peer('a').blocks, [raw, raw]);
    relay.announces('a', raw);
    assert.deepEqual(relay.proofs('a'), ['failed: not-in-chain', 'acknowledged', 'accepted']);
  });

  it('counts in the verdict', async () => {
    const relay = new RelayUnderTest([]);
    const raw = mine();
    relay.fromPool(raw);
    relay.join('late');
    relay.announces('late', raw);
    relay.announces('dashd', raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 accepted']);
  });

  it('is given nothing when the block is no longer the tip, or no longer fresh', async () => {
    const overtaken = new RelayUnderTest();
    overtaken.fromPool(mine());
    overtaken.tip.move('99'.repeat(32));
    overtaken.join('late');
    assert.deepEqual(overtaken.peer('late').blocks, []);
    const stale = new RelayUnderTest();
    stale.fromPool(mine());
    await stale.time.pass(FRESH_MS - 1);
    stale.join('late');
    assert.equal(stale.peer('late').blocks.length, 1);
    await stale.time.pass(1);
    stale.join('later');
    assert.deepEqual(stale.peer('later').blocks, []);
  });

  it('is not given a block that is held back, until it is released', async () => {
    const relay = new RelayUnderTest();
    const raw = mine().subarray(0, -1);
    const reply = later();
    relay.submission = () => reply.answer;
    relay.fromPool(raw);
    relay.tip.move(hashOf(raw));
    relay.join('late');
    assert.deepEqual(relay.peer('late').blocks, []);
    reply.give(answer(null));
    await relay.time.pass(0);
    assert.deepEqual(relay.peer('late').blocks, [raw]);
  });

  it("is given the network's block only when its height says that it lacks it", () => {
    const relay = new RelayUnderTest();
    relay.fromFeed(mine());
    relay.joinAt(HEIGHT, 'level');
    relay.joinAt(HEIGHT - 1, 'behind');
    assert.deepEqual([relay.peer('level').blocks.length, relay.peer('behind').blocks.length], [0, 1]);
  });

  it('may be dashd itself: it is given our block, not its own', async () => {
    for (const [source, blocks] of [
      ['fromPool', 1],
      ['fromFeed', 0],
    ] as const) {
      const relay = new RelayUnderTest();
      relay.peer('dashd').close();
      relay[source](mine());
      await relay.time.pass(1_000);
      relay.peer('dashd').shakeHands(HEIGHT - 1);
      assert.equal(relay.peer('dashd').blocks.length, blocks);
    }
  });

  it('may be one that was lost in the middle of it, and has a new chance', async () => {
    const relay = new RelayUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    relay.peer('dashd').close('connection error');
    assert.deepEqual(relay.proofs('dashd'), ['failed: connection error']);
    await relay.time.pass(1_000);
    relay.peer('dashd').shakeHands(HEIGHT - 1);
    relay.peer('dashd').pong();
    assert.deepEqual(relay.proofs('dashd'), ['failed: connection error', 'acknowledged']);
  });
});

describe('the tip', () => {
  it('is what it was when dashd refuses a block that went out', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => answer('bad-cb-amount');
    const raw = mine();
    relay.fromPool(raw);
    assert.equal(relay.tip.hash, hashOf(raw));
    await relay.time.pass(0);
    assert.equal(relay.tip.hash, PARENT);
    assert.deepEqual(relay.verdicts(raw), []);
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/3 rejected']);
  });

  it('is not a rival of a block that the chain has grown past, though that goes out', () => {
    const relay = new RelayUnderTest();
    const [first, rival] = [mine(), mine()];
    relay.fromPool(first);
    relay.fromPool(rival);
    assert.deepEqual(relay.sent, [2, 2, 2]);
    assert.equal(relay.tip.hash, hashOf(first));
  });
});

describe('stopping', () => {
  it('waits for the verdicts that are due, and then for nothing', async () => {
    const relay = new RelayUnderTest();
    const reply = later();
    relay.submission = () => reply.answer;
    const raw = mine();
    relay.fromPool(raw);
    for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
    let stopped = false;
    const stop = relay.broadcaster.stop().then(() => {
      stopped = true;
    });
    await relay.time.pass(100);
    assert.deepEqual([stopped, relay.ended], [false, false]);
    reply.give(answer(null));
    await relay.time.pass(0);
    await stop;
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
    assert.equal(relay.ended, true);
    assert.equal(relay.pending, 0);
  });

  it('waits no longer than a verdict may take', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => UNREACHABLE;
    const raw = mine();
    relay.fromPool(raw);
    const stop = relay.broadcaster.stop();
    await relay.time.pass(3_000);
    await stop;
    assert.deepEqual(relay.verdicts(raw), ['failed 0/3 unavailable']);
    assert.equal(relay.pending, 0);
    const calls = relay.rpc.calls.length;
    await relay.time.pass(FRESH_MS);
    assert.equal(relay.rpc.calls.length, calls, 'dashd is left alone');
  });

  it('is done at once when nothing is under way, or all is judged', async () => {
    const idle = new RelayUnderTest();
    await idle.broadcaster.stop();
    assert.equal(idle.ended, true);
    const judged = new RelayUnderTest();
    judged.submission = () => UNREACHABLE;
    judged.fromPool(mine());
    await judged.time.pass(3_000);
    await judged.broadcaster.stop();
    assert.equal(judged.ended, true);
    assert.equal(judged.pending, 0);
  });
});

describe('a block whose time is over', () => {
  it('is let go of: no timer, no question, no proof any more', async () => {
    const relay = new RelayUnderTest();
    relay.submission = () => UNREACHABLE;
    const raw = mine();
    relay.fromPool(raw);
    await relay.time.pass(FRESH_MS);
    assert.equal(relay.pending, 0);
    const { length } = relay.events;
    relay.announces('a', raw);
    await relay.time.pass(FRESH_MS);
    assert.equal(relay.events.length, length);
    assert.equal(relay.rpc.times('submitblock').at(-1), FRESH_MS - 1_000);
  });
});
