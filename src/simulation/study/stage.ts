/** A network in its own virtual time, on which one block after the other is sent. */
import { Engine, type Micros } from '../engine.js';
import { Transport } from '../net/transport.js';
import { DashNetwork } from '../network/dash-network.js';
import type { NetworkPlan } from '../network/plan.js';
import type { RunRandom } from '../random.js';
import type { Model } from './model.js';

export interface StageDeps {
  readonly plan: NetworkPlan;
  readonly model: Model;
  readonly mempoolOverlap: number;
  readonly random: RunRandom;
  /** Height of the block that all nodes have. */
  readonly height: number;
}

export class Stage {
  readonly engine = new Engine();
  readonly transport: Transport;
  readonly network: DashNetwork;

  constructor({ plan, model, mempoolOverlap, random, height }: StageDeps) {
    const { engine } = this;
    const options = model.transport;
    this.transport = new Transport({ engine, random: random.fork('transport'), latency: model.table, options });
    for (const node of plan.nodes) this.transport.addHost(node);
    this.network = new DashNetwork({
      ...{ engine, carrier: this.transport, random: random.fork('network'), plan, mempoolOverlap, height },
      timing: model.timing,
    });
  }

  /**
   * Begins anew at a height. What is drawn by key is the same then after each reset, so that contenders meet the same circumstances, and one
   * does not depend on the others.
   */
  reset(height: number): void {
    this.engine.run();
    this.transport.renew();
    this.network.reset(height);
  }

  /**
   * Notes when each node connects a block of a height.
   * @returns times since now, by node, which fill up as the engine runs; −1: not yet
   */
  watch(height: number): Micros[] {
    const begin = this.engine.now;
    const times = this.network.nodes.map(() => -1);
    this.network.listen((node, block, at) => {
      if (block.height === height && times[node] === -1) times[node] = at - begin;
    });
    return times;
  }
}
