/** Blocks that peers ask for and that the relay has not in memory. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { INV } from '../../../src/wire/inventory.js';
import { answer, UNREACHABLE } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, hashOf, mine, mineChain } from './support.js';

before(() => loadX11());

/** A relay that knows of a block from dashd alone, as after a start. */
function relayThatKnowsOf(raws: readonly Buffer[]) {
  const relay = new BroadcasterUnderTest();
  const asked: string[] = [];
  for (const raw of raws) relay.tip.see(hashOf(raw));
  relay.rpc.replies.set('getblock', (hash) => {
    asked.push(String(hash));
    const raw = raws.find((one) => hashOf(one) === hash);
    return raw === undefined ? UNREACHABLE : answer(raw.toString('hex'));
  });
  const asks = (host: string, hashes: readonly string[]) =>
    relay.peer(host).says({ command: 'getdata', items: hashes.map((hash) => ({ type: INV.block, hash })) });
  return { relay, asked, asks };
}

describe('a block that is asked for and not in memory', () => {
  it('is fetched from dashd once, and sent to all who asked', async () => {
    const raw = mine();
    const { relay, asked, asks } = relayThatKnowsOf([raw]);
    for (const host of ['a', 'b']) asks(host, [hashOf(raw)]);
    await relay.time.pass(0);
    assert.deepEqual(asked, [hashOf(raw)]);
    for (const host of ['a', 'b']) assert.deepEqual(relay.peer(host).blocks, [raw]);
    relay.join('c');
    asks('c', [hashOf(raw)]);
    assert.deepEqual(relay.peer('c').blocks, [raw], 'it is in memory now');
    assert.equal(asked.length, 1);
  });

  it('is not looked for where dashd is not known to have it', async () => {
    const { relay, asked, asks } = relayThatKnowsOf([]);
    asks('a', ['77'.repeat(32)]);
    await relay.time.pass(0);
    assert.deepEqual(asked, []);
  });

  it('is left alone when dashd does not give it, or gives another', async () => {
    const [known, other] = [mine(), mine()];
    const { relay, asks } = relayThatKnowsOf([known]);
    for (const reply of [UNREACHABLE, answer(null), answer('zz'), answer(other.toString('hex'))]) {
      relay.rpc.replies.set('getblock', () => reply);
      asks('a', [hashOf(known)]);
      await relay.time.pass(0);
      assert.deepEqual(relay.peer('a').blocks, []);
    }
  });

  it('costs dashd no more than 16 requests at once, and one a second', async () => {
    const chain = mineChain(40);
    const { relay, asked, asks } = relayThatKnowsOf(chain);
    for (const raw of chain) asks('a', [hashOf(raw)]);
    await relay.time.pass(0);
    assert.equal(asked.length, 16);
    await relay.time.pass(2_000);
    for (const raw of chain) asks('b', [hashOf(raw)]);
    await relay.time.pass(0);
    assert.equal(asked.length, 18);
  });
});
