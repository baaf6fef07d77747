/** A network that stands ready for a block: built from its plan, with fresh virtual time and connections that are idle. */
import { Engine, type Micros } from '../engine.js';
import { Transport } from '../net/transport.js';
import { DashNetwork, type HighBandwidth } from '../network/dash-network.js';
import type { NetworkPlan, NodeId } from '../network/plan.js';
import type { RunRandom } from '../random.js';
import type { Model } from './model.js';

export interface StageDeps {
  readonly plan: NetworkPlan;
  readonly model: Model;
  readonly mempoolOverlap: number;
  /** The same for all contenders of a run: what they draw by key is then the same for all. */
  readonly random: RunRandom;
  readonly highBandwidth?: HighBandwidth;
  /** Height of the block that all nodes have. */
  readonly height: number;
}

export class Stage {
  readonly engine = new Engine();
  readonly transport: Transport;
  readonly network: DashNetwork;

  constructor({ plan, model, mempoolOverlap, random, highBandwidth, height }: StageDeps) {
    const { engine } = this;
    this.transport = new Transport({
      engine,
      random: random.fork('transport'),
      latency: model.table,
      options: model.transport,
    });
    for (const node of plan.nodes) this.transport.addHost(node);
    this.network = new DashNetwork({
      ...{ engine, carrier: this.transport, random: random.fork('network'), plan, mempoolOverlap, height },
      timing: model.timing,
    });
    if (highBandwidth !== undefined) this.network.highBandwidth = highBandwidth;
  }

  /**
   * Notes when each node connects the next block of a height.
   * @returns times since now, by node, which fill up as the engine runs; −1: not yet
   */
  watch(height: number): Micros[] {
    const begin = this.engine.now;
    const times = this.network.nodes.map(() => -1);
    this.network.listen((node: NodeId, block, at) => {
      if (block.height === height && times[node] === -1) times[node] = at - begin;
    });
    return times;
  }
}
