/** A network in its own virtual time, on which one block after the other is sent. */
import { Engine, MICROS_PER_MS, type Micros } from '../engine.js';
import type { Link } from '../net/link.js';
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

/** Long enough that no connection remembers how fast it was. */
const PAUSE: Micros = 60_000 * MICROS_PER_MS;

export class Stage {
  readonly engine = new Engine();
  readonly transport: Transport;
  readonly network: DashNetwork;
  private links: Link[] = [];

  constructor({ plan, model, mempoolOverlap, random, height }: StageDeps) {
    const { engine } = this;
    const options = model.transport;
    this.transport = new Transport({ engine, random: random.fork('transport'), latency: model.table, options });
    for (const node of plan.nodes) this.transport.addHost(node);
    this.network = new DashNetwork({
      ...{ engine, carrier: this.carrier(), random: random.fork('network'), plan, mempoolOverlap, height },
      timing: model.timing,
    });
  }

  /**
   * Begins anew at a height. What is drawn by key is the same then after each reset, so that contenders meet the same circumstances, and one
   * does not depend on the others.
   */
  reset(height: number): void {
    this.engine.run();
    this.engine.run(this.engine.now + PAUSE);
    this.links = this.links.filter(({ isClosed }) => !isClosed);
    for (const { fromA, fromB } of this.links) {
      fromA.renew();
      fromB.renew();
    }
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

  private carrier() {
    const { transport } = this;
    return {
      connect: (a: number, b: number): Link => {
        const link = transport.connect(a, b);
        this.links.push(link);
        return link;
      },
      send: (link: Link, from: number, bytes: number, arrived: () => void): void =>
        transport.send(link, from, bytes, arrived),
      roundTrip: (a: number, b: number): Micros => transport.roundTrip(a, b),
      close: (link: Link): void => transport.close(link),
    };
  }
}
