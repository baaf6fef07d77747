import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { config } from 'rxjs';
import { loadX11 } from '../../../src/block/x11.js';
import type { Role } from '../../../src/quorum/active-quorums.js';
import { HEIGHT } from '../../session/support.js';
import { answer, inTurn, later, UNREACHABLE } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, FRESH_MS, hashOf, mine, mineChain, PARENT } from './support.js';

before(() => loadX11());

describe('a block without doubt', () => {
  it('is with all sockets, then with dashd over RPC, in one turn; it is reported in the next', () => {
    const relay = new BroadcasterUnderTest();
    const next: (() => void)[] = [];
    relay.nextTurn = (action) => next.push(action);
    const raw = mine();
    relay.fromPool(raw);
    const written = (peer: string) => [`block to ${peer}`, `getheaders to ${peer}`, `ping to ${peer}`];
    const firstTurn = [...['dashd', 'a', 'b'].flatMap(written), 'submitblock'];
    assert.deepEqual(relay.log, firstTurn);
    for (const action of next) action();
    assert.deepEqual(relay.log, [...firstTurn, 'received']);
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
    const relay = new BroadcasterUnderTest();
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
    assert.deepEqual(relay.proofs('b'), ['written', 'failed: closed-by-peer']);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/3 accepted']);
    const verdict = relay.events.at(-1);
    assert.ok(verdict?.type === 'verdict');
    assert.deepEqual([verdict.firstMs, verdict.lastMs, verdict.accepted, verdict.failed], [2, 5, 2, 1]);
  });

  it('says of each peer whether its quorum signs the block, as it was when the block was sent', async () => {
    const relay = new BroadcasterUnderTest(['a', 'b', 'c']);
    const roles = new Map<string, Role>([
      ['a:1', 'signer'],
      ['b:1', 'member'],
    ]);
    const view = { height: HEIGHT - 1, quorums: [], signing: undefined, masternodeOf: () => undefined };
    relay.quorums = { ...view, tip: PARENT, roleOf: (peer) => roles.get(peer) };
    const raw = mine();
    relay.fromPool(raw);
    relay.quorums = { ...view, tip: hashOf(raw), roleOf: () => 'signer' };
    for (const peer of relay.peers) peer.pong();
    await relay.time.pass(3_000);
    const verdict = relay.events.at(-1);
    assert.ok(verdict?.type === 'verdict');
    assert.deepEqual(
      verdict.peers.map(({ role }) => role),
      [undefined, 'signer', 'member', undefined],
    );
  });

  it('is judged after three seconds at the latest', async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    await relay.time.pass(2_999);
    assert.deepEqual(relay.verdicts(raw), []);
    await relay.time.pass(1);
    assert.deepEqual(relay.verdicts(raw), ['local-only 0/3 accepted']);
  });

  it('has failed where dashd alone took it and that is not to be enough', async () => {
    const relay = new BroadcasterUnderTest([], false);
    const raw = mine();
    relay.fromPool(raw);
    relay.announces('dashd', raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.verdicts(raw), ['failed 1/1 accepted']);
  });

  it('is not sent to those who announced it', () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.announces('a', raw);
    relay.fromPool(raw);
    assert.deepEqual(relay.sent, [1, 0, 1]);
    assert.deepEqual(relay.proofs('a'), ['already-had']);
  });

  it('is reported in order when many come in rapid succession, and each has its verdict', async () => {
    const relay = new BroadcasterUnderTest();
    const blocks = mineChain(100);
    for (const raw of blocks) relay.fromPool(raw);
    for (const host of ['dashd', 'a', 'b']) for (const raw of blocks) relay.announces(host, raw);
    for (const peer of relay.peers) assert.deepEqual(peer.blocks, blocks);
    await relay.time.pass(0);
    for (const raw of blocks) assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
    assert.equal(relay.tip.hash, hashOf(blocks.at(-1) ?? Buffer.alloc(80)));
  });

  it('reaches the others and dashd although the code for one peer throws', async () => {
    const relay = new BroadcasterUnderTest();
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
      ...['block to a', 'getheaders to a', 'ping to a'],
      ...['block to b', 'getheaders to b', 'ping to b'],
      ...['submitblock', 'received'],
    ]);
  });

  it('is offered to a dashd that is not there until it is', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = inTurn(UNREACHABLE, UNREACHABLE, answer('duplicate'));
    const raw = mine();
    relay.fromPool(raw);
    for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
    await relay.time.pass(60_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 duplicate']);
    assert.deepEqual(relay.rpc.times('submitblock'), [0, 1_000, 2_000]);
  });
});

describe("a block of dashd's feed", () => {
  it('goes to the peers that do not have it; neither back to dashd nor over RPC', () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.announces('a', raw);
    relay.fromFeed(raw);
    assert.deepEqual(relay.sent, [0, 0, 1]);
    assert.deepEqual(relay.proofs('a'), ['already-had']);
    assert.deepEqual(relay.rpc.calls, []);
    assert.deepEqual(relay.proofs('dashd'), []);
  });

  it('is judged by the peers alone', async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromFeed(raw);
    relay.peer('b').pong();
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 1/2 silent']);
  });

  it('that every peer had before is delivered, not lost', async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    for (const host of ['a', 'b']) relay.announces(host, raw);
    relay.fromFeed(raw);
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 silent']);
  });

  it('is with dashd at least, where there are no peers', async () => {
    const relay = new BroadcasterUnderTest([]);
    const raw = mine();
    relay.fromFeed(raw);
    await relay.time.pass(3_000);
    assert.deepEqual(relay.verdicts(raw), ['local-only 0/0 silent']);
  });
});

describe("a block of the spool that dashd's feed brought first", () => {
  it("is under way as the pool's once it is sent again, and has the pool's verdict alone", async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromFeed(raw);
    assert.equal(relay.broadcaster.isUnderWay(hashOf(raw)), false);
    relay.announces('a', raw);
    relay.submission = () => answer('duplicate');
    relay.fromSpool(raw);
    assert.equal(relay.broadcaster.isUnderWay(hashOf(raw)), true);
    for (const host of ['b', 'dashd']) relay.announces(host, raw);
    await relay.time.pass(10_000);
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 duplicate']);
    const [verdict] = relay.events.filter((event) => event.type === 'verdict');
    assert.deepEqual([verdict?.source, verdict?.late], ['pool', 'recovered']);
    assert.deepEqual(relay.sent, [1, 1, 1], 'nobody is sent it twice');
  });
});

describe('the tip', () => {
  it('is what it was when dashd refuses a block that went out', async () => {
    const relay = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
    const [first, rival] = [mine(), mine()];
    relay.fromPool(first);
    relay.fromPool(rival);
    assert.deepEqual(relay.sent, [2, 2, 2]);
    assert.equal(relay.tip.hash, hashOf(first));
  });
});

describe('stopping', () => {
  it('waits for the verdicts that are due, and then for nothing', async () => {
    const relay = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
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

  it('judges also a block that was on disk only once the relay was stopping', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = () => UNREACHABLE;
    let isKept = (): void => undefined;
    relay.keep = (_arrival, done) => {
      isKept = done;
    };
    const raw = mine();
    relay.fromPool(raw);
    relay.announces('a', raw);
    const stop = relay.broadcaster.stop();
    await relay.time.pass(120);
    isKept();
    await relay.time.pass(2_880);
    await stop;
    assert.deepEqual(relay.verdicts(raw), ['delivered 1/3 unavailable']);
    assert.equal(relay.pending, 0);
  });

  it('is done at once when nothing is under way, or all is judged', async () => {
    const idle = new BroadcasterUnderTest();
    await idle.broadcaster.stop();
    assert.equal(idle.ended, true);
    const judged = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
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
