import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { assemble } from '../../src/simulated/miner.js';
import { encodeTransaction } from '../../src/simulated/transaction.js';
import { INV } from '../../src/wire/inventory.js';
import { worthless } from './blocks.js';
import { answersTo } from './compact.js';
import { compactForm, type Sample, sampleOf, sendTransactions, Treasury, tipHash } from './compact-blocks.js';
import { mine, type NodeUnderTest, pointsFor, templateOn } from './node-under-test.js';
import { TestPeer } from './test-peer.js';

/** Compact blocks and answers that are wrong, and what they cost. */
export function compactFaultContract(node: () => NodeUnderTest): void {
  const treasury = new Treasury(node);
  before(() => treasury.fill());

  async function isAccepted({ hash }: Sample): Promise<void> {
    assert.equal(await tipHash(node()), hash);
  }

  it('requests the whole block after transactions that are not those of the short ids, and gives no points', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(5);
    const points = await pointsFor(node(), async () => {
      assert.deepEqual(await answersTo(peer, compactForm(block)), ['getblocktxn']);
      sendTransactions(peer, block, [1, 2, 3, 3, 5]);
      const asked = await peer.next('getdata');
      assert.deepEqual(asked.items, [{ type: INV.block, hash: block.hash }]);
      assert.notEqual(await tipHash(node()), block.hash);
      await answersTo(peer, { command: 'block', raw: block.raw });
    });
    assert.deepEqual(points, []);
    await isAccepted(block);
    await peer.hangUp();
  });

  it('requests the whole block when two short ids are alike', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(2);
    const form = compactForm(block);
    const alike = Buffer.concat([form.shortIds.subarray(0, 6), form.shortIds.subarray(0, 6)]);
    assert.deepEqual(await answersTo(peer, { ...form, shortIds: alike }), ['getdata']);
    await answersTo(peer, { command: 'block', raw: block.raw });
    await isAccepted(block);
    await peer.hangUp();
  });

  for (const [what, indexes] of [
    ['too few', [1]],
    ['too many', [1, 2, 2]],
  ] as const) {
    it(`gives 100 points for ${what} transactions, and takes the block from another`, async () => {
      const [bad, good] = [await TestPeer.ready(node()), await TestPeer.ready(node())];
      const block = await treasury.block(2);
      const points = await pointsFor(node(), async () => {
        assert.deepEqual(await answersTo(bad, compactForm(block)), ['getblocktxn']);
        sendTransactions(bad, block, indexes);
        await bad.hungUp();
      });
      assert.deepEqual(points, [100]);
      await answersTo(good, { command: 'block', raw: block.raw });
      await isAccepted(block);
      await good.hangUp();
    });
  }

  it('gives 100 points for a prefilled transaction beyond the end of the block', async () => {
    const peer = await TestPeer.ready(node());
    const block = sampleOf(mine(await templateOn(node())));
    const form = compactForm(block);
    const bytes = Buffer.concat([Buffer.of(1), form.prefilled.bytes.subarray(1)]);
    const points = await pointsFor(node(), async () => {
      peer.send({ ...form, prefilled: { count: 1, bytes } });
      await peer.hungUp();
    });
    assert.deepEqual(points, [100]);
    assert.equal(await tipHash(node()), block.parent);
  });

  it('gives 100 points for a prefilled transaction without inputs and outputs, such as a quorum commitment', async () => {
    const template = await templateOn(node());
    const [coinbase] = sampleOf(mine(template)).transactions;
    assert.ok(coinbase);
    const commitment = encodeTransaction({ version: 3, type: 6, inputs: [], outputs: [], payload: Buffer.alloc(330) });
    const block = sampleOf(assemble(template, [coinbase, commitment]));
    const peer = await TestPeer.ready(node());
    const points = await pointsFor(node(), async () => {
      peer.send(compactForm(block, { prefill: [0, 1] }));
      await peer.hungUp();
    });
    assert.deepEqual(points, [100]);
  });

  it('gives 100 points for a header without proof of work, or with another difficulty', async () => {
    const template = await templateOn(node());
    const bits = Buffer.from(mine(template));
    bits.writeUInt32LE(0x2100ffff, 72);
    for (const raw of [worthless(mine(template)), bits]) {
      const peer = await TestPeer.ready(node());
      const points = await pointsFor(node(), async () => {
        peer.send(compactForm(sampleOf(raw)));
        await peer.hungUp();
      });
      assert.deepEqual(points, [100]);
    }
  });

  it('gives no points for an invalid block behind a valid header', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const invalid = sampleOf(mine({ ...template, height: template.height + 5 }));
    const points = await pointsFor(node(), async () => {
      assert.deepEqual(await answersTo(peer, compactForm(invalid)), []);
    });
    assert.deepEqual(points, []);
    assert.equal(await tipHash(node()), template.parent);
    await peer.hangUp();
  });

  it('goes on waiting for the first sender after a wrong compact block of a second', async () => {
    const [first, second] = [await TestPeer.ready(node()), await TestPeer.ready(node())];
    const block = await treasury.block(3);
    assert.deepEqual(await answersTo(first, compactForm(block)), ['getblocktxn']);
    const form = compactForm(block, { prefill: [0, 1, 2, 3] });
    const wrong = Buffer.from(form.prefilled.bytes);
    wrong.writeUInt8(wrong.readUInt8(wrong.length - 5) ^ 1, wrong.length - 5);
    const points = await pointsFor(node(), async () => {
      assert.deepEqual(await answersTo(second, { ...form, prefilled: { count: 4, bytes: wrong } }), []);
    });
    assert.deepEqual(points, []);
    assert.notEqual(await tipHash(node()), block.hash);
    sendTransactions(first, block, [1, 2, 3]);
    await first.sync();
    await isAccepted(block);
    await first.hangUp();
    await second.hangUp();
  });
}
