/** Blocks whose submitter calls `submitblock` itself, through the proxy. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { answer, later, UNREACHABLE } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, FRESH_MS, mine } from './support.js';

before(() => loadX11());

describe('a block with a request of its own to dashd', () => {
  /** A block whose submitter asks dashd itself, and dashd's answer to it, still to be given. */
  function asking(relay: BroadcasterUnderTest, raw = mine()) {
    const reply = later();
    relay.nextTurn = setImmediate;
    const peers = relay.fromPool(raw, () => {
      relay.log.push('their submitblock');
      process.nextTick(() => relay.log.push('its bytes'));
      return reply.answer;
    });
    return { raw, reply, peers };
  }

  it('is with the peers, then asked about, in one turn, and reported in the next; dashd is neither asked by us nor sent it by the way', async () => {
    const relay = new BroadcasterUnderTest();
    const { raw, reply, peers } = asking(relay);
    assert.deepEqual(relay.log, [
      ...['block to a', 'getheaders to a', 'ping to a', 'block to b', 'getheaders to b', 'ping to b'],
      'their submitblock',
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
    const relay = new BroadcasterUnderTest();
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
    const refusal = { ok: false, code: 'unauthorised', detail: 'dashd rejected the user and password' } as const;
    const relay = new BroadcasterUnderTest();
    const { reply } = asking(relay);
    reply.give(refusal);
    await relay.time.pass(5_000);
    assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[1, 1, 1], []]);
    const doubting = new BroadcasterUnderTest();
    const doubted = asking(doubting, mine().subarray(0, -1));
    doubted.reply.give(refusal);
    await doubting.time.pass(FRESH_MS);
    assert.deepEqual([doubting.sent, doubting.rpc.times('submitblock')], [[0, 0, 0], []]);
  });

  for (const failure of [{ ok: false, code: 'timeout', detail: 'no answer within 5 s' }, UNREACHABLE] as const) {
    it(`is brought to dashd by us, both ways and at once, when theirs brings no word: ${failure.code}`, async () => {
      const relay = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
    const { reply } = asking(relay);
    reply.give(answer('bad-cb-amount'));
    await relay.time.pass(FRESH_MS);
    assert.deepEqual([relay.sent, relay.rpc.times('submitblock')], [[0, 1, 1], []]);
  });

  it('waits for the answer to it when it is in doubt', async () => {
    const relay = new BroadcasterUnderTest();
    const { reply, peers } = asking(relay, mine().subarray(0, -1));
    await relay.time.pass(0);
    assert.deepEqual(relay.log, ['their submitblock', 'its bytes', 'received']);
    assert.equal(peers, 0);
    reply.give(answer(null));
    await relay.time.pass(0);
    assert.deepEqual(relay.sent.slice(1), [1, 1]);
  });
});
