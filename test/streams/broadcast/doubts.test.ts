/** Blocks that go to dashd first: what is in doubt, and what has an unknown parent. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { answer, inTurn, later, UNREACHABLE } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, changed, FRESH_MS, hashOf, mine, PARENT } from './support.js';

before(() => loadX11());

describe('a block in doubt', () => {
  it('is with dashd alone until dashd has taken it, then with all peers, before that is reported', async () => {
    const relay = new BroadcasterUnderTest();
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
      ...['block to dashd', 'getheaders to dashd', 'ping to dashd'],
      ...['block to a', 'getheaders to a', 'ping to a', 'block to b', 'getheaders to b', 'ping to b'],
    ]);
    assert.equal(relay.tip.hash, hashOf(raw));
    for (const host of ['dashd', 'a', 'b']) relay.announces(host, raw);
    assert.deepEqual(relay.verdicts(raw), ['delivered 3/3 accepted']);
  });

  it('goes out as dashd publishes it, before dashd has answered, and the verdict is its own', async () => {
    const relay = new BroadcasterUnderTest();
    const reply = later();
    relay.submission = () => reply.answer;
    const raw = mine();
    relay.fromPool(Buffer.concat([raw, Buffer.of(1)]));
    assert.deepEqual(relay.sent, [0, 0, 0], 'a byte behind the block is a doubt');
    relay.fromFeed(raw);
    assert.deepEqual(relay.sent, [0, 1, 1], 'dashd is not sent its own block');
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
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.submission = (given) => answer(given.equals(raw) ? null : 'bad-txnmrklroot');
    relay.fromPool(changed(raw));
    await relay.time.pass(0);
    relay.fromPool(raw);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.deepEqual(relay.recent.get(hashOf(raw))?.frame.subarray(24), raw);
  });

  it('is seen by no peer when dashd refuses it', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = () => answer('bad-txnmrklroot');
    const raw = changed(mine());
    relay.fromPool(raw);
    await relay.time.pass(FRESH_MS);
    assert.deepEqual(relay.sent, [0, 0, 0]);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected']);
    assert.equal(relay.recent.get(hashOf(raw)), undefined, 'nor served');
  });

  it('is seen by no peer while dashd is silent, nor once it says that it knows such a header', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = inTurn(UNREACHABLE, UNREACHABLE, answer('duplicate'));
    const raw = changed(mine());
    relay.fromPool(raw);
    await relay.time.pass(FRESH_MS);
    assert.deepEqual(relay.sent, [0, 0, 0]);
    assert.deepEqual(relay.verdicts(raw), ['local-only 0/0 duplicate']);
  });

  it('goes out when dashd has stored it beside its chain', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = () => answer('inconclusive');
    relay.rpc.replies.set('getblockheader', answer({ confirmations: -1 }));
    relay.fromPool(mine().subarray(0, -1));
    await relay.time.pass(0);
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it('goes out once, whatever dashd says further', async () => {
    const relay = new BroadcasterUnderTest();
    relay.submission = () => answer('inconclusive');
    relay.rpc.replies.set('getblockheader', inTurn(answer({ confirmations: -1 }), answer({ confirmations: 1 })));
    relay.fromPool(mine().subarray(0, -1));
    await relay.time.pass(10_000);
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it('does not take the tip back when another body under its header has gone out meanwhile', async () => {
    const relay = new BroadcasterUnderTest();
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

describe('a block on a parent we do not know', () => {
  const stranger = () => mine('77'.repeat(32));

  for (const [word, goes] of [
    [null, true],
    ['duplicate', true],
    ['bad-cb', false],
    ['prev-blk-not-found', false],
  ] as const) {
    it(`${goes ? 'goes out' : 'is held back'} when dashd says ${word}`, async () => {
      const relay = new BroadcasterUnderTest();
      relay.submission = () => answer(word);
      relay.fromPool(stranger());
      assert.deepEqual(relay.sent, [0, 0, 0]);
      await relay.time.pass(5_000);
      assert.deepEqual(relay.sent, goes ? [1, 1, 1] : [0, 0, 0]);
    });
  }

  it('goes out when dashd is silent: that is all there is against it', async () => {
    const relay = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
    relay.submission = inTurn(answer('prev-blk-not-found'), answer('prev-blk-not-found'), answer(null));
    const raw = stranger();
    relay.fromPool(raw);
    await relay.time.pass(1_999);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected']);
    await relay.time.pass(1);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.deepEqual(relay.verdicts(raw), ['rejected 0/0 rejected', 'local-only 0/3 accepted']);
  });
});
