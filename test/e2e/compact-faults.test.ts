/** blockcast's own connections to nodes that make bad use of its compact blocks. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import type { CompactFault } from '../../src/simulated/behaviour.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import { Pusher } from '../contract/pusher.js';

const SIZE = 6_000;
const BLOCKS = 4;
/** Two for each of the first two blocks; then the node is sent whole blocks. */
const MAX_ROUND_TRIPS = 4;
const FAULTS: readonly CompactFault[] = [
  'ignored',
  'only-when-chosen',
  'all-requested',
  'out-of-range',
  'requested-again',
];

describe('a node that makes bad use of compact blocks', () => {
  const nodes: SimulatedNode[] = [];
  before(() => loadX11());
  after(() => Promise.all(nodes.map((node) => node.stop())));

  for (const fault of FAULTS) {
    it(`gets each block, costs a few round trips at most, and stays connected: ${fault}`, async () => {
      const node = new SimulatedNode({ behaviour: { compactBlocks: fault } });
      nodes.push(node);
      await node.start();
      node.submit(mineBlock(node.chain.template()));
      const pusher = await Pusher.ready(node);
      for (let count = 0; count < BLOCKS; count += 1) {
        await pusher.delivers(mineBlock(node.chain.template(), { size: SIZE, transactionSize: 400 }));
      }
      const ways = pusher.proofs.flatMap(({ stage, way }) => (stage === 'accepted' && way !== undefined ? [way] : []));
      assert.equal(ways.length, BLOCKS);
      assert.ok(ways.reduce((sum, { roundTrips }) => sum + roundTrips, 0) <= MAX_ROUND_TRIPS, JSON.stringify(ways));
      for (const { bytes } of ways) assert.ok(bytes < 2.5 * SIZE, `${bytes}`);
      pusher.hangUp();
    });
  }
});
