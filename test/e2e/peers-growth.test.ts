/** The peer book at work in a network of 300: what grows, what leaves, what comes back. All of it over real sockets. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PlanEvent } from '../../src/contracts/events.js';
import { selectLimits } from '../../src/peers/plan.js';
import type { Behaviour, LinkQuality } from '../../src/simulated/behaviour.js';
import { mineBlock } from '../../src/simulated/miner.js';
import type { SimulatedNode } from '../../src/simulated/node.js';
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
/** How many refreshes a bad peer may see. */
const PATIENCE = 3;

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
    const left = plans()
      .slice(before)
      .flatMap(({ disconnect }) => disconnect);
    assert.deepEqual(left, []);
    t.diagnostic(`nobody left in ${plans().length - before} refreshes`);
  });

  test('replaces those that turn slow, failing or stale within three refreshes, a few at a time', async (t) => {
    const sitting = connected();
    const turn = (count: number, change: { linkQuality?: LinkQuality; behaviour?: Behaviour }): SimulatedNode[] =>
      sitting.splice(0, count).map((node) => Object.assign(node, change));
    const slow = turn(3, { linkQuality: { latencyMs: 900 } });
    const failing = turn(3, { behaviour: { diesMidBlock: true } });
    const stale = turn(3, { behaviour: { stuck: true } });
    const bad = [...slow, ...failing, ...stale];
    const before = plans().length;
    // One more than a peer may be behind.
    await pushChain(4);
    await plansMade(before + PATIENCE);
    await relay.until('the bad ones to be gone', () =>
      bad.every(({ address }) => !relay.relay.peers.has(address)) ? true : undefined,
    );
    const since = plans().slice(before);
    const refreshOf = ({ address }: SimulatedNode) =>
      1 + since.findIndex(({ disconnect }) => disconnect.some(({ peer }) => peer === address));
    const reasons = (nodes: readonly SimulatedNode[]) =>
      nodes.map(
        ({ address }) => since.flatMap(({ disconnect }) => disconnect).find(({ peer }) => peer === address)?.reason,
      );
    for (const node of [...slow, ...stale]) {
      const refresh = refreshOf(node);
      assert.ok(refresh >= 1 && refresh <= PATIENCE, `left in refresh ${refresh}`);
    }
    for (const reason of reasons(slow)) assert.match(reason ?? '', /^its ping is \d+ ms/);
    for (const reason of reasons(stale)) assert.match(reason ?? '', /blocks behind our tip$/);
    // Those who hang up leave by themselves, and no plan brings them back.
    const back = since
      .slice(0, PATIENCE)
      .flatMap(({ connect }) => connect)
      .filter(({ peer }) => failing.some(({ address }) => address === peer));
    assert.deepEqual(back, []);
    const lost = relay.events.flatMap((event) => (event.type === 'peer-lost' ? [event.peer] : []));
    for (const { address } of failing) assert.ok(lost.includes(address));
    await relay.connected(CONNECTIONS);
    t.diagnostic(
      `slow ones left in refresh ${slow.map(refreshOf).join(', ')}; stale ones in ${stale.map(refreshOf).join(', ')}`,
    );
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
