/** The main job against real dashds that are connected to nobody but the relay. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, it } from 'node:test';
import { examine, identify } from '../../src/block/gate.js';
import { loadX11 } from '../../src/block/x11.js';
import type { BlockReceived } from '../../src/contracts/events.js';
import { createEventLog } from '../../src/ops/log-events.js';
import { createLogger } from '../../src/ops/logger.js';
import type { RelayDeps } from '../../src/relay/relay.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { mineBlock, type Template } from '../../src/simulated/miner.js';
import { NETWORKS } from '../../src/wire/network.js';
import { following, pointsIn } from '../contract/node-under-test.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

/** Blocks that exist before anybody is connected, the same for all. */
const COMMON = 3;

/** A dashd that only mines, three that only know the relay, the first of them the pool's own. */
class Net {
  private constructor(
    readonly miner: DashdProcess,
    readonly nodes: readonly DashdProcess[],
    readonly relay: RelayUnderTest,
  ) {}

  static async start(deps: Partial<RelayDeps> = {}, options: Record<string, string> = {}): Promise<Net> {
    await loadX11();
    const [miner, local, ...others] = await Promise.all([startDashd(), startDashd(), startDashd(), startDashd()]);
    const nodes = [local, ...others];
    for (const hash of await miner.generate(COMMON)) {
      await Promise.all(nodes.map(async (node) => give(node, await blockOf(miner, hash))));
    }
    const relay = await RelayUnderTest.start(
      {
        'dashd-rpc-url': local.rpcUrl,
        'dashd-rpc-cookie-file': local.cookieFile,
        'dashd-p2p-port': String(local.port),
        'dashd-zmq-url': local.zmqUrl,
        peers: others.map(({ address }) => address).join(','),
        ...options,
      },
      deps,
    );
    const net = new Net(miner, nodes, relay);
    await relay.connected(3);
    await relay.tipKnown();
    return net;
  }

  get local(): DashdProcess {
    const [first] = this.nodes;
    assert.ok(first);
    return first;
  }

  /** A block that the miner alone has. */
  async mine(): Promise<Buffer> {
    const [hash = ''] = await this.miner.generate(1);
    return blockOf(this.miner, hash);
  }

  async template(): Promise<Template> {
    const tip = await this.local.rpc<{ hash: string; height: number; time: number }>(
      'getblockheader',
      await this.local.rpc('getbestblockhash'),
    );
    return { parent: tip.hash, height: tip.height + 1, time: tip.time + 1, special: false };
  }

  async assertAllOn(raw: Buffer): Promise<void> {
    const tips = await Promise.all(this.nodes.map((node) => node.rpc<string>('getbestblockhash')));
    assert.deepEqual(
      tips,
      tips.map(() => hashOf(raw)),
    );
  }

  assertNoPoints(): void {
    assert.deepEqual(
      this.nodes.flatMap((node) => pointsIn(node.log())),
      [],
    );
  }

  received(raw: Buffer): BlockReceived | undefined {
    return this.relay.events.find(
      (event): event is BlockReceived => event.type === 'received' && event.hash === hashOf(raw),
    );
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await Promise.all([this.miner, ...this.nodes].map((node) => node.remove()));
  }
}

async function blockOf(node: DashdProcess, hash: string): Promise<Buffer> {
  return Buffer.from(await node.rpc<string>('getblock', hash, 0), 'hex');
}

async function give(node: DashdProcess, raw: Buffer): Promise<void> {
  assert.equal(await node.rpc('submitblock', raw.toString('hex')), null);
}

describeWithDashd('three dashds connected to the relay alone', () => {
  let net: Net;
  before(async () => {
    net = await Net.start();
  });
  after(() => net?.stop());

  it('proves a pushed block accepted by each of them', async () => {
    const raw = await net.mine();
    await net.relay.push(raw);
    const verdict = await net.relay.verdict(raw);
    assert.equal(verdict.outcome, 'delivered');
    assert.deepEqual([verdict.accepted, verdict.peersTried], [3, 3]);
    assert.ok(verdict.rpc?.outcome === 'duplicate' || verdict.rpc?.outcome === 'accepted');
    await net.assertAllOn(raw);
    net.assertNoPoints();
  });

  it('takes hex, and a topic with frames behind the block', async () => {
    const hex = await net.mine();
    await net.relay.push(hex.toString('hex'));
    assert.equal((await net.relay.verdict(hex)).accepted, 3);
    const topic = await net.mine();
    await net.relay.push('rawblock', topic, 'and what may follow');
    assert.equal((await net.relay.verdict(topic)).accepted, 3);
  });

  it('delivers 100 blocks in rapid succession, in order, none missed', async () => {
    const blocks: Buffer[] = [];
    for (let count = 0; count < 100; count += 1) blocks.push(await net.mine());
    for (const raw of blocks) await net.relay.push(raw);
    for (const raw of blocks) {
      const verdict = await net.relay.verdict(raw);
      assert.deepEqual([verdict.accepted, verdict.failed], [3, 0]);
    }
    const received = net.relay.events.flatMap((event) => (event.type === 'received' ? [event.hash] : []));
    assert.deepEqual(received.slice(-100), blocks.map(hashOf));
    await net.assertAllOn(blocks.at(-1) ?? Buffer.alloc(0));
    net.assertNoPoints();
  });

  it('lets no peer see a block with one transaction byte changed; the word of dashd is the verdict', async () => {
    const raw = mineBlock(await net.template());
    const broken = Buffer.from(raw);
    const at = broken.length - 6;
    broken.writeUInt8(broken.readUInt8(at) ^ 1, at);
    await net.relay.push(broken);
    const rejected = await net.relay.verdict(broken);
    assert.deepEqual([rejected.outcome, rejected.success, rejected.peersTried], ['rejected', false, 0]);
    assert.equal(rejected.rpc?.reason, 'bad-txnmrklroot');
    net.assertNoPoints();
    // The same header with the right body is another matter.
    await net.relay.push(raw);
    const delivered = await net.relay.verdict(raw, ({ outcome }) => outcome === 'delivered');
    assert.equal(delivered.accepted, 3);
    await give(net.miner, raw);
  });

  it('sends nobody a block whose proof of work is bad, that is truncated, or that is too large', async () => {
    const raw = mineBlock(await net.template());
    const blocksSeen = () => net.nodes.map((node) => node.log().match(/received: block/g)?.length ?? 0);
    const seen = blocksSeen();
    const lazy = Buffer.from(raw);
    for (let nonce = 0; identify(lazy, NETWORKS.regtest).kind === 'block'; nonce += 1) lazy.writeUInt32LE(nonce, 76);
    await net.relay.push(lazy);
    assert.equal((await net.relay.refusal('bad-proof-of-work')).hash, hashOf(lazy));
    await net.relay.push(raw.subarray(0, 80));
    await net.relay.refusal('too-small');
    await net.relay.push(Buffer.concat([raw, Buffer.alloc(2_000_001 - raw.length)]));
    await net.relay.refusal('too-large');
    // Cut inside a transaction, it might be a transaction we do not understand: that is for dashd alone to say.
    const cut = raw.subarray(0, -1);
    await net.relay.push(cut);
    const verdict = await net.relay.verdict(cut);
    assert.deepEqual([verdict.outcome, verdict.peersTried], ['rejected', 0]);
    assert.deepEqual(blocksSeen(), seen);
    net.assertNoPoints();
  });
});

describeWithDashd('a relay without the feed of dashd', () => {
  let net: Net;
  before(async () => {
    net = await Net.start({}, { 'dashd-zmq-url': 'none', 'broadcast-min-peers': '2' });
  });
  after(() => net?.stop());

  it('pushes a block on a parent it does not know right after dashd has taken it', async () => {
    // While nobody is connected, blocks come about of which the relay can only learn those of the chain.
    await Promise.all(net.nodes.map((node) => node.rpc('setnetworkactive', false)));
    const template = await net.template();
    const first = mineBlock(template);
    const tip = mineBlock(following(template, hashOf(first)));
    // The rival's parent is beside the chain, so that nothing announces it.
    const side = mineBlock({ ...following(template, hashOf(first)), time: template.time + 2 });
    const rival = mineBlock(following(following(template, hashOf(first)), hashOf(side)));
    await net.relay.connected(0);
    const nodes = [net.miner, ...net.nodes];
    for (const raw of [first, tip]) await Promise.all(nodes.map((node) => give(node, raw)));
    await Promise.all(nodes.map((node) => node.rpc('submitblock', side.toString('hex'))));
    await Promise.all(net.nodes.map((node) => node.rpc('setnetworkactive', true)));
    await net.relay.connected(3);
    await net.relay.push(rival);
    const verdict = await net.relay.verdict(rival);
    assert.match(net.received(rival)?.held?.join() ?? '', /parent/);
    assert.deepEqual([verdict.peersReached, verdict.failed], [3, 0]);
    net.assertNoPoints();
  });
});

describeWithDashd('a relay whose scanner does not know the latest upgrade', () => {
  let net: Net;
  before(async () => {
    const ignorant: typeof examine = (block) => {
      const inspection = examine(block);
      if (inspection.kind === 'refused') return inspection;
      return { ...inspection, doubts: [{ code: 'transactions', reason: 'a transaction type of tomorrow' }] };
    };
    net = await Net.start({ examine: ignorant });
  });
  after(() => net?.stop());

  it('pushes a block it cannot account for to all peers right after dashd has accepted it', async () => {
    const raw = await net.mine();
    await net.relay.push(raw);
    const verdict = await net.relay.verdict(raw);
    assert.deepEqual(net.received(raw)?.held, ['a transaction type of tomorrow']);
    assert.equal(verdict.rpc?.outcome, 'accepted');
    assert.deepEqual([verdict.peersReached, verdict.peersTried], [3, 3]);
    await net.assertAllOn(raw);
    net.assertNoPoints();
  });
});

describeWithDashd("the pool's own dashd stopped and started again", () => {
  let net: Net;
  before(async () => {
    net = await Net.start();
  });
  after(() => net?.stop());

  it('is missed critically, costs the other peers nothing, and is given the block once it is back', async () => {
    const output = new PassThrough();
    net.relay.relay.events$.subscribe(createEventLog(createLogger({ level: 'info', format: 'json' }, output)));
    await net.local.stop();
    const lost = await net.relay.until('the loss of dashd', (events) =>
      events.find((event) => event.type === 'peer-lost' && event.protected && event.wasReady),
    );
    assert.ok(lost);
    assert.equal(net.relay.relay.peers.size, 2);

    const raw = await net.mine();
    await net.relay.push(raw);
    const meanwhile = await net.relay.verdict(raw);
    assert.deepEqual([meanwhile.outcome, meanwhile.accepted, meanwhile.rpc?.outcome], ['delivered', 2, 'unavailable']);

    await net.local.start();
    await net.relay.connected(3);
    const later = await net.relay.verdict(
      raw,
      ({ rpc }) => rpc?.outcome === 'duplicate' || rpc?.outcome === 'accepted',
    );
    assert.equal(later.outcome, 'delivered');
    await net.assertAllOn(raw);
    const lines = String(output.read())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.filter(({ level }) => level === 'critical').map(({ event }) => event.type),
      ['peer-lost'],
    );
  });
});
