import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HEADER_SIZE, hashHeader, loadX11 } from '../../src/block/x11.js';
import type { Behaviour, LinkQuality } from '../../src/simulated/behaviour.js';
import { DASH_CORE_24, type DashCoreRelease } from '../../src/simulated/dash-core.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import type { Timers } from '../../src/simulated/timers.js';
import { frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { eventually } from '../contract/node-under-test.js';
import { TestPeer, versionMessage } from '../contract/test-peer.js';

const nodes: SimulatedNode[] = [];

async function startNode(
  behaviour: Behaviour = {},
  linkQuality: LinkQuality = { latencyMs: 0 },
  timers?: Timers,
): Promise<SimulatedNode> {
  const node = new SimulatedNode({ behaviour, linkQuality, ...(timers === undefined ? {} : { timers }) });
  await node.start();
  nodes.push(node);
  return node;
}

/** Takes a node out of its initial download. */
function warm(...of: SimulatedNode[]): void {
  const raw = mineBlock((of[0] as SimulatedNode).chain.template());
  for (const node of of) assert.equal(node.submit(raw).accepted, true);
}

describe('simulated node', () => {
  before(loadX11);
  beforeEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
  });
  after(() => Promise.all(nodes.map((node) => node.stop())));

  it('keeps its port and chain from stop to start', async () => {
    const node = await startNode();
    warm(node);
    const { port } = node;
    await node.stop();
    await assert.rejects(TestPeer.dial({ host: node.host, port }));
    await node.start();
    assert.equal(node.port, port);
    const peer = await TestPeer.dial(node);
    peer.send(versionMessage());
    assert.equal((await peer.next('version')).height, 1);
    await peer.hangUp();
  });

  it('refuses a port that is taken', async () => {
    const { port } = await startNode();
    await assert.rejects(new SimulatedNode({ port }).start(), { code: 'EADDRINUSE' });
  });

  it('counts what it received, and keeps its points for the asking', async () => {
    const node = await startNode();
    const peer = await TestPeer.ready(node);
    const orphan = mineBlock({ ...node.chain.template(), parent: 'aa'.repeat(32) });
    peer.send({ command: 'block', raw: orphan });
    await peer.sync();
    assert.deepEqual(node.misbehaviour, [{ peer: 0, points: 10, reason: 'prev-blk-not-found' }]);
    const [inside] = node.peers;
    assert.equal(inside?.received.get('block'), 1);
    await peer.hangUp();
  });

  it('passes blocks on among nodes, several hops, and catches up when it connects', async () => {
    const [a, b, c] = [await startNode(), await startNode(), await startNode()];
    warm(a, b, c);
    await b.connect(a);
    await c.connect(b);
    const blocks: Buffer[] = [];
    for (let count = 0; count < 3; count += 1) {
      const raw = mineBlock(a.chain.template());
      blocks.push(raw);
      a.submit(raw);
      await eventually(() => (c.chain.tip.hash === a.chain.tip.hash ? true : undefined), 'the third to follow');
    }
    const late = await startNode();
    await late.connect(c);
    await eventually(() => (late.chain.tip.hash === a.chain.tip.hash ? true : undefined), 'the latecomer to catch up');
    assert.deepEqual(
      [a, b, c, late].flatMap(({ misbehaviour }) => misbehaviour),
      [],
    );
    assert.deepEqual(late.chain.at(4)?.raw, blocks[2]);
  });

  it('goes over to the longer chain after a partition', async () => {
    const [a, b] = [await startNode(), await startNode()];
    warm(a, b);
    const grow = (node: SimulatedNode, count: number, extraNonce: number) => {
      for (let n = 0; n < count; n += 1) node.submit(mineBlock(node.chain.template(), { extraNonce }));
    };
    grow(a, 2, 1);
    grow(b, 3, 2);
    await a.connect(b);
    await eventually(() => (a.chain.tip.hash === b.chain.tip.hash ? true : undefined), 'agreement');
    assert.equal(a.chain.tip.height, 4);
  });

  it('knows a connection to itself', async () => {
    const node = await startNode();
    await node.connect(node);
    await eventually(() => (node.peers.size === 0 ? true : undefined), 'both ends to close');
    assert.ok(node.log.some((line) => line.includes('connected to self')));
  });

  it('takes its time, each way', async () => {
    const delays: number[] = [];
    const timers: Timers = {
      after(ms, action) {
        delays.push(ms);
        setImmediate(action);
        return () => undefined;
      },
    };
    const node = await startNode({}, { latencyMs: 33, bytesPerSecond: 1_000 }, timers);
    const peer = await TestPeer.dial(node);
    const frame = versionMessage();
    peer.send(frame);
    await peer.next('verack');
    const transfer = delays.find((ms) => ms !== 33);
    assert.ok(transfer !== undefined && transfer > 100, 'about 130 bytes at 1,000 a second');
    assert.equal(delays.filter((ms) => ms === 33).length, 4, 'one message in, three out');
    await peer.hangUp();
  });
});

describe('a node of Dash Core 24', () => {
  before(loadX11);
  after(() => Promise.all(nodes.map((node) => node.stop())));

  async function start(release?: DashCoreRelease): Promise<SimulatedNode> {
    const node = new SimulatedNode({ ...(release !== undefined && { release }) });
    await node.start();
    nodes.push(node);
    return node;
  }

  it('sends protocol 70242 and its user agent, and accepts peers from protocol 70221 on', async () => {
    const node = await start(DASH_CORE_24);
    const peer = await TestPeer.ready(node, { version: { version: 70221 } });
    const [version] = peer.all('version');
    assert.equal(version?.version, 70242);
    assert.equal(version?.userAgent, '/Dash Core:24.0.3/');
    await peer.hangUp();
  });

  it('announces asset unlocks by inventory type 34, which Dash Core 23 does not know', async () => {
    const [node, older] = [await start(DASH_CORE_24), await start()];
    const peer = await TestPeer.ready(node);
    node.announceAssetUnlock('ab'.repeat(32));
    assert.deepEqual((await peer.next('inv')).items, [{ type: 34, hash: 'ab'.repeat(32) }]);
    assert.throws(() => older.announceAssetUnlock('ab'.repeat(32)), /23\.1\.2 has no asset unlocks/);
    await peer.hangUp();
  });

  it('answers a request for an unknown asset unlock by notfound, where Dash Core 23 does not answer', async () => {
    const items = [{ type: 34, hash: 'ab'.repeat(32) }];
    for (const [node, answers] of [
      [await start(DASH_CORE_24), [{ command: 'notfound', items }]],
      [await start(), []],
    ] as const) {
      const peer = await TestPeer.ready(node);
      peer.send({ command: 'getdata', items });
      await peer.sync();
      assert.deepEqual(peer.all('notfound'), answers);
      await peer.hangUp();
    }
  });

  it('exchanges blocks with a node of Dash Core 23', async () => {
    const [node, older] = [await start(DASH_CORE_24), await start()];
    warm(node, older);
    await older.connect(node);
    const raw = mineBlock(node.chain.template());
    node.submit(raw);
    await eventually(() => (older.chain.tip.hash === node.chain.tip.hash ? true : undefined), 'both at one tip');
    assert.deepEqual([...node.misbehaviour, ...older.misbehaviour], []);
  });
});

describe('a node with a fault', () => {
  before(loadX11);
  after(() => Promise.all(nodes.map((node) => node.stop())));

  it('dies in the middle of a block, every time, and never has it', async () => {
    const node = await startNode({ diesMidBlock: true });
    for (const size of [200, 1_000_000]) {
      const peer = await TestPeer.ready(node);
      peer.send({ command: 'block', raw: mineBlock(node.chain.template(), { size }) });
      await peer.hungUp();
    }
    assert.equal(node.chain.tip.height, 0);
  });

  it('lies: it says that it has each block that it was sent, and takes none', async () => {
    const node = await startNode({ lies: true });
    const peer = await TestPeer.ready(node);
    const template = node.chain.template();
    const raw = mineBlock(template);
    const header = raw.subarray(0, HEADER_SIZE);
    const question = { command: 'getheaders', version: 70240, locator: [template.parent] } as const;
    peer.send({ command: 'block', raw }, { ...question, stop: hashHeader(header) });
    assert.deepEqual((await peer.next('headers')).headers, [header]);
    peer.send({ ...question, stop: 'ab'.repeat(32) });
    assert.deepEqual((await peer.next('headers')).headers, [], 'it was not sent that one');
    assert.equal(node.chain.tip.height, 0);
    await peer.hangUp();
  });

  it('says nothing from the start', async () => {
    const node = await startNode({ silent: 'from-the-start' });
    const peer = await TestPeer.dial(node);
    peer.send(versionMessage(), { command: 'verack' });
    await eventually(() => [...node.peers].find(({ received }) => received.has('verack')), 'the node to read');
    assert.equal(peer.heard.length, 0);
    assert.equal(peer.closed, false);
    await peer.hangUp();
  });

  it('says nothing after the handshake', async () => {
    const node = await startNode({ silent: 'after-the-handshake' });
    const peer = await TestPeer.ready(node);
    const heard = peer.heard.length;
    peer.send({ command: 'block', raw: mineBlock(node.chain.template()) }, { command: 'ping', nonce: 1n });
    await eventually(() => [...node.peers].find(({ received }) => received.has('ping')), 'the node to read');
    assert.equal(peer.heard.length, heard);
    assert.equal(node.chain.tip.height, 0);
    await peer.hangUp();
  });

  it('stops reading after the handshake, so that what is sent piles up', async () => {
    const node = await startNode({ neverReads: true });
    const peer = await TestPeer.ready(node);
    // More than the kernel keeps for a connection on either side.
    const plenty = frameOf(NETWORKS.regtest.magic, 'nonsense', Buffer.alloc(3_000_000));
    for (let count = 0; count < 10; count += 1) peer.write(plenty);
    peer.send({ command: 'ping', nonce: 1n });
    assert.ok(peer.backlog > 10_000_000);
    const other = await TestPeer.ready(node);
    assert.ok(peer.backlog > 10_000_000, 'still, a whole handshake later');
    await other.hangUp();
    await peer.hangUp();
  });

  it("speaks another network's magic", async () => {
    const node = await startNode({ magic: NETWORKS.mainnet.magic });
    const peer = await TestPeer.dial(node);
    peer.send(versionMessage());
    await peer.nextFault('wrong-magic');
    await peer.hangUp();
  });

  it('claims an obsolete version, or our own nonce', async () => {
    const old = await TestPeer.dial(await startNode({ version: 70208 }));
    old.send(versionMessage());
    assert.equal((await old.next('version')).version, 70208);
    const mirror = await TestPeer.dial(await startNode({ echoesNonce: true }));
    mirror.send(versionMessage({ nonce: 4711n }));
    assert.equal((await mirror.next('version')).nonce, 4711n);
    await old.hangUp();
    await mirror.hangUp();
  });

  for (const [floods, command] of [
    ['unknown-commands', 'nonsense'],
    ['pings', 'ping'],
    ['addresses', 'addr'],
  ] as const) {
    it(`floods with ${floods}, and not its own memory`, async () => {
      const node = await startNode({ floods });
      const peer = await TestPeer.ready(node);
      const count = () => peer.commands().filter((heard) => heard === command).length;
      await eventually(() => (count() > 200 ? true : undefined), 'a flood');
      for (const { link } of node.peers) assert.ok(link.backlog < 200_000);
      await peer.hangUp();
    });
  }

  it('drips byte by byte', async () => {
    const node = await startNode({ dripMs: 1 });
    const peer = await TestPeer.dial(node);
    peer.send(versionMessage());
    await peer.next('version');
    assert.ok(peer.chunks > 50);
    await peer.hangUp();
  });

  it('falsifies checksums', async () => {
    const peer = await TestPeer.ready(await startNode({ badChecksums: true }));
    peer.send({ command: 'ping', nonce: 1n });
    await peer.nextFault('bad-checksum');
    await peer.hangUp();
  });

  it('claims a payload that never comes', async () => {
    const modest = await TestPeer.ready(await startNode({ claimsPayload: 3 * 1024 * 1024 }));
    modest.send({ command: 'ping', nonce: 1n });
    const bold = await TestPeer.ready(await startNode({ claimsPayload: 3 * 1024 * 1024 + 1 }));
    await bold.nextFault('oversized');
    assert.equal(modest.all('pong').length, 0, 'the pong is taken for payload');
    await modest.hangUp();
    await bold.hangUp();
  });
});
