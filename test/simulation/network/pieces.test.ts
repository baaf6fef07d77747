import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { payloadBytes, transactionsIn } from '../../../src/simulation/network/block.js';
import { ChainLockVotes } from '../../../src/simulation/network/chain-locks.js';
import { type Inbound, toEvict } from '../../../src/simulation/network/eviction.js';
import { Graph } from '../../../src/simulation/network/graph.js';
import { choose } from '../../../src/simulation/network/high-bandwidth.js';
import { missingTransactions } from '../../../src/simulation/network/mempool.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { nodePlan } from './support.js';

function blockOf(bytes: number, id = 1) {
  return { id, nth: id, height: 1, parent: undefined, bytes, transactions: transactionsIn(bytes) };
}

describe('sizes of blocks', () => {
  test('15 KB have 30 transactions, 300 KB 815, 2 MB 5,499; their compact forms have 0.7, 5.4 and 33.5 KB', () => {
    const sizes = [15_000, 300_000, 2_000_000].map((bytes) => blockOf(bytes));
    assert.deepEqual(
      sizes.map(({ transactions }) => transactions),
      [30, 815, 5_499],
    );
    assert.deepEqual(
      sizes.map((block) => payloadBytes(block, 'compact')),
      [700, 5_410, 33_514],
    );
  });
});

describe('transactions that a node lacks', () => {
  const draws = new RunRandom(1, 'test').keyed('missing');

  test('are none with all of them in the mempool, and all with none', () => {
    const block = blockOf(300_000);
    assert.equal(missingTransactions(draws, 7, block, 1), 0);
    assert.ok(missingTransactions(draws, 7, block, 0) > 700);
  });

  for (const [overlap, expected] of [
    [0.999, 5.5],
    [0.95, 275],
  ] as const) {
    test(`are ${expected} in the mean of a block of 5,499 with an overlap of ${overlap}`, () => {
      let sum = 0;
      for (let node = 0; node < 2_000; node += 1) {
        sum += missingTransactions(draws, node, blockOf(2_000_000), overlap);
      }
      assert.ok(Math.abs(sum / 2_000 / expected - 1) < 0.03, String(sum / 2_000));
    });
  }
});

describe('the peers that a node asks for high bandwidth', () => {
  const inbound = (name: string) => ({ name, isInbound: true });
  const outbound = (name: string) => ({ name, isInbound: false });

  test('are the last three deliverers', () => {
    const [a, b, c, d] = [outbound('a'), outbound('b'), outbound('c'), outbound('d')];
    const chosen: { name: string; isInbound: boolean }[] = [];
    for (const peer of [a, b, c]) assert.deepEqual(choose(chosen, peer), { added: peer });
    assert.deepEqual(choose(chosen, a), {});
    assert.deepEqual(choose(chosen, d), { added: d, dropped: b });
    assert.deepEqual(chosen, [c, a, d]);
  });

  test('keep the only outbound one among them when an inbound one is added', () => {
    const [a, b, c, d] = [outbound('a'), inbound('b'), inbound('c'), inbound('d')];
    const chosen = [a, b, c];
    assert.deepEqual(choose(chosen, d), { added: d, dropped: b });
    assert.deepEqual(chosen, [a, c, d]);
  });
});

describe('votes for a ChainLock', () => {
  const members = Array.from({ length: 400 }, (_, id) => id);
  const [ours, theirs] = [blockOf(1, 1), blockOf(1, 2)];

  test('240 of 400 lock a block, and 239 do not', () => {
    const votes = new ChainLockVotes(members, 1);
    for (let id = 0; id < 239; id += 1) votes.connected(id, ours, id);
    assert.equal(votes.lock, undefined);
    votes.connected(239, ours, 239);
    assert.deepEqual(votes.lock, { block: ours, at: 239 });
  });

  test('each member has one, for the first block that it connects at the height; others have none', () => {
    const votes = new ChainLockVotes(members, 1);
    votes.connected(0, ours, 1);
    votes.connected(0, theirs, 2);
    votes.connected(0, ours, 3);
    votes.connected(400, ours, 4);
    votes.connected(1, { ...ours, height: 2 }, 5);
    assert.deepEqual([votes.votesFor(ours), votes.votesFor(theirs)], [1, 0]);
  });

  test('a split of 200 to 200 locks neither', () => {
    const votes = new ChainLockVotes(members, 1);
    for (const id of members) votes.connected(id, id % 2 === 0 ? ours : theirs, id);
    assert.equal(votes.lock, undefined);
  });
});

describe('eviction', () => {
  const one = (index: number, given: Partial<Inbound> = {}): Inbound => ({
    groupKey: index,
    group: `group ${index}`,
    ping: 1_000 - index,
    lastBlockAt: 0,
    relaysTransactions: true,
    since: index,
    ...given,
  });

  test('takes the youngest of the largest network group of those that nothing spares', () => {
    const crowd = Array.from({ length: 40 }, (_, index) => one(index, { groupKey: 0, group: 'crowd', ping: 900 }));
    const single = Array.from({ length: 40 }, (_, index) => one(100 + index));
    assert.equal(toEvict([...single, ...crowd])?.group, 'crowd');
    assert.equal(toEvict([...crowd, ...single])?.since, 39);
  });

  test('spares who gave a block last, and all when there are few', () => {
    const inbound = Array.from({ length: 60 }, (_, index) => one(index));
    const victim = toEvict(inbound);
    assert.ok(victim !== undefined);
    const spared = inbound.map((each) => (each === victim ? { ...each, lastBlockAt: 5 } : each));
    assert.notEqual(toEvict(spared)?.since, victim.since);
    assert.equal(toEvict(inbound.slice(0, 16)), undefined);
  });
});

describe('the graph of connections', () => {
  const nodes = Array.from({ length: 300 }, (_, id) =>
    nodePlan({ ip: `45.${id % 50}.0.${id % 250}`, listens: id % 3 !== 0, online: id !== 5, foreignInbound: 110 }),
  );
  const graphOf = (seed: number) => {
    const graph = new Graph({ nodes, random: new RunRandom(seed, 'graph'), roundTrip: () => 10 });
    graph.fill(nodes.keys());
    return graph;
  };

  test('has 8 outbound connections and 2 for blocks alone of each node that is online, one for a pair of nodes, to nodes that listen', () => {
    const { edges } = graphOf(1);
    for (const id of nodes.keys()) {
      const own = edges.filter(({ from }) => from === id);
      assert.equal(own.length, id === 5 ? 0 : 10);
      assert.equal(own.filter(({ blockRelayOnly }) => blockRelayOnly).length, id === 5 ? 0 : 2);
    }
    const pairs = new Set(edges.map(({ from, to }) => [from, to].sort((a, b) => a - b).join()));
    assert.equal(pairs.size, edges.length);
    for (const { to } of edges) assert.ok(to % 3 !== 0 && to !== 5);
  });

  test('has no more than 114 inbound connections of a node', () => {
    const few = nodes.map((node, id) => ({ ...node, listens: id < 12, foreignInbound: 100 }));
    const graph = new Graph({ nodes: few, random: new RunRandom(1, 'graph'), roundTrip: () => 10 });
    // 288 nodes want 10 connections each to 12 nodes that take 114.
    graph.fill([...nodes.keys()].slice(0, 100));
    for (let id = 0; id < 12; id += 1) assert.ok(graph.edges.filter(({ to }) => to === id).length <= 114);
  });

  test('is the same for the same seed, and another for another', () => {
    assert.deepEqual(graphOf(1).edges, graphOf(1).edges);
    assert.notDeepEqual(graphOf(1).edges, graphOf(2).edges);
  });

  test('after a node started again has ten outbound connections of each node, and lists what changed', () => {
    const graph = graphOf(1);
    const before = new Set(graph.edges);
    const { added, removed } = graph.restart(7);
    assert.ok(removed.some(({ from }) => from === 7) && added.some(({ from }) => from === 7));
    for (const edge of removed) before.delete(edge);
    for (const edge of added) before.add(edge);
    assert.deepEqual(new Set(graph.edges), before);
    for (const id of nodes.keys())
      assert.equal(graph.edges.filter(({ from }) => from === id).length, id === 5 ? 0 : 10);
  });
});
