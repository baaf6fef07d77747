import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import { smallNetwork } from './support.js';

const NODES = 12;

/** A ring, so that all are connected, and some chords. */
const EDGES = fc
  .array(fc.tuple(fc.nat({ max: NODES - 1 }), fc.nat({ max: NODES - 1 })), { maxLength: 20 })
  .map((chords) => {
    const edges = new Map<string, [number, number]>();
    const ring = Array.from({ length: NODES }, (_, node): [number, number] => [node, (node + 1) % NODES]);
    for (const [from, to] of [...ring, ...chords]) {
      const key = [from, to].sort((a, b) => a - b).join();
      if (from !== to && !edges.has(key)) edges.set(key, [from, to]);
    }
    return [...edges.values()];
  });

/** Blocks by the index of their parent, the node that finds them, and the pause before. */
const BLOCKS = fc.array(
  fc.record({
    parent: fc.nat({ max: 5 }),
    finder: fc.nat({ max: NODES - 1 }),
    pause: fc.constantFrom(0, 5_000, 40_000, 500_000),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('in any connected network, with any blocks', () => {
  test('each node connects each block at most once, and all nodes with one heaviest block end on it', () => {
    fc.assert(
      fc.property(EDGES, BLOCKS, fc.constantFrom(1, 0.9), fc.nat(), (edges, found, overlap, seed) => {
        // `smallNetwork` throws when a node connects a block twice.
        const small = smallNetwork(NODES, edges, { overlap, seed });
        const blocks: SimBlock[] = [small.start];
        for (const { parent, finder, pause } of found) {
          small.engine.run(small.engine.now + pause);
          const node = small.network.node(finder);
          // A finder builds on a block that it has.
          const on = blocks[blocks.length - 1 - Math.min(parent, blocks.length - 1)] ?? small.start;
          const block = small.network.newBlock(node.holds(on) ? on : node.tip, 15_000);
          blocks.push(block);
          node.submit(block);
        }
        small.engine.run();
        const best = Math.max(...blocks.map(({ height }) => height));
        const heaviest = blocks.filter(({ height }) => height === best);
        for (const node of small.network.nodes) {
          assert.ok(heaviest.includes(node.tip), `node ${node.id} ends at height ${node.tip.height} of ${best}`);
          assert.ok(node.chosen.length <= 3);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the same seed gives the same times', () => {
    fc.assert(
      fc.property(EDGES, fc.nat(), (edges, seed) => {
        const run = () => {
          const small = smallNetwork(NODES, edges, { overlap: 0.9, seed });
          small.network.node(0).submit(small.network.newBlock(small.start, 15_000));
          small.engine.run();
          return [...small.times];
        };
        assert.deepEqual(run(), run());
      }),
      { numRuns: 50 },
    );
  });
});
