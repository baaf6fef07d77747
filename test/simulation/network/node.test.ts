import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Peer } from '../../../src/simulation/network/peer.js';
import { CHECK, CONNECT, chain, LATENCY, type SmallNetwork, smallNetwork } from './support.js';

const BYTES = 15_000;
/** From the last byte until it is connected. */
const PROCESS = CHECK + CONNECT;
/** Announced by its header after it was connected: header, getdata, compact block. */
const LOW_BANDWIDTH = 3 * LATENCY + PROCESS;
const HIGH_BANDWIDTH = CHECK + LATENCY;
/** getblocktxn, blocktxn. */
const ROUND_TRIP = 2 * LATENCY;

/** A relay that is connected to nodes. */
function relayTo(
  { network }: SmallNetwork,
  ...nodes: number[]
): { relay: ReturnType<typeof network.outside>; peers: Peer[] } {
  const relay = network.outside(99);
  return { relay, peers: nodes.map((node) => network.dial(relay, node)) };
}

function only<T>(list: readonly T[]): T {
  const [first] = list;
  assert.ok(first !== undefined);
  return first;
}

describe('a block on its way through coarse nodes', () => {
  test('passes each hop of a chain in three latencies and a node’s time, where nobody asked for high bandwidth', () => {
    const small = smallNetwork(4, chain(4));
    const block = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(block);
    small.engine.run();
    for (let node = 0; node < 4; node += 1) assert.equal(small.at(node, block), PROCESS + node * LOW_BANDWIDTH);
  });

  test('passes a hop in one latency after CheckBlock, before it is connected, where the next node asked for high bandwidth', () => {
    const small = smallNetwork(4, chain(4));
    small.network.highBandwidth = [[], [0], [1], [2]];
    const block = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(block);
    small.engine.run();
    for (let node = 0; node < 4; node += 1) assert.equal(small.at(node, block), PROCESS + node * HIGH_BANDWIDTH);
  });

  test('is asked for in high bandwidth from the one who delivered the last: the second block is faster than the first', () => {
    const small = smallNetwork(3, chain(3));
    const first = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(first);
    small.engine.run();
    assert.deepEqual(small.network.highBandwidth, [[], [0], [1]]);
    const second = small.network.newBlock(first, BYTES);
    const begin = small.engine.now;
    small.network.node(0).submit(second);
    small.engine.run();
    assert.equal(small.at(2, second), begin + PROCESS + 2 * HIGH_BANDWIDTH);
  });

  test('takes a round trip more at each node that lacks a transaction', () => {
    const small = smallNetwork(3, chain(3), { overlap: 0.5 });
    small.network.highBandwidth = [[], [0], [1]];
    const block = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(block);
    small.engine.run();
    const hop = HIGH_BANDWIDTH + ROUND_TRIP;
    assert.equal(small.at(1, block), PROCESS + hop);
    assert.equal(small.at(2, block), PROCESS + 2 * hop);
  });

  test('pushed in full takes no round trip where transactions are missing', () => {
    const small = smallNetwork(1, [], { overlap: 0.5 });
    const { relay, peers } = relayTo(small, 0);
    const block = small.network.newBlock(small.start, BYTES);
    relay.push(only(peers), block, 'full');
    small.engine.run();
    assert.equal(small.at(0, block), LATENCY + PROCESS);
  });

  test('pushed in compact form by a relay takes the missing transactions from the relay', () => {
    const small = smallNetwork(1, [], { overlap: 0.5 });
    const { relay, peers } = relayTo(small, 0);
    const block = small.network.newBlock(small.start, BYTES);
    relay.push(only(peers), block, 'compact');
    small.engine.run();
    assert.equal(small.at(0, block), LATENCY + ROUND_TRIP + PROCESS);
  });

  test('is handed on at once by a node that it was pushed to, and a pong comes after it was processed', () => {
    const small = smallNetwork(2, chain(2));
    small.network.highBandwidth = [[], [0]];
    const { relay, peers } = relayTo(small, 0);
    const block = small.network.newBlock(small.start, BYTES);
    const peer = only(peers);
    let answeredAt = -1;
    relay.push(peer, block, 'full');
    relay.ping(peer, () => {
      answeredAt = small.engine.now;
    });
    small.engine.run();
    assert.equal(small.at(1, block), LATENCY + HIGH_BANDWIDTH + PROCESS);
    assert.equal(answeredAt, LATENCY + PROCESS + LATENCY);
  });

  test('is asked of another node that announced it when the first is gone', () => {
    const small = smallNetwork(3, [
      [0, 2],
      [1, 2],
    ]);
    const block = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(block);
    small.network.node(1).submit(block);
    const [peer] = small.network.node(0).peers;
    assert.ok(peer !== undefined);
    const leaves = PROCESS + 2 * LATENCY - 1;
    small.engine.at(leaves, () => small.network.disconnect(peer));
    small.engine.run();
    assert.equal(small.at(2, block), leaves + 2 * LATENCY + PROCESS);
  });

  test('is announced to a relay by each of its peers once', () => {
    const small = smallNetwork(3, chain(3));
    const { relay, peers } = relayTo(small, 0, 1, 2);
    const heard: (readonly [number, number])[] = [];
    relay.heard = (from) => heard.push([peers.indexOf(from), small.engine.now]);
    const block = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(block);
    small.engine.run();
    assert.deepEqual(
      heard,
      [0, 1, 2].map((node) => [node, PROCESS + node * LOW_BANDWIDTH + LATENCY]),
    );
  });
});

describe('two blocks at one height', () => {
  test('the first that a node connects stays, on both sides', () => {
    const small = smallNetwork(4, chain(4));
    const ours = small.network.newBlock(small.start, BYTES);
    const theirs = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(ours);
    small.network.node(3).submit(theirs);
    small.engine.run();
    assert.deepEqual(
      small.network.nodes.map(({ tip }) => tip.id),
      [ours, ours, theirs, theirs].map(({ id }) => id),
    );
  });

  test('the one with a block on top of it wins everywhere, and is connected once', () => {
    const small = smallNetwork(4, chain(4));
    const ours = small.network.newBlock(small.start, BYTES);
    const theirs = small.network.newBlock(small.start, BYTES);
    small.network.node(0).submit(ours);
    small.network.node(3).submit(theirs);
    small.engine.run();
    const next = small.network.newBlock(theirs, BYTES);
    small.network.node(3).submit(next);
    small.engine.run();
    for (const node of small.network.nodes) assert.equal(node.tip, next);
    assert.ok(small.at(0, theirs) !== undefined);
    assert.equal(small.times.size, 4 + 4 + 2);
  });

  test('a compact block of the tip’s work is dropped, a full one is kept for later', () => {
    for (const [form, kept] of [
      ['compact', false],
      ['full', true],
    ] as const) {
      const small = smallNetwork(1, []);
      const ours = small.network.newBlock(small.start, BYTES);
      const theirs = small.network.newBlock(small.start, BYTES);
      small.network.node(0).submit(ours);
      small.engine.run();
      const { relay, peers } = relayTo(small, 0);
      relay.push(only(peers), theirs, form);
      small.engine.run();
      assert.equal(small.network.node(0).holds(theirs), kept, form);
      assert.equal(small.network.node(0).tip, ours);
    }
  });
});

describe('a compact block that nobody asked for', () => {
  /** Whether a node takes a block of this height above its tip, whose parent it has. */
  function isTaken(ahead: number): boolean {
    const small = smallNetwork(1, []);
    const { relay, peers } = relayTo(small, 0);
    const block = small.network.newBlock(small.start, BYTES, small.start.height + ahead);
    relay.push(only(peers), block, 'compact');
    small.engine.run();
    return small.network.node(0).holds(block);
  }

  test('is taken up to a height of tip + 2, not beyond', () => {
    assert.deepEqual([1, 2, 3].map(isTaken), [true, true, false]);
  });
});
