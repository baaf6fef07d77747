import { Engine, type Micros } from '../../../src/simulation/engine.js';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import type { Carrier, HostId, Link } from '../../../src/simulation/network/carrier.js';
import { DashNetwork } from '../../../src/simulation/network/dash-network.js';
import type { EdgePlan, NetworkPlan, NodeId, NodePlan } from '../../../src/simulation/network/plan.js';
import type { Timing } from '../../../src/simulation/network/timing.js';
import { RunRandom } from '../../../src/simulation/random.js';

/** One way between any two hosts. */
export const LATENCY: Micros = 10_000;
/** Of any block. */
export const CHECK: Micros = 100;
export const CONNECT: Micros = 1_000;

const TIMING: Timing = {
  check: { base: CHECK, perKilobyte: 0 },
  connect: { base: CONNECT, perKilobyte: 0 },
};

/** Each message takes the same time, whatever its size. */
class PlainCarrier implements Carrier {
  /** Sent so far: from, to, bytes. */
  readonly messages: [from: HostId, to: HostId, bytes: number][] = [];
  private readonly closed = new Set<Link>();

  constructor(private readonly engine: Engine) {}

  connect(a: HostId, b: HostId): Link {
    return { a, b };
  }

  send(link: Link, from: HostId, bytes: number, arrived: () => void): void {
    this.messages.push([from, from === link.a ? link.b : link.a, bytes]);
    this.engine.after(LATENCY, () => {
      if (!this.closed.has(link)) arrived();
    });
  }

  roundTrip(): Micros {
    return 2 * LATENCY;
  }

  close(link: Link): void {
    this.closed.add(link);
  }
}

export function nodePlan(given: Partial<NodePlan> = {}): NodePlan {
  return {
    kind: 'masternode',
    region: 0,
    accessMs: 0,
    up: 1_000_000,
    down: 1_000_000,
    cpu: 1,
    online: true,
    listens: true,
    ip: '45.1.0.1',
    foreignInbound: 0,
    ...given,
  };
}

export interface SmallNetwork {
  readonly engine: Engine;
  readonly carrier: PlainCarrier;
  readonly network: DashNetwork;
  readonly start: SimBlock;
  /** When each node connected each block, as `node:block id`. */
  readonly times: Map<string, Micros>;
  at(node: NodeId, block: SimBlock): Micros | undefined;
}

/** @param edges dialler and listener */
export function smallNetwork(
  count: number,
  edges: readonly (readonly [NodeId, NodeId])[],
  { overlap = 1, seed = 1 }: { overlap?: number; seed?: number } = {},
): SmallNetwork {
  const engine = new Engine();
  const carrier = new PlainCarrier(engine);
  const plan: NetworkPlan = {
    nodes: Array.from({ length: count }, () => nodePlan()),
    edges: edges.map(([from, to]): EdgePlan => ({ from, to, blockRelayOnly: false })),
    quorums: [],
    dashd: 0,
    miners: [],
  };
  const random = new RunRandom(seed, 'test');
  const network = new DashNetwork({ engine, carrier, random, plan, mempoolOverlap: overlap, timing: TIMING });
  const times = new Map<string, Micros>();
  network.listen((node, block, at) => {
    const key = `${node}:${block.id}`;
    if (times.has(key)) throw new Error(`node ${node} connected block ${block.id} twice`);
    times.set(key, at);
  });
  return { engine, carrier, network, start: network.start, times, at: (node, { id }) => times.get(`${node}:${id}`) };
}

/** Each node dials the next. */
export function chain(count: number): [NodeId, NodeId][] {
  return Array.from({ length: count - 1 }, (_, node) => [node, node + 1]);
}
