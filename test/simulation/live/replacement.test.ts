/** The peer book at work in virtual time: whom it replaces, and how fast. What grows over real sockets is in test/e2e/peers-growth.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlanEvent } from '../../../src/contracts/events.js';
import { selectLimits } from '../../../src/peers/plan.js';
import type { SimulatedNode } from '../../../src/simulated/node.js';
import { publicAddress } from '../../../src/simulated/public-address.js';
import { P2P_PORT } from '../../../src/simulation/live/relay-machine.js';
import { startLiveNetwork } from '../../../src/simulation/live/start.js';
import { events, hashOf } from './support.js';

const CONFIGURED = `${publicAddress(1)}:${P2P_PORT}`;
const NODES = 60;
const CONNECTIONS = 20;
const REFRESH_MS = 60_000;
/** How many refreshes a bad peer may see. */
const PATIENCE = 3;

describe('a relay with 20 of 60 peers, over 40 minutes', () => {
  test('replaces those that turn slow, failing or stale within three refreshes, a few at a time', async () => {
    const network = await startLiveNetwork({
      ...{ seed: 7, nodes: NODES },
      // The others are found by gossip: what the operator configures is never replaced for being slow.
      flags: {
        peers: CONFIGURED,
        'broadcast-max-peers': String(CONNECTIONS),
        'quorum-max-peers': '0',
      },
    });
    const { driver, dashd, nodes, pool } = network;
    const isConnected = ({ address }: SimulatedNode) => network.relay.current?.peers.has(address) === true;
    const plans = () => events(network).filter((event): event is PlanEvent => event.type === 'plan');
    /** Pushes blocks one upon the other, each once the one before is dashd's tip. */
    const pushChain = async (count: number): Promise<void> => {
      for (let pushed = 0; pushed < count; pushed += 1) {
        const raw = network.mine();
        pool.push(raw);
        assert.ok(await driver.until(() => dashd.node.chain.tip.hash === hashOf(raw), 10_000));
        await driver.run(2_000);
      }
    };
    await network.connected(CONNECTIONS, 10 * REFRESH_MS);
    await pushChain(1);
    // Longer than a connection is left alone, and than a peer is tried out.
    await driver.run(35 * REFRESH_MS);
    const quiet = plans().length;
    await driver.run(4 * REFRESH_MS);
    const left = plans()
      .slice(quiet)
      .flatMap(({ disconnect }) => disconnect.filter(({ code }) => code !== 'exploration' && code !== 'outscored'));
    assert.deepEqual(left, [], 'while all are good, peers leave only for better ones, or others to be tried');

    const sitting = nodes.map(({ node }) => node).filter((node) => isConnected(node) && node.address !== CONFIGURED);
    const turn = (count: number, change: Partial<Pick<SimulatedNode, 'linkQuality' | 'behaviour'>>) =>
      sitting.splice(0, count).map((node) => Object.assign(node, change));
    const slow = turn(3, { linkQuality: { latencyMs: 900 } });
    const failing = turn(3, { behaviour: { diesMidBlock: true } });
    const stale = turn(3, { behaviour: { stuck: true } });
    const before = plans().length;
    // One more than a peer may be behind.
    await pushChain(4);
    await driver.run(PATIENCE * REFRESH_MS);

    const since = plans().slice(before);
    const leavings = since.flatMap(({ disconnect }) => disconnect);
    const reasons = (of: readonly SimulatedNode[]) =>
      of.map(({ address }) => leavings.find(({ peer }) => peer === address)?.reason ?? 'stays');
    for (const reason of reasons(slow)) assert.match(reason, /^its ping is \d+ ms/);
    for (const reason of reasons(stale)) assert.match(reason, /blocks behind our tip$/);
    // Those that hang up leave by themselves.
    const lost = events(network).flatMap((event) => (event.type === 'peer-lost' ? [event.peer] : []));
    for (const { address } of failing) assert.ok(lost.includes(address), `${address} hung up`);
    const { maxRotations } = selectLimits('regtest');
    for (const { disconnect } of plans()) assert.ok(disconnect.length <= maxRotations);
    await network.connected(CONNECTIONS, 10 * REFRESH_MS);
  });
});
