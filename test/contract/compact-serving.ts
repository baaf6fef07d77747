import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { hashHeader } from '../../src/block/x11.js';
import { INV } from '../../src/wire/inventory.js';
import { type Hash, ZERO_HASH } from '../../src/wire/reader.js';
import type { Message } from '../../src/wire/registry.js';
import { answersTo } from './compact.js';
import { compactForm, type Sample, sampleOf, sendTransactions, Treasury, tipHash } from './compact-blocks.js';
import { ask, eventually, mine, type NodeUnderTest, pointsFor, templateOn, tipOf } from './node-under-test.js';
import { TestPeer } from './test-peer.js';

/** Blocks below the tip: `MAX_CMPCTBLOCK_DEPTH`, `MAX_BLOCKTXN_DEPTH` of Dash Core `net_processing.cpp`. */
const COMPACT_DEPTH = 5;
const TRANSACTIONS_DEPTH = 10;

/** The compact blocks that a node sends, and the transactions that it gives for them. */
export function compactServingContract(node: () => NodeUnderTest): void {
  const treasury = new Treasury(node);
  before(() => treasury.fill());

  async function submit({ raw }: Sample): Promise<void> {
    assert.equal(await ask(node(), 'submitblock', raw.toString('hex')), null);
  }

  /** Lets the node know that the peer has its tip, so that it may announce by headers or in compact form. */
  async function catchUp(peer: TestPeer): Promise<void> {
    peer.send({ command: 'getheaders', version: 70240, locator: [await tipHash(node())], stop: ZERO_HASH });
    await peer.next('headers');
  }

  /** How a new block is announced to a peer. */
  async function announcement(peer: TestPeer): Promise<string> {
    await catchUp(peer);
    const heard = peer.heard.length;
    const block = sampleOf(mine(await templateOn(node())));
    await submit(block);
    const isOf: (message: Message) => boolean = (message) => {
      if (message.command === 'cmpctblock') return hashHeader(message.header) === block.hash;
      if (message.command === 'headers') return message.headers.some((header) => hashHeader(header) === block.hash);
      return message.command === 'inv' && message.items.some(({ hash }) => hash === block.hash);
    };
    const announcements = () =>
      peer.heard
        .slice(heard)
        .flatMap((one) => (one.kind === 'message' && isOf(one.message) ? [one.message.command] : []));
    return eventually(() => announcements()[0], 'the announcement');
  }

  it('announces in compact form while a peer wants that, in version 1 alone', async () => {
    const peer = await TestPeer.ready(node());
    const wish = async (highBandwidth: boolean, version: bigint) => {
      peer.send({ command: 'sendcmpct', highBandwidth, version });
      await peer.sync();
      return announcement(peer);
    };
    assert.equal(await announcement(peer), 'inv');
    assert.equal(await wish(true, 0n), 'inv');
    assert.equal(await wish(true, 2n), 'inv');
    assert.equal(await wish(false, 1n), 'inv');
    assert.equal(await wish(true, 1n), 'cmpctblock');
    assert.equal(await announcement(peer), 'cmpctblock');
    peer.send({ command: 'sendheaders' });
    assert.equal(await announcement(peer), 'cmpctblock');
    assert.equal(await wish(false, 0n), 'cmpctblock');
    assert.equal(await wish(false, 1n), 'headers');
    await peer.hangUp();
  });

  it('prefills the coinbase alone, in an announcement and in an answer', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'sendcmpct', highBandwidth: true, version: 1n });
    await catchUp(peer);
    const block = await treasury.block(20);
    await submit(block);
    const announced = await peer.next('cmpctblock');
    assert.deepEqual(announced, { ...compactForm(block, { nonce: announced.nonce }) });
    peer.send({ command: 'getdata', items: [{ type: INV.compactBlock, hash: block.hash }] });
    const answer = await peer.next('cmpctblock');
    assert.deepEqual(answer, { ...compactForm(block, { nonce: answer.nonce }) });
    await peer.hangUp();
  });

  it('gives the compact form of a block up to 5 below the tip, and of older ones the whole', async () => {
    const peer = await TestPeer.ready(node());
    const { height } = await tipOf(node());
    const given = async (depth: number) => {
      const hash = await ask<Hash>(node(), 'getblockhash', height - depth);
      return answersTo(peer, { command: 'getdata', items: [{ type: INV.compactBlock, hash }] });
    };
    assert.deepEqual(await given(COMPACT_DEPTH), ['cmpctblock']);
    assert.deepEqual(await given(COMPACT_DEPTH + 1), ['block']);
    await peer.hangUp();
  });

  it('gives transactions of a block up to 10 below the tip, of older ones the whole, and none of one that it lacks', async () => {
    const block = await treasury.block(4);
    await submit(block);
    const peer = await TestPeer.ready(node());
    assert.deepEqual(await answersTo(peer, { command: 'getblocktxn', hash: block.hash, indexes: [0, 2, 4] }), [
      'blocktxn',
    ]);
    const [coinbase, second, fourth] = [0, 2, 4].map((index) => block.transactions[index] ?? Buffer.alloc(0));
    assert.ok(coinbase && second && fourth);
    const answer = peer.all('blocktxn').at(-1);
    assert.deepEqual(answer, {
      ...{ command: 'blocktxn', hash: block.hash, count: 3 },
      transactions: Buffer.concat([coinbase, second, fourth]),
    });
    const { height } = await tipOf(node());
    const given = async (depth: number) => {
      const hash = await ask<Hash>(node(), 'getblockhash', height - depth);
      return answersTo(peer, { command: 'getblocktxn', hash, indexes: [0] });
    };
    assert.deepEqual(await given(TRANSACTIONS_DEPTH), ['blocktxn']);
    assert.deepEqual(await given(TRANSACTIONS_DEPTH + 1), ['block']);
    assert.deepEqual(await answersTo(peer, { command: 'getblocktxn', hash: 'ab'.repeat(32), indexes: [0] }), []);
    await peer.hangUp();
  });

  it('gives 100 points for a request beyond the end of a block', async () => {
    const peer = await TestPeer.ready(node());
    const points = await pointsFor(node(), async () => {
      peer.send({ command: 'getblocktxn', hash: await tipHash(node()), indexes: [5_000] });
      await peer.hungUp();
    });
    assert.deepEqual(points, [100]);
  });

  it('requests an announced block in compact form from a peer that gives it, and takes it without a prefilled coinbase', async () => {
    for (const announce of ['inv', 'headers'] as const) {
      const peer = await TestPeer.ready(node());
      peer.send({ command: 'sendcmpct', highBandwidth: false, version: 1n });
      const block = sampleOf(mine(await templateOn(node())));
      if (announce === 'inv') {
        peer.send({ command: 'inv', items: [{ type: INV.block, hash: block.hash }] });
        await peer.next('getheaders');
      }
      peer.send({ command: 'headers', headers: [block.header] });
      const { items } = await peer.next('getdata');
      assert.deepEqual(items, [{ type: INV.compactBlock, hash: block.hash }]);
      assert.deepEqual(await answersTo(peer, compactForm(block, { prefill: [] })), ['getblocktxn']);
      assert.deepEqual(peer.all('getblocktxn').at(-1)?.indexes, [0]);
      sendTransactions(peer, block, [0]);
      await peer.sync();
      assert.equal(await tipHash(node()), block.hash);
      await peer.hangUp();
    }
  });

  it('requests an announced block whole from a peer that gives no compact form', async () => {
    const peer = await TestPeer.ready(node());
    const block = sampleOf(mine(await templateOn(node())));
    peer.send({ command: 'headers', headers: [block.header] });
    const { items } = await peer.next('getdata');
    assert.deepEqual(items, [{ type: INV.block, hash: block.hash }]);
    await answersTo(peer, { command: 'block', raw: block.raw });
    await peer.hangUp();
  });

  it('reports by getpeerinfo who chose whom for high bandwidth', async () => {
    const peer = await TestPeer.ready(node());
    const states = async () => {
      const infos = await ask<Record<string, unknown>[]>(node(), 'getpeerinfo');
      const info = infos.at(-1);
      return { to: info?.['bip152_hb_to'], from: info?.['bip152_hb_from'] };
    };
    assert.deepEqual(await states(), { to: false, from: false });
    await answersTo(peer, { command: 'sendcmpct', highBandwidth: true, version: 1n });
    assert.deepEqual(await states(), { to: false, from: true });
    await answersTo(peer, { command: 'block', raw: mine(await templateOn(node())) });
    assert.deepEqual(await states(), { to: true, from: true });
    await answersTo(peer, { command: 'sendcmpct', highBandwidth: false, version: 1n });
    assert.deepEqual(await states(), { to: true, from: false });
    await peer.hangUp();
  });
}
