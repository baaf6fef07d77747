/** What a simulated node does with compact blocks when it is told to; the rest is the contract's (test/contract/compact.ts). */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import type { CompactFault } from '../../src/simulated/behaviour.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import type { Timers } from '../../src/simulated/timers.js';
import { compactForm, type Sample, sampleOf, sendTransactions } from '../contract/compact-blocks.js';
import { eventually } from '../contract/node-under-test.js';
import { TestPeer } from '../contract/test-peer.js';

const nodes: SimulatedNode[] = [];

async function startNode(compactBlocks?: CompactFault, timers?: Timers): Promise<SimulatedNode> {
  const node = new SimulatedNode({
    ...(compactBlocks !== undefined && { behaviour: { compactBlocks } }),
    ...(timers !== undefined && { timers }),
  });
  await node.start();
  node.submit(mineBlock(node.chain.template()));
  nodes.push(node);
  return node;
}

/** A block of a coinbase and some transactions that the node does not have. */
function blockFor(node: SimulatedNode): Sample {
  return sampleOf(mineBlock(node.chain.template(), { size: 3_000, transactionSize: 400 }));
}

describe('a simulated node and compact blocks', () => {
  before(loadX11);
  after(() => Promise.all(nodes.map((node) => node.stop())));

  it('takes none when it ignores them', async () => {
    const node = await startNode('ignored');
    const peer = await TestPeer.ready(node);
    const { height } = node.chain.tip;
    peer.send(compactForm(sampleOf(mineBlock(node.chain.template()))));
    await peer.sync();
    assert.equal(node.chain.tip.height, height);
    await peer.hangUp();
  });

  it('takes them only from a peer that it has chosen, when it is told so', async () => {
    const node = await startNode('only-when-chosen');
    const peer = await TestPeer.ready(node);
    peer.send({ command: 'sendcmpct', highBandwidth: false, version: 1n });
    const first = sampleOf(mineBlock(node.chain.template()));
    peer.send(compactForm(first));
    await peer.sync();
    assert.notEqual(node.chain.tip.hash, first.hash);
    peer.send({ command: 'block', raw: first.raw });
    await peer.next('sendcmpct', ({ highBandwidth }) => highBandwidth);
    const second = sampleOf(mineBlock(node.chain.template()));
    peer.send(compactForm(second));
    await peer.sync();
    assert.equal(node.chain.tip.hash, second.hash);
    await peer.hangUp();
  });

  it('requests all transactions, also those that it has', async () => {
    const node = await startNode('all-requested');
    const peer = await TestPeer.ready(node);
    const block = blockFor(node);
    node.mempool.addFrom(block.raw);
    peer.send(compactForm(block));
    const { indexes } = await peer.next('getblocktxn');
    assert.deepEqual(indexes, [...block.txids.keys()]);
    sendTransactions(peer, block, indexes);
    await peer.sync();
    assert.equal(node.chain.tip.hash, block.hash);
    await peer.hangUp();
  });

  it('requests a transaction that the block does not have', async () => {
    const node = await startNode('out-of-range');
    const peer = await TestPeer.ready(node);
    const block = blockFor(node);
    peer.send(compactForm(block));
    assert.deepEqual((await peer.next('getblocktxn')).indexes, [block.txids.length]);
    await peer.hangUp();
  });

  it('requests the same transactions again for each answer', async () => {
    const node = await startNode('requested-again');
    const peer = await TestPeer.ready(node);
    const block = blockFor(node);
    peer.send(compactForm(block));
    for (let count = 0; count < 3; count += 1) {
      const { indexes } = await peer.next('getblocktxn');
      sendTransactions(peer, block, indexes);
    }
    await peer.next('getblocktxn');
    assert.notEqual(node.chain.tip.hash, block.hash);
    await peer.hangUp();
  });

  it('drops a peer that withholds transactions for 150 s, and requests the block from another that has it', async () => {
    const waiting: { readonly ms: number; readonly action: () => void }[] = [];
    const timers: Timers = {
      after(ms, action) {
        waiting.push({ ms, action });
        return () => undefined;
      },
    };
    const node = await startNode(undefined, timers);
    const block = blockFor(node);
    const slow = await TestPeer.ready(node);
    const quick = await TestPeer.ready(node, { version: { services: 1n } });
    slow.send(compactForm(block));
    await slow.next('getblocktxn');
    quick.send({ command: 'headers', headers: [block.header] });
    await quick.sync();
    assert.deepEqual(quick.all('getdata'), [], 'the first sender is waited for');
    waiting.find(({ ms }) => ms === 150_000)?.action();
    await slow.hungUp();
    await quick.next('getdata');
    await quick.hangUp();
  });

  it('passes a block on in compact form, with a request for what the next node lacks', async () => {
    const [first, second] = [await startNode(), await startNode()];
    await second.connect(first);
    await eventually(() => [...first.peers].find(({ providesCompact }) => providesCompact), 'the handshake');
    const block = blockFor(first);
    first.submit(block.raw);
    await eventually(() => (second.chain.tip.hash === block.hash ? true : undefined), 'the block');
    const [peer] = second.peers;
    assert.deepEqual(
      [peer?.received.get('cmpctblock'), peer?.received.get('blocktxn'), peer?.received.get('block')],
      [1, 1, undefined],
    );
    assert.deepEqual([...first.misbehaviour, ...second.misbehaviour], []);
  });
});
