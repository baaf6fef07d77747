/** A rejection that dashd takes back: `submitblock` was refused, and then dashd's chain has the block. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { answer } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, changed, hashOf, mineChain } from './support.js';

before(() => loadX11());

/** A relay whose dashd has rejected the first of two blocks, which peer `b` lacked. */
async function rejected(): Promise<{ relay: BroadcasterUnderTest; parent: Buffer; child: Buffer }> {
  const relay = new BroadcasterUnderTest();
  const [parent = assert.fail(), child = assert.fail()] = mineChain(2);
  relay.submission = () => answer('bad-cbtx-payload');
  relay.fromPool(parent);
  await relay.time.pass(0);
  relay.peer('b').says({ command: 'headers', headers: [] });
  relay.peer('b').pongs();
  assert.equal(relay.recent.get(hashOf(parent)), undefined, 'not served any more');
  relay.submission = () => answer(null);
  return { relay, parent, child };
}

describe('a block that dashd rejected and then has', () => {
  it('is served again and sent to peers that lack it once it is in the chain, and the verdict says so', async () => {
    const { relay, parent } = await rejected();
    relay.broadcaster.seeInChain(hashOf(parent));
    await relay.time.pass(3_000);
    assert.notEqual(relay.recent.get(hashOf(parent)), undefined);
    assert.deepEqual(relay.peer('b').blocks, [parent, parent]);
    assert.equal(relay.peer('a').blocks.length, 1, 'a peer that has not answered is not sent it twice');
    assert.match(relay.verdicts(parent).at(-1) ?? '', / accepted$/);
    assert.equal(relay.tip.knows(hashOf(parent)), true);
  });

  it('is in the chain when dashd announces it, and when dashd accepts a child of it', async () => {
    const announced = await rejected();
    announced.relay.announces('dashd', announced.parent);
    assert.deepEqual(announced.relay.peer('b').blocks, [announced.parent, announced.parent]);

    const { relay, parent, child } = await rejected();
    relay.fromPool(child);
    await relay.time.pass(0);
    assert.deepEqual(relay.peer('b').blocks, [parent, parent]);
    relay.announces('b', parent);
    assert.deepEqual(relay.peer('b').blocks, [parent, parent, child], 'the child follows once the peer has the parent');
  });

  it('that was inconclusive is accepted once the chain has it', async () => {
    const relay = new BroadcasterUnderTest();
    const [raw = assert.fail()] = mineChain(1);
    relay.submission = () => answer('inconclusive');
    relay.fromPool(raw);
    await relay.time.pass(60_000);
    assert.match(relay.verdicts(raw).at(-1) ?? '', / inconclusive$/);
    relay.broadcaster.seeInChain(hashOf(raw));
    await relay.time.pass(0);
    assert.match(relay.verdicts(raw).at(-1) ?? '', / accepted$/);
  });

  it('and is held back, stays so: dashd may have another body', async () => {
    const relay = new BroadcasterUnderTest();
    const [raw = assert.fail()] = mineChain(1);
    const body = changed(raw);
    relay.submission = () => answer('bad-txnmrklroot');
    relay.fromPool(body);
    await relay.time.pass(0);
    relay.broadcaster.seeInChain(hashOf(body));
    await relay.time.pass(3_000);
    assert.deepEqual(relay.sent, [0, 0, 0]);
    assert.match(relay.verdicts(body).at(-1) ?? '', / rejected$/);
  });

  it('stays withdrawn when the chain has another block', async () => {
    const { relay, parent } = await rejected();
    relay.broadcaster.seeInChain('77'.repeat(32));
    assert.equal(relay.recent.get(hashOf(parent)), undefined);
    assert.deepEqual(relay.peer('b').blocks, [parent]);
  });
});
