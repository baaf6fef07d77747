/** The real relay among coarse nodes, on a small network whose times are known: no jitter, no loss, no spread of paths. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import type { BlockProof } from '../../../src/contracts/events.js';
import { Engine, type Micros } from '../../../src/simulation/engine.js';
import { FullForm } from '../../../src/simulation/live/full-form.js';
import { LatencyTable } from '../../../src/simulation/net/latency-table.js';
import { Transport } from '../../../src/simulation/net/transport.js';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import { DashNetwork } from '../../../src/simulation/network/dash-network.js';
import type { NetworkPlan, NodeId, NodePlan } from '../../../src/simulation/network/plan.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { DrawnNetwork } from './drawn-network.js';

const MBIT = 125_000;
const LATENCY = new LatencyTable({ regions: ['here'], roundTripMs: [[40]], spread: 0 });
const DASHD = 0;
const PEERS: readonly NodeId[] = [1, 2];
/** Connected to the first peer alone. */
const BEHIND = 3;

const NODE: NodePlan = {
  ...{ kind: 'masternode', region: 0, accessMs: 1, up: 100 * MBIT, down: 100 * MBIT, cpu: 1 },
  ...{ online: true, listens: true, ip: '', foreignInbound: 0 },
};
const PLAN: NetworkPlan = {
  nodes: [DASHD, ...PEERS, BEHIND].map((id) => ({ ...NODE, ip: `45.${id}.0.1`, accessMs: 1 + id })),
  edges: [{ from: 1, to: BEHIND, blockRelayOnly: false }],
  quorums: [],
  dashd: DASHD,
  miners: [BEHIND],
};

before(loadX11);

function setUp() {
  const engine = new Engine();
  const carrier = new Transport({
    ...{ engine, latency: LATENCY, random: new RunRandom(1, 'transport') },
    options: { loss: 0, jitterMs: 0 },
  });
  for (const { region, accessMs, up, down } of PLAN.nodes) carrier.addHost({ region, accessMs, up, down });
  const random = new RunRandom(1, 'network');
  const network = new DashNetwork({ engine, carrier, random, plan: PLAN, mempoolOverlap: 1 });
  const connected = new Map<NodeId, Micros>();
  network.listen((node, block, at) => {
    if (block.parent !== undefined) connected.set(node, at);
  });
  return { engine, carrier, network, connected };
}

async function fullForm() {
  const parts = setUp();
  const form = await FullForm.start({ ...parts, plan: PLAN, random: new RunRandom(1, 'full'), peers: PEERS });
  // Nothing is under way any more, and the congestion windows are the initial ones.
  await form.driver.run(10_000);
  return { ...parts, form };
}

function found(network: DashNetwork): SimBlock {
  return network.newBlock(network.start, 12_000);
}

describe('the real relay among coarse nodes', () => {
  test('has its block at each node at the microsecond at which its decisions alone would have it there', async () => {
    const { form, network, connected } = await fullForm();
    const block = found(network);
    const pushedAt = form.driver.engine.now;
    form.pool.push(form.rawOf(block));
    await form.driver.run(5_000);

    const cheap = setUp();
    const outside = cheap.network.outside(DASHD);
    const links = [DASHD, ...PEERS].map((id) => cheap.network.dial(outside, id));
    for (const link of links) {
      outside.push(link, found(cheap.network), 'full');
      outside.ask(link);
    }
    cheap.engine.run();

    const ZMQ = 100;
    const ahead = [...connected].map(([node, at]) => [node, at - pushedAt - ZMQ]);
    assert.deepEqual(ahead, [...cheap.connected]);
    assert.equal(connected.size, PLAN.nodes.length);
  });

  test('proves its block at each peer, and has a verdict', async () => {
    const { form, network, connected } = await fullForm();
    form.pool.push(form.rawOf(found(network)));
    await form.driver.run(5_000);
    const events = form.relay.records.map(({ event }) => event);
    const verdict = events.findLast((event) => event.type === 'verdict');
    assert.deepEqual([verdict?.outcome, verdict?.peersReached], ['delivered', PEERS.length + 1]);
    const isOf = ({ peer, protected: isDashd }: BlockProof, id: NodeId): boolean =>
      id === DASHD ? isDashd : peer === form.placeOf(id);
    for (const id of [DASHD, ...PEERS]) {
      const proof = form.relay.records.find(
        ({ event }) => event.type === 'proof' && event.status === 'accepted' && isOf(event, id),
      );
      assert.ok((proof?.at ?? 0) > (connected.get(id) ?? Number.NaN), 'once the node has connected it');
    }
  });

  test('pushes a block that came to dashd over RPC alone, after dashd has it in the network', async () => {
    const { form, network, connected } = await fullForm();
    form.dashd.node.submit(form.rawOf(found(network)));
    await form.driver.run(1_000);
    assert.deepEqual([...connected.keys()], [DASHD, ...PEERS, BEHIND]);
  });

  test("hears of another pool's block from its peers and from dashd, and then pushes on top of it", async () => {
    const { form, network, connected } = await fullForm();
    const theirs = found(network);
    network.node(BEHIND).submit(theirs);
    // dashd is connected to nobody here.
    network.node(DASHD).submit(theirs);
    await form.driver.run(5_000);
    const tips = form.relay.records.flatMap(({ event }) => (event.type === 'tip' ? [event] : []));
    assert.equal(tips.at(-1)?.source, 'feed');
    connected.clear();
    const ours = network.newBlock(theirs, 12_000);
    form.pool.push(form.rawOf(ours));
    await form.driver.run(5_000);
    assert.equal(connected.size, PLAN.nodes.length);
  });

  test('finds its peers in a network that dashd tells it of', async () => {
    const drawn = new DrawnNetwork(1, {});
    const { engine, carrier, network, plan, random } = drawn;
    const form = await FullForm.start({ engine, carrier, network, plan, random: random.fork('full') });
    await form.driver.run(60_000);
    const names = new Set(plan.nodes.map((_node, id) => form.placeOf(id)));
    const peers = [...(form.relay.current?.peers.keys() ?? [])].filter((peer) => names.has(peer));
    assert.equal(peers.length, 19);
    form.pool.push(form.rawOf(drawn.found()));
    await form.driver.run(5_000);
    assert.equal(drawn.connected.size, plan.nodes.length);
  });

  test('has no peer that is offline or takes no connections', async () => {
    const nodes = PLAN.nodes.map((node, id) => (id === 2 ? { ...node, listens: false } : node));
    const starting = FullForm.start({
      ...setUp(),
      ...{ plan: { ...PLAN, nodes }, random: new RunRandom(1, 'full'), peers: PEERS },
    });
    await assert.rejects(starting, /2 of 3 peers are connected/);
  });
});
