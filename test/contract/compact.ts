import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import type { Command, Message } from '../../src/wire/registry.js';
import { compactForm, relay, type Sample, sampleOf, sendTransactions, Treasury, tipHash } from './compact-blocks.js';
import { ask, eventually, following, mine, type NodeUnderTest, pointsFor, templateOn } from './node-under-test.js';
import { TestPeer } from './test-peer.js';

/** Older tips take no compact block: Dash Core `net_processing.cpp`, CanDirectFetch. */
const STALE_SECONDS = 55 * 60;

/** Sends messages, and waits until the node has handled them. @returns the commands that it sent meanwhile, without the pong */
export async function answersTo(peer: TestPeer, ...messages: Message[]): Promise<string[]> {
  const from = peer.heard.length;
  peer.send(...messages);
  await peer.sync();
  return peer.commands(from).filter((command) => command !== 'pong');
}

/** What a pushed compact block meets: what Dash Core's own `p2p_compactblocks.py` expects, and what a relay relies on besides. */
export function compactContract(node: () => NodeUnderTest): void {
  const treasury = new Treasury(node);
  before(() => treasury.fill());

  async function requested(peer: TestPeer, message: Message): Promise<readonly number[]> {
    const heard = peer.all('getblocktxn').length;
    assert.deepEqual(await answersTo(peer, message), ['getblocktxn']);
    return peer.all('getblocktxn')[heard]?.indexes ?? [];
  }

  async function isAccepted({ hash }: Sample): Promise<void> {
    assert.equal(await tipHash(node()), hash);
  }

  it('is accepted at once when the mempool has all its transactions: no question, no echo, no points', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(10);
    await relay(node(), peer, block.transactions.slice(1));
    const points = await pointsFor(node(), async () => {
      assert.deepEqual(await answersTo(peer, compactForm(block)), []);
    });
    assert.deepEqual(points, []);
    await isAccepted(block);
    assert.deepEqual(await ask(node(), 'getrawmempool'), [], 'the transactions are confirmed');
    await peer.hangUp();
  });

  it('has the node request what it lacks, and is accepted with that', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(5);
    assert.deepEqual(await requested(peer, compactForm(block)), [1, 2, 3, 4, 5]);
    assert.notEqual(await tipHash(node()), block.hash);
    sendTransactions(peer, block, [1, 2, 3, 4, 5]);
    await peer.sync();
    await isAccepted(block);
    await peer.hangUp();
  });

  it('has only those requested that are neither prefilled nor in the mempool', async () => {
    const peer = await TestPeer.ready(node());
    const first = await treasury.block(5);
    assert.deepEqual(await requested(peer, compactForm(first, { prefill: [0, 1, 5] })), [2, 3, 4]);
    sendTransactions(peer, first, [2, 3, 4]);
    await peer.sync();
    await isAccepted(first);
    const second = await treasury.block(5);
    await relay(node(), peer, second.transactions.slice(1, 2));
    assert.deepEqual(await requested(peer, compactForm(second, { prefill: [0, 2, 3, 4] })), [5]);
    sendTransactions(peer, second, [5]);
    await peer.sync();
    await isAccepted(second);
    await peer.hangUp();
  });

  it('is accepted with all transactions prefilled', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(3);
    assert.deepEqual(await answersTo(peer, compactForm(block, { prefill: [0, 1, 2, 3] })), []);
    await isAccepted(block);
    await peer.hangUp();
  });

  it('with the short ids of another nonce has everything requested, and is accepted', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(2);
    await relay(node(), peer, block.transactions.slice(1));
    const wrong = { ...compactForm(block), nonce: 8n };
    assert.deepEqual(await requested(peer, wrong), [1, 2]);
    sendTransactions(peer, block, [1, 2]);
    await peer.sync();
    await isAccepted(block);
    await peer.hangUp();
  });

  it('is in the answer to a getheaders behind it once the node has it, and not before', async () => {
    const peer = await TestPeer.ready(node());
    const block = await treasury.block(1);
    const question = { command: 'getheaders', version: 70240, locator: [block.parent], stop: block.hash } as const;
    peer.send(compactForm(block), question);
    assert.deepEqual((await peer.next('headers')).headers, []);
    sendTransactions(peer, block, [1]);
    peer.send(question);
    assert.deepEqual((await peer.next('headers')).headers, [block.header]);
    await peer.hangUp();
  });

  it('on an unknown parent has headers requested and is dropped, without points', async () => {
    const peer = await TestPeer.ready(node());
    const orphan = sampleOf(mine({ ...(await templateOn(node())), parent: 'ab'.repeat(32) }));
    const points = await pointsFor(node(), async () => {
      assert.deepEqual(await answersTo(peer, compactForm(orphan)), ['getheaders']);
    });
    assert.deepEqual(points, []);
    await peer.hangUp();
  });

  it('is dropped when it ties with the tip, and the whole block is kept as a side branch', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const [first, second] = [sampleOf(mine(template)), sampleOf(mine(template))];
    await answersTo(peer, compactForm(first));
    await isAccepted(first);
    assert.deepEqual(await answersTo(peer, compactForm(second)), []);
    assert.equal(await branchStatus(second), 'headers-only');
    await answersTo(peer, { command: 'block', raw: second.raw });
    assert.equal(await branchStatus(second), 'valid-headers');
    await isAccepted(first);
    await peer.hangUp();
  });

  it('is taken up to two blocks above the tip, and further above has the blocks requested', async () => {
    const peer = await TestPeer.ready(node());
    const blocks: Sample[] = [];
    let template = await templateOn(node());
    for (let count = 0; count < 5; count += 1) {
      const block = sampleOf(mine(template));
      blocks.push(block);
      template = following(template, block.hash);
    }
    const [one, two, three, four, five] = blocks;
    assert.ok(one && two && three && four && five);
    assert.deepEqual(await answersTo(peer, { command: 'headers', headers: [one.header] }), ['getdata']);
    assert.deepEqual(await answersTo(peer, compactForm(two)), []);
    await answersTo(peer, { command: 'block', raw: one.raw });
    await isAccepted(two);
    const heard = peer.all('getdata').length;
    await answersTo(peer, { command: 'headers', headers: [three.header, four.header] });
    assert.deepEqual(await answersTo(peer, compactForm(five)), ['getdata']);
    const asked = peer.all('getdata').slice(heard);
    assert.deepEqual(
      asked.flatMap(({ items }) => items.map(({ hash }) => hash)),
      [three.hash, four.hash, five.hash],
    );
    for (const { raw } of [three, four, five]) peer.send({ command: 'block', raw });
    await peer.sync();
    await isAccepted(five);
    await peer.hangUp();
  });

  it('is dropped while the tip is older than 50 minutes; the whole block is not', async () => {
    await node().setAhead(STALE_SECONDS);
    const peer = await TestPeer.ready(node());
    const block = sampleOf(mine(await templateOn(node())));
    assert.deepEqual(await answersTo(peer, compactForm(block)), []);
    assert.equal(await branchStatus(block), 'headers-only');
    await answersTo(peer, { command: 'block', raw: block.raw });
    await isAccepted(block);
    await peer.hangUp();
    await node().setAhead(0);
  });

  it('has its first sender waited for; a second one is heard only when nothing is missing', async () => {
    const [slow, quick] = [await TestPeer.ready(node()), await TestPeer.ready(node())];
    const block = await treasury.block(5);
    assert.deepEqual(await requested(slow, compactForm(block)), [1, 2, 3, 4, 5]);
    assert.deepEqual(await answersTo(slow, compactForm(block)), [], 'the first sender again');
    assert.deepEqual(await answersTo(quick, compactForm(block)), []);
    sendTransactions(quick, block, [1, 2, 3, 4, 5]);
    await quick.sync();
    assert.notEqual(await tipHash(node()), block.hash, 'it was not the one that was asked');
    await relay(node(), quick, block.transactions.slice(1));
    assert.deepEqual(await answersTo(quick, compactForm(block)), []);
    await isAccepted(block);
    const points = await pointsFor(node(), async () => {
      sendTransactions(slow, block, [1, 2, 3, 4, 5]);
      await slow.sync();
    });
    assert.deepEqual(points, [], 'a late answer is ignored');
    await slow.hangUp();
    await quick.hangUp();
  });

  it('is no longer waited for when the whole block comes, from its sender or from another', async () => {
    const [slow, quick] = [await TestPeer.ready(node()), await TestPeer.ready(node())];
    for (const hedger of [slow, quick]) {
      const block = await treasury.block(3);
      assert.deepEqual(await requested(slow, compactForm(block)), [1, 2, 3]);
      const points = await pointsFor(node(), async () => {
        await answersTo(hedger, { command: 'block', raw: block.raw });
        await isAccepted(block);
        sendTransactions(slow, block, [1, 2, 3]);
        await slow.sync();
      });
      assert.deepEqual(points, []);
    }
    await slow.hangUp();
    await quick.hangUp();
  });

  it('has its sender chosen for high bandwidth, of the last three that gave a new tip', async () => {
    const peers: TestPeer[] = [];
    for (let count = 0; count < 4; count += 1) {
      const peer = await TestPeer.ready(node());
      peers.push(peer);
      peer.send({ command: 'sendcmpct', highBandwidth: false, version: 1n });
      await answersTo(peer, compactForm(sampleOf(mine(await templateOn(node())))));
      await eventually(() => (wishesOf(peer).at(-1) === true ? true : undefined), 'the wish');
    }
    const [first, ...others] = peers;
    await eventually(() => (first && wishesOf(first).at(-1) === false ? true : undefined), 'the end of the wish');
    assert.deepEqual(
      others.map((peer) => wishesOf(peer).at(-1)),
      [true, true, true],
    );
    await Promise.all(peers.map((peer) => peer.hangUp()));
  });

  async function branchStatus({ hash }: Sample): Promise<string | undefined> {
    const tips = await ask<{ hash: string; status: string }[]>(node(), 'getchaintips');
    return tips.find((tip) => tip.hash === hash)?.status;
  }
}

function wishesOf(peer: TestPeer): boolean[] {
  return peer.all('sendcmpct' satisfies Command).map(({ highBandwidth }) => highBandwidth);
}
