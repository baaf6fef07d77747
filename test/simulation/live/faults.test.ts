/** What can go wrong in a live network, and how the relay comes through it: each hook of start.ts is used here once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LiveNetwork, startLiveNetwork } from '../../../src/simulation/live/start.js';
import { connectedNetwork, events, hashOf, NODES, tipAt, verdictOn } from './support.js';

/** Virtual milliseconds within which a relay starts. */
const START_MS = 30_000;

async function restart(network: LiveNetwork): Promise<void> {
  await network.driver.settled(network.relay.start(), START_MS);
}

/** Pushes a block, and runs until the relay has emitted the event. */
async function pushUntil(network: LiveNetwork, type: 'received' | 'stored'): Promise<Buffer> {
  const raw = network.mine({ size: 15_000 });
  network.pool.push(raw);
  const hash = hashOf(raw);
  const seen = (): boolean => events(network).some((event) => event.type === type && event.hash === hash);
  assert.ok(await network.driver.until(seen, 1_000));
  return raw;
}

describe('a relay in a live network', () => {
  test('that is killed once it has a block on disk sends it again after its start', async () => {
    const network = await connectedNetwork();
    for (const { node } of network.nodes) node.behaviour = { stuck: true };
    network.dashd.rpcFaults = { hangs: true };
    const raw = await pushUntil(network, 'received');
    network.relay.kill();
    assert.equal(network.relay.state, 'down');
    await network.driver.run(10_000);
    assert.equal(verdictOn(network, raw), undefined);
    network.dashd.rpcFaults = {};
    for (const { node } of network.nodes) node.behaviour = {};
    await restart(network);
    await network.driver.run(60_000);
    assert.equal(verdictOn(network, raw)?.outcome, 'delivered');
    assert.equal(tipAt(network, raw), NODES);
  });

  test('whose machine loses power keeps a block that is stored', async () => {
    const network = await connectedNetwork();
    network.dashd.rpcFaults = { hangs: true };
    for (const { node } of network.nodes) node.behaviour = { stuck: true };
    const raw = await pushUntil(network, 'stored');
    network.relay.losePower();
    network.dashd.rpcFaults = {};
    for (const { node } of network.nodes) node.behaviour = {};
    await restart(network);
    await network.driver.run(60_000);
    assert.equal(verdictOn(network, raw)?.outcome, 'delivered');
  });

  test('that stops on request has closed everything, and starts again', async () => {
    const network = await connectedNetwork();
    await network.driver.settled(network.relay.stop(), START_MS);
    assert.equal(network.relay.state, 'down');
    await network.driver.run(1_000);
    assert.ok(network.nodes.every(({ node }) => [...node.peers].every((peer) => !isRelay(peer.version?.userAgent))));
    await restart(network);
    await network.connected(NODES + 1);
  });

  test('that cannot start, or not close something, is down', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    await assert.rejects(
      startLiveNetwork({ seed: 1, nodes: 1, wrap: (ports) => ({ ...ports, createRpc: broken }) }),
      /broken/,
    );
    const network = await startLiveNetwork({
      ...{ seed: 1, nodes: 1 },
      wrap: (ports) => ({ ...ports, openControl: () => ({ close: broken }) }),
    });
    await assert.rejects(network.driver.settled(network.relay.stop(), START_MS), /broken/);
    assert.equal(network.relay.state, 'down');
    await restart(network);
  });

  test('is sent at its start what the pool pushed while it was down', async () => {
    const network = await connectedNetwork();
    network.relay.kill();
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(1_000);
    assert.equal(network.pool.backlog, 1);
    await restart(network);
    await network.driver.run(10_000);
    assert.equal(verdictOn(network, raw)?.outcome, 'delivered');
  });

  test('goes on after its process stood still', async () => {
    const network = await connectedNetwork();
    network.relay.freeze();
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(20_000);
    assert.equal(verdictOn(network, raw), undefined);
    network.relay.thaw();
    await network.driver.run(5_000);
    assert.equal(verdictOn(network, raw)?.outcome, 'delivered');
    assert.equal(network.relay.current?.peers.size, NODES + 1);
  });

  test('notices that dashd is restarted: its connections break, and are made again', async () => {
    const network = await connectedNetwork();
    await network.driver.settled(network.dashd.stop(), START_MS);
    await network.driver.run(8_000);
    assert.equal(network.relay.current?.peers.size, NODES);
    const down = events(network).flatMap((event) =>
      event.type === 'service' && event.state === 'down' ? [`${event.service} ${event.code}`] : [],
    );
    assert.ok(down.includes('dashd-rpc unreachable'), String(down));
    assert.ok(down.includes('dashd-feed disconnected'), String(down));
    await network.driver.settled(network.dashd.start(), START_MS);
    await network.connected(NODES + 1);
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(5_000);
    assert.deepEqual(verdictOn(network, raw)?.rpc?.outcome, 'duplicate');
  });

  test('gets an answer to a block, though dashd is warming up when it is submitted', async () => {
    const network = await connectedNetwork();
    network.dashd.rpcFaults = { warmingUp: 'Loading block index...' };
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(2_000);
    network.dashd.rpcFaults = {};
    await network.driver.run(5_000);
    assert.equal(verdictOn(network, raw)?.outcome, 'delivered');
  });

  test('is told by the feed that messages were lost', async () => {
    const network = await connectedNetwork();
    network.dashd.generate();
    await network.driver.run(1_000);
    network.dashd.zmqFaults = { swallows: 'both' };
    network.dashd.generate();
    network.dashd.zmqFaults = {};
    network.dashd.generate();
    await network.driver.run(1_000);
    assert.ok(events(network).some((event) => event.type === 'service' && event.code === 'gap'));
  });

  test('loses peers behind a path that is cut, though neither end hears of it, and has them again once it is open', async () => {
    const network = await connectedNetwork();
    const open = network.nodes.map(({ machine }) => network.transport.cut(network.home.host, machine.host));
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(60_000);
    assert.equal(verdictOn(network, raw)?.peersReached, 1);
    const lost = events(network).flatMap((event) => (event.type === 'peer-lost' ? [event.code] : []));
    assert.ok(lost.includes('block-not-acknowledged') && lost.includes('dial-timeout'), String(lost));
    for (const heal of open) heal();
    await network.connected(NODES + 1, 600_000);
    await network.driver.run(10_000);
    assert.equal(tipAt(network, raw), NODES);
  });

  test('keeps its connections when the wall clock jumps', async () => {
    const network = await connectedNetwork();
    for (const ms of [86_400_000, -172_800_000]) {
      network.clock.jump(ms);
      await network.driver.run(120_000);
    }
    assert.equal(network.relay.current?.peers.size, NODES + 1);
    assert.ok(events(network).every((event) => event.type !== 'peer-lost'));
  });

  test('loses a node that goes away, and connects to it once it is back', async () => {
    const network = await connectedNetwork();
    const [first] = network.nodes;
    assert.ok(first);
    await network.driver.settled(first.stop(), START_MS);
    await network.driver.run(1_000);
    const lost = events(network).flatMap((event) =>
      event.type === 'peer-lost' && event.peer === first.node.address ? [event.code] : [],
    );
    assert.deepEqual(lost, ['closed-by-peer']);
    await network.driver.settled(first.start(), START_MS);
    await network.connected(NODES + 1, 600_000);
  });

  test('hangs up on a node that falls silent', async () => {
    const network = await connectedNetwork();
    const [first] = network.nodes;
    first?.node.fallSilent();
    await network.driver.run(300_000);
    const lost = events(network).flatMap((event) =>
      event.type === 'peer-lost' && event.peer === first?.node.address ? [event.code] : [],
    );
    assert.equal(lost[0], 'no-pong');
  });
});

describe('dashd in a live network', () => {
  test('that is stopped keeps its chain', async () => {
    const network = await connectedNetwork();
    const raw = network.dashd.generate();
    await network.driver.settled(network.dashd.stop(), START_MS);
    await network.driver.settled(network.dashd.start(), START_MS);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(raw));
  });

  test('that is killed loses the blocks since its start or its last write, and has them from its peers', async () => {
    const network = await connectedNetwork();
    const { height } = network.dashd.node.chain.tip;
    const raw = network.mine();
    network.pool.push(raw);
    await network.driver.run(5_000);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(raw));
    await network.driver.settled(network.dashd.kill(), START_MS);
    assert.equal(network.dashd.node.chain.tip.height, height);
    await network.driver.settled(network.dashd.start(), START_MS);
    await network.driver.run(60_000);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(raw));
  });

  test('has written its blocks within the hour', async () => {
    const network = await connectedNetwork();
    await network.driver.run(3_600_000);
    const after = network.dashd.generate();
    network.dashd.generate();
    await network.driver.settled(network.dashd.kill(), START_MS);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(after));
  });
});

function isRelay(userAgent: string | undefined): boolean {
  return userAgent?.includes('blockcast') === true;
}
