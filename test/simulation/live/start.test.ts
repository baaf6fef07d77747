import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startLiveNetwork } from '../../../src/simulation/live/start.js';
import { connectedNetwork, events, hashOf, NODES, tipAt, verdictOn } from './support.js';

describe('a live network', () => {
  test('delivers a block that the pool pushes to dashd and to all peers, in virtual time', async () => {
    const network = await connectedNetwork();
    const raw = network.mine({ size: 15_000 });
    network.pool.push(raw);
    await network.driver.run(5_000);
    const verdict = verdictOn(network, raw);
    assert.deepEqual([verdict?.outcome, verdict?.peersReached], ['delivered', NODES + 1]);
    assert.equal(tipAt(network, raw), NODES);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(raw));
  });

  test('has the same log of events, byte for byte, for the same seed', async () => {
    const log = async (seed: number): Promise<string> => {
      const network = await connectedNetwork(seed);
      network.pool.push(network.mine({ size: 15_000 }));
      await network.driver.run(60_000);
      return JSON.stringify(network.relay.records);
    };
    const first = await log(7);
    assert.equal(await log(7), first);
    assert.notEqual(await log(8), first);
  });

  test("proves a block at dashd after 0.1 ms on the loopback and dashd's 1.5 ms for the block", async () => {
    const network = await connectedNetwork();
    network.pool.push(network.mine({ size: 10_000 }));
    await network.driver.run(1_000);
    const proofs = events(network).filter((event) => event.type === 'proof');
    const { acknowledgedMs = 0 } = proofs.find((proof) => proof.protected && proof.status === 'acknowledged') ?? {};
    assert.equal(Math.round(acknowledgedMs * 1_000), 1_600);
  });

  test('runs ten minutes in two seconds of processor time', async () => {
    const network = await connectedNetwork();
    const before = process.cpuUsage();
    await network.driver.run(600_000);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 2_000_000, `${user + system} µs`);
  });

  test('lets the relay hear of a block that a node finds, and of its ChainLock', async () => {
    const network = await connectedNetwork();
    const [finder] = network.nodes;
    const raw = network.mine({}, finder?.node.chain);
    finder?.node.submit(raw);
    await network.driver.run(5_000);
    assert.equal(network.dashd.node.chain.tip.hash, hashOf(raw));
    const tips = events(network).filter((event) => event.type === 'tip');
    assert.deepEqual([tips.at(-1)?.hash, tips.at(-1)?.source], [hashOf(raw), 'feed']);
  });

  test('finds peers by asking dashd and nodes, when none is configured', async () => {
    const network = await startLiveNetwork({ seed: 1, nodes: 12, flags: { peers: '' } });
    await network.connected(6);
    const heard = events(network).filter((event) => event.type === 'gossip');
    assert.ok(heard.some((event) => event.added > 0));
  });
});
