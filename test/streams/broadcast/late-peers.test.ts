/** Blocks sent to peers that connect after the broadcast. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { INV } from '../../../src/wire/inventory.js';
import { HEIGHT } from '../../session/support.js';
import { answer, later } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, FRESH_MS, hashOf, mine, mineChain, PARENT } from './support.js';

before(() => loadX11());

describe('a peer that comes late', () => {
  it('is given the chain that it may lack, in order: the first block, and the others once it has that', () => {
    const relay = new BroadcasterUnderTest();
    const chain = mineChain(5);
    for (const raw of chain) relay.fromPool(raw);
    relay.join('late');
    assert.deepEqual(relay.peer('late').blocks, chain.slice(0, 1));
    relay.announces('late', chain[0] ?? assert.fail());
    assert.deepEqual(relay.peer('late').blocks, chain);
  });

  it('is not given what its height says that it is past, and what it has turns out by its answer', () => {
    const relay = new BroadcasterUnderTest();
    const chain = mineChain(5);
    for (const raw of chain) relay.fromPool(raw);
    relay.joinAt(HEIGHT + 3, 'late');
    const headers = chain.slice(3).map((raw) => raw.subarray(0, 80));
    relay.peer('late').says({ command: 'headers', headers });
    relay.peer('late').pongs();
    assert.deepEqual(
      relay.proofs('late').sort(),
      chain.map(() => 'already-had'),
    );
    assert.deepEqual(relay.peer('late').blocks, [], 'the last two it has as well');
  });

  it('at the height of a block is asked for it, and sent it if it has another in its place', () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    for (const host of ['had', 'lacked']) {
      relay.joinAt(HEIGHT, host);
      assert.deepEqual(relay.peer(host).blocks, []);
      relay.peer(host).says({ command: 'headers', headers: host === 'had' ? [raw.subarray(0, 80)] : [] });
      relay.peer(host).pongs();
    }
    assert.deepEqual([relay.proofs('had'), relay.peer('had').blocks], [['already-had'], []]);
    assert.deepEqual([relay.proofs('lacked'), relay.peer('lacked').blocks], [['acknowledged'], [raw]]);
  });

  it('that is past our blocks is not sent them, and proves that it has them by the one that it is asked for', async () => {
    const relay = new BroadcasterUnderTest([]);
    const chain = mineChain(3);
    for (const raw of chain) relay.fromPool(raw);
    await relay.time.pass(3_000);
    relay.joinAt(HEIGHT + 2, 'past');
    relay.peer('past').says({ command: 'headers', headers: [(chain[2] ?? assert.fail()).subarray(0, 80)] });
    relay.peer('past').pongs();
    await relay.time.pass(0);
    assert.deepEqual(relay.proofs('past'), ['already-had', 'already-had', 'already-had']);
    assert.deepEqual(relay.peer('past').blocks, []);
    for (const raw of chain) assert.match(relay.verdicts(raw).at(-1) ?? '', /^delivered 1\/2 accepted/);
  });

  for (const [isKnown, what] of [
    [true, 'whose tip is known'],
    [false, 'of which nothing is known'],
  ] as const) {
    it(`that is past blocks of before the start proves them all the same, by the highest of them, on a chain ${what}`, async () => {
      const relay = new BroadcasterUnderTest([]);
      const [first = assert.fail(), second = assert.fail(), ...others] = mineChain(5);
      for (const raw of [first, second]) relay.fromSpool(raw);
      // The chain has grown past them, by blocks that this relay was never sent.
      const tip = hashOf(others.at(-1) ?? assert.fail());
      if (isKnown) relay.tip.see(tip, undefined, HEIGHT + 4);
      if (isKnown) relay.tip.move(tip);
      await relay.time.pass(3_000);
      assert.deepEqual(relay.verdicts(first), ['local-only 0/1 accepted']);
      relay.joinAt(HEIGHT + 4, 'past');
      relay.peer('past').says({ command: 'headers', headers: [second.subarray(0, 80)] });
      relay.peer('past').pongs();
      assert.deepEqual(relay.peer('past').blocks, []);
      await relay.time.pass(0);
      for (const raw of [first, second]) assert.match(relay.verdicts(raw).at(-1) ?? '', /^delivered 1\/2 accepted/);
    });
  }

  it('is not sent a child while it lacks the parent, and is reported as lacking it', async () => {
    const relay = new BroadcasterUnderTest([]);
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
    for (const raw of chain) assert.match(relay.verdicts(raw)[0] ?? '', /^local-only 1\/. accepted/);
  });

  it('that gets the parent from elsewhere is given the child again', () => {
    const relay = new BroadcasterUnderTest(['a']);
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
    const relay = new BroadcasterUnderTest([]);
    const raw = mine();
    relay.fromPool(raw);
    relay.join('late');
    relay.announces('late', raw);
    relay.announces('dashd', raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.verdicts(raw), ['delivered 2/2 accepted']);
  });

  it('is given nothing when the block is no longer the tip, or no longer fresh', async () => {
    const overtaken = new BroadcasterUnderTest();
    overtaken.fromPool(mine());
    overtaken.tip.move('99'.repeat(32));
    overtaken.join('late');
    assert.deepEqual(overtaken.peer('late').blocks, []);
    const stale = new BroadcasterUnderTest();
    stale.fromPool(mine());
    await stale.time.pass(FRESH_MS - 1);
    stale.join('late');
    assert.equal(stale.peer('late').blocks.length, 1);
    await stale.time.pass(1);
    stale.join('later');
    assert.deepEqual(stale.peer('later').blocks, []);
  });

  it('is not given a block that is held back, until it is released', async () => {
    const relay = new BroadcasterUnderTest();
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
    const relay = new BroadcasterUnderTest();
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
      const relay = new BroadcasterUnderTest();
      relay.peer('dashd').close();
      relay[source](mine());
      await relay.time.pass(1_000);
      relay.peer('dashd').shakeHands(HEIGHT - 1);
      assert.equal(relay.peer('dashd').blocks.length, blocks);
    }
  });

  it('may be one that was lost in the middle of it, and has a new chance', async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    relay.peer('dashd').close('connection-error');
    assert.deepEqual(relay.proofs('dashd'), ['failed: connection-error']);
    await relay.time.pass(1_000);
    relay.peer('dashd').shakeHands(HEIGHT - 1);
    relay.peer('dashd').pong();
    assert.deepEqual(relay.proofs('dashd'), ['failed: connection-error', 'acknowledged']);
  });
});
