import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { Chain } from '../../../src/simulated/chain.js';
import { readHeader } from '../../../src/simulated/consensus-rules.js';
import { mineBlock } from '../../../src/simulated/miner.js';
import type { SimulatedNode } from '../../../src/simulated/node.js';
import { Engine } from '../../../src/simulation/engine.js';
import type { PlannedBlock } from '../../../src/simulation/faults/fault.js';
import { type Finder, Miner } from '../../../src/simulation/faults/miner.js';
import { Pool } from '../../../src/simulation/faults/pool.js';

const NOW = 1_794_000_000_000;
const clock = { now: () => NOW, monotonic: () => 0 };

function open() {
  const engine = new Engine();
  const blocks = [0, 1, 2];
  const history: Buffer[] = [];
  const finder = (): { node: SimulatedNode; isRunning: boolean } & Finder => {
    const chain = new Chain({ clock, specialFrom: 1 });
    for (const raw of history) chain.accept(raw, true);
    const node = { chain, submit: (raw: Buffer) => chain.accept(raw, true) } as unknown as SimulatedNode;
    return { node, isRunning: true };
  };
  const first = finder();
  for (const block of blocks) {
    const raw = mineBlock(first.node.chain.template(), { extraNonce: block });
    history.push(raw);
    first.node.chain.accept(raw, true);
  }
  const [dashd, node] = [first, finder()];
  const pushed: { readonly at: number; readonly raw: Buffer }[] = [];
  const pool = new Pool({ engine, safety: 'received', push: (raw) => pushed.push({ at: engine.now, raw }) });
  const miner = new Miner({ engine, dashd, nodes: [node], pool });
  const find = (kind: PlannedBlock['kind'], lead = 0): void => miner.find({ kind, at: 0, size: 400, lead, finder: 0 });
  return { engine, dashd, node, pushed, miner, find, parents: () => pushed.map(({ raw }) => readHeader(raw).previous) };
}

describe('Blocks that are found in a run', () => {
  before(loadX11);

  it("are the pool's on dashd's tip", () => {
    const { dashd, find, parents, pushed } = open();
    find('single');
    assert.deepEqual(parents(), [dashd.node.chain.tip.hash]);
    assert.ok(dashd.node.submit(pushed[0]?.raw ?? Buffer.alloc(0)).accepted);
  });

  it('are two on top of each other, or on one parent, at once', () => {
    const pair = open();
    pair.find('pair');
    assert.deepEqual(pair.parents(), [pair.dashd.node.chain.tip.hash, pair.miner.found[0]]);
    const siblings = open();
    siblings.find('siblings');
    const tip = siblings.dashd.node.chain.tip.hash;
    assert.deepEqual([siblings.parents(), new Set(siblings.miner.found).size], [[tip, tip], 2]);
  });

  it("are stale on the tip's parent", () => {
    const { dashd, find, parents } = open();
    find('stale');
    assert.deepEqual(parents(), [dashd.node.chain.tip.parent?.hash]);
  });

  it("are on dashd's last tip while it is down or catches up", () => {
    const { dashd, find, parents } = open();
    const tip = dashd.node.chain.tip.hash;
    dashd.isRunning = false;
    find('single');
    const empty = new Chain({ clock, specialFrom: 1 });
    Object.assign(dashd, { isRunning: true, node: { chain: empty } });
    find('single');
    assert.deepEqual(parents(), [tip, tip]);
  });

  it("are the network's at the node that finds them, unless it is down", () => {
    const { node, find, pushed } = open();
    find('network');
    assert.equal(node.node.chain.tip.height, 4);
    node.isRunning = false;
    find('network');
    assert.deepEqual([node.node.chain.tip.height, pushed.length], [4, 0]);
  });

  it('are rivals, either of them first by as much as the plan says', () => {
    for (const [lead, poolsAt, networksAt] of [
      [50, 0, 50],
      [-50, 50, 0],
    ] as const) {
      const { engine, node, find, pushed } = open();
      let heardAt = -1;
      node.node.chain.onTip(() => {
        heardAt = engine.now;
      });
      find('rival', lead);
      engine.run(100);
      assert.deepEqual([pushed[0]?.at, heardAt], [poolsAt, networksAt]);
    }
  });
});
