/**
 * The blocks before ours, of all pools. After them nodes have asked those for high bandwidth that were first with blocks from such places,
 * some nodes have started again, and a relay has seen who announces blocks early.
 */

import type { Sighting } from '../contenders/contender.js';
import { MICROS_PER_MS } from '../engine.js';
import type { HighBandwidth } from '../network/dash-network.js';
import type { Graph } from '../network/graph.js';
import { MAX_CHOSEN } from '../network/high-bandwidth.js';
import type { NetworkPlan, NodeId } from '../network/plan.js';
import type { RunRandom } from '../random.js';
import type { Model } from './model.js';
import type { Stage } from './stage.js';

export interface WarmUpDeps {
  readonly stage: Stage;
  readonly plan: NetworkPlan;
  readonly graph: Graph;
  readonly model: Pick<Model, 'warmUpBlocks' | 'restarts'>;
  /** Share of the blocks that our pool has found. */
  readonly poolShare: number;
  readonly random: RunRandom;
}

export interface Warm {
  /** With the connections as they are after the blocks. */
  readonly plan: NetworkPlan;
  readonly highBandwidth: HighBandwidth;
  readonly sightings: readonly Sighting[];
  readonly height: number;
}

/** Mean time between two blocks. */
const INTERVAL_MS = 157_500;
/** Blocks are small: 6.6, 11.9 and 15.2 KB were reported. */
const BLOCK_BYTES = 15_000;
/** Unix time of the first block, milliseconds. */
const BEGIN_MS = 1_800_000_000_000;

export function warmUp({ stage, plan, graph, model, poolShare, random }: WarmUpDeps): Warm {
  const { engine, network } = stage;
  network.highBandwidth = firstChosen(plan, random.fork('chosen'));
  const churn = new Churn(stage, graph, plan, random.fork('churn'));
  const places = random.fork('finders');
  const sightings: Sighting[] = [];
  let tip = network.start;
  for (let block = 0; block < model.warmUpBlocks; block += 1) {
    engine.run(block * INTERVAL_MS * MICROS_PER_MS);
    churn.restart(model.restarts);
    engine.run(engine.now + MICROS_PER_MS);
    const times = stage.watch(tip.height + 1);
    tip = network.newBlock(tip, BLOCK_BYTES);
    const isOurs = places.float() < poolShare;
    network.node(isOurs ? plan.dashd : places.pick(plan.miners)).submit(tip);
    engine.run();
    const announcedAt = times.map((at, node) => (at < 0 ? -1 : at + stage.transport.roundTrip(node, plan.dashd) / 2));
    const at = BEGIN_MS + block * INTERVAL_MS;
    sightings.push({ at, height: tip.height, announcedAt, dashdAt: times[plan.dashd] ?? -1 });
  }
  return {
    plan: { ...plan, edges: graph.edges },
    highBandwidth: network.highBandwidth,
    sightings,
    height: tip.height,
  };
}

/**
 * Nodes have been up for days before the first of the blocks: each has asked three of its peers, here random ones. Those that are never first
 * with a block lose their place to others.
 */
function firstChosen({ nodes, edges }: NetworkPlan, random: RunRandom): HighBandwidth {
  const peers = nodes.map((): NodeId[] => []);
  for (const { from, to } of edges) {
    peers[from]?.push(to);
    peers[to]?.push(from);
  }
  return peers.map((ids) => random.sample(ids, MAX_CHOSEN));
}

/** Nodes that start again: their connections and what they asked for are gone. */
class Churn {
  constructor(
    private readonly stage: Stage,
    private readonly graph: Graph,
    private readonly plan: NetworkPlan,
    private readonly random: RunRandom,
  ) {}

  restart(share: number): void {
    for (const [id, { online }] of this.plan.nodes.entries()) {
      const isPool = id === this.plan.dashd;
      if (this.random.float() >= share || !online || isPool) continue;
      const { added, removed } = this.graph.restart(id);
      const { network } = this.stage;
      for (const { from, to } of removed) {
        const peer = network.peerOf(from, to);
        if (peer !== undefined) network.disconnect(peer);
      }
      for (const edge of added) network.connect(edge);
    }
  }
}
