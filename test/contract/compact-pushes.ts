import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { compactForm, relay, type Sample, sampleOf, Treasury, tipHash } from './compact-blocks.js';
import { eventually, following, mine, type NodeUnderTest, pointsFor, templateOn } from './node-under-test.js';
import { Pusher } from './pusher.js';
import { TestPeer } from './test-peer.js';

/** What comes of blocks that blockcast pushes in compact form: the proof, in each case, and no misbehaviour points. */
export function compactPushContract(node: () => NodeUnderTest): void {
  const treasury = new Treasury(node);
  let pusher: Pusher;
  before(async () => {
    await treasury.fill();
    pusher = await Pusher.ready(node());
  });
  after(() => pusher.hangUp());

  /** Without points from the node. */
  async function delivered(block: Sample): Promise<string> {
    let way = '';
    const points = await pointsFor(node(), async () => {
      way = await pusher.delivers(block.raw);
    });
    assert.deepEqual(points, []);
    assert.equal(await tipHash(node()), block.hash);
    return way;
  }

  it('is accepted without a round trip when the node has all transactions', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(5);
    await relay(node(), peer, block.transactions.slice(1));
    assert.equal(await delivered(block), 'compact 0');
    await peer.hangUp();
  });

  it('is accepted with one round trip when the node lacks some', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(5);
    await relay(node(), peer, block.transactions.slice(1, 4));
    assert.equal(await delivered(block), 'compact 1');
    await peer.hangUp();
  });

  it('is followed by the node’s choice of us for high bandwidth, which it shows', async () => {
    await eventually(() => (pusher.use?.chosen === true ? true : undefined), 'sendcmpct in high-bandwidth mode');
  });

  it('gives the block whole to a node that waits for transactions from another, which withholds them; the next time at once', async () => {
    const slow = await TestPeer.ready(node());
    const ways: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const block = await treasury.block(5);
      slow.send(compactForm(block));
      await slow.next('getblocktxn', ({ hash }) => hash === block.hash);
      ways.push(await delivered(block));
    }
    assert.deepEqual(ways, ['full 1', 'full 0']);
    await slow.hangUp();
  });

  it('is sent whole in a tie, which is proven by the rival, and not held against the node', async () => {
    const fresh = await Pusher.ready(node());
    const template = await templateOn(node());
    const rival = sampleOf(mine(template));
    await fresh.delivers(rival.raw);
    const block = await treasury.block(5, template);
    const points = await pointsFor(node(), async () => {
      fresh.push(block.raw);
      assert.equal((await fresh.proof(block.hash, 'acknowledged')).rival, rival.hash);
    });
    assert.deepEqual([points, fresh.use?.wasted], [[], 0]);
    fresh.hangUp();
  });

  it('costs no points on a parent that the node lacks, and is accepted once it has the parent', async () => {
    const fresh = await Pusher.ready(node());
    const template = await templateOn(node());
    const parent = sampleOf(mine(template));
    const child = await treasury.block(5, following(template, parent.hash));
    const points = await pointsFor(node(), async () => {
      fresh.push(child.raw);
      assert.equal((await fresh.proof(child.hash, 'failed')).reason, 'not-in-chain');
      await fresh.delivers(parent.raw);
      assert.equal(await fresh.delivers(child.raw), 'compact 2');
    });
    assert.deepEqual(points, []);
    assert.equal(await tipHash(node()), child.hash);
    fresh.hangUp();
  });
}
