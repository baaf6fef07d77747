/** The peer book at work in a network of 300: what grows, what comes back. Over real sockets; whom it replaces is in test/simulation/live/replacement.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PlanEvent } from '../../src/contracts/events.js';
import { selectLimits } from '../../src/peers/plan.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { SeededRandom } from '../../src/simulated/seeded-random.js';
import { type SimulatedNetwork, startNetwork } from '../../src/simulated/simulated-network.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';

const NODES = 300;
/** Entries in each node's address book, of which it shares 23 %. */
const KNOWN = 60;
const CONNECTIONS = 20;
/** Thirty times faster than in earnest, and all that is measured in refreshes with it. */
const SPEED = 30;
const REFRESH_SECONDS = 60 / SPEED;
const { settleMs, explorationMs, maxRotations, min } = selectLimits('regtest');
const LIMITS = { settleMs: settleMs / SPEED, explorationMs: explorationMs / SPEED };

describe('a relay that knows one peer of 300', () => {
  let net: SimulatedNetwork;
  let relay: RelayUnderTest;
  before(async () => {
    net = await startNetwork({ nodes: NODES, known: KNOWN, dashdPeers: 1, latency: false, seed: 7 });
    const { dashd } = net;
    relay = await RelayUnderTest.start(
      {
        'dashd-rpc-url': dashd.rpcUrl,
        'dashd-rpc-user': dashd.user,
        'dashd-rpc-password': dashd.password,
        'dashd-p2p-port': String(dashd.node.port),
        'broadcast-min-peers': String(min),
        'broadcast-max-peers': String(CONNECTIONS),
        'broadcast-refresh-interval': String(REFRESH_SECONDS),
        // What is learned on a busy machine is its load: that would exchange peers.
        'broadcast-learned': 'false',
      },
      { limits: LIMITS, random: new SeededRandom(7) },
    );
  });
  after(async () => {
    await relay.stop();
    await net.stop();
  });

  const plans = () => relay.events.filter((event): event is PlanEvent => event.type === 'plan');
  const newest = () => plans().at(-1);
  const connected = () => net.nodes.filter(({ address }) => relay.relay.peers.has(address));
  const plansMade = (count: number) => relay.until(`${count} plans`, () => plans()[count - 1]);
  /** Pushes blocks one upon the other in a row, and waits until each has its verdict. */
  async function pushChain(count: number): Promise<void> {
    let template = net.dashd.node.chain.template();
    const blocks = Array.from({ length: count }, () => {
      const raw = mineBlock(template);
      template = { ...template, parent: hashOf(raw), height: template.height + 1, time: template.time + 1 };
      return raw;
    });
    for (const raw of blocks) await relay.push(raw);
    for (const raw of blocks) await relay.verdict(raw);
  }

  test('finds others by gossip until it has 20 connections', async (t) => {
    const from = performance.now();
    await relay.connected(CONNECTIONS);
    const tookMs = performance.now() - from;
    await relay.until('a plan of 20 to be kept', () => plans().find(({ kept }) => kept === CONNECTIONS));
    const [first] = plans();
    assert.equal(first?.known, 1, 'itself and nobody else: dashd');
    const reported = relay.events.flatMap((event) => (event.type === 'gossip' ? [event] : []));
    const added = reported.reduce((sum, event) => sum + event.added, 0);
    const known = newest()?.known ?? 0;
    // The book has dashd, the one that dashd reported, and what gossip added.
    assert.equal(known, 2 + added);
    assert.ok(known > NODES / 3, `${known} known`);
    t.diagnostic(`${CONNECTIONS} connections after ${tookMs.toFixed(0)} ms and ${plans().length} plans`);
    t.diagnostic(`${known} of ${NODES + 1} peers known, ${added} by gossip from ${reported.length} peers`);
  });

  test('changes little while all are good', async (t) => {
    const before = plans().length;
    await pushChain(1);
    await plansMade(before + 4);
    const made = plans().slice(before);
    const left = made.flatMap(({ disconnect }) => disconnect);
    // The one that dashd reported makes way, since dashd is connected to it.
    const replaced = left.filter(({ code }) => code !== 'reached-by-dashd');
    assert.deepEqual(replaced, []);
    assert.ok(left.length <= 1, `${left.length} left in ${made.length} refreshes`);
    t.diagnostic(`${left.length} left in ${made.length} refreshes`);
  });

  test('comes back to its minimum by itself after half of the network is gone, all its peers among them', async (t) => {
    const gone = [...new Set([...connected(), ...net.nodes])].slice(0, NODES / 2);
    const from = performance.now();
    await Promise.all(gone.map((node) => node.stop()));
    await relay.until('the loss to be noticed', () => (relay.relay.peers.size < min ? true : undefined));
    // The connection to dashd does not count.
    await relay.until('the minimum', () => (relay.relay.peers.size > min ? true : undefined));
    const minMs = performance.now() - from;
    await relay.connected(CONNECTIONS);
    const allMs = performance.now() - from;
    assert.ok(connected().every((node) => !gone.includes(node)));
    t.diagnostic(
      `${min} peers again after ${minMs.toFixed(0)} ms, ${CONNECTIONS} connections after ${allMs.toFixed(0)} ms`,
    );
  });

  test('kept its churn within its bound all the time', (t) => {
    const churn = plans().map(({ disconnect }) => disconnect.length);
    assert.ok(Math.max(...churn) <= maxRotations);
    t.diagnostic(
      `${churn.reduce((a, b) => a + b, 0)} replaced in ${churn.length} plans, at most ${Math.max(...churn)} in one`,
    );
  });
});
