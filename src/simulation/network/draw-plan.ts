/** Draws a network from a seed: nodes with their places, lines and machines, connections, quorums, the pool's own dashd, other pools. */
import { MICROS_PER_MS } from '../engine.js';
import type { LatencyTable } from '../net/latency-table.js';
import type { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import {
  drawOtherLine,
  drawRegion,
  drawServerLine,
  type Geography,
  type Line,
  MBIT,
  type Shares,
} from './geography.js';
import { Graph } from './graph.js';
import type { NetworkPlan, NodeId, NodePlan, QuorumPlan } from './plan.js';

/** What is assumed of nodes. */
export interface NodeAssumptions {
  readonly geography: Geography;
  /** Standard deviation of the logarithm of a node's time for the same work. */
  readonly cpuSigma: number;
  /** Share of the nodes that are no masternodes that accept connections; masternodes must. */
  readonly listening: number;
}

/** Active quorums of LLMQ_400_60 and their members. Source: Dash Core, llmq/params.h. */
const QUORUMS = 4;
const MEMBERS = 400;
const HASH_BYTES = 32;
/** Pools whose blocks the network sees; the pool's own is not among them. */
const OTHER_POOLS = 8;
const POOL_LINE = { accessMs: 1, down: 1_000 * MBIT };
/** A node of the network group has as many neighbours as a large hosting company has masternodes. */
const SERVER_GROUPS = 60;
const OTHER_GROUPS = 250;
const FIRST_OCTET = 45;
const MAX_FOREIGN = { masternode: 40, other: 120 };

type Basis = Pick<Scenario, 'network' | 'pool'>;

/** @throws RangeError when the pool's region is not in the table */
export function drawPlan(
  { network, pool }: Basis,
  table: LatencyTable,
  assumptions: NodeAssumptions,
  random: RunRandom,
): { readonly plan: NetworkPlan; readonly graph: Graph } {
  const drawing = new Drawing(table, assumptions, random.fork('nodes'), network.offline);
  const region = table.regions.indexOf(pool.region);
  if (region < 0) throw new RangeError(`no region ${pool.region} in the latency table`);
  const masternodes = range(0, network.masternodes);
  for (const _ of masternodes) drawing.masternode();
  const dashd = drawing.pool(region, { ...POOL_LINE, up: pool.uplinkMbit * MBIT });
  const { miners: places } = assumptions.geography;
  const others = Math.max(0, network.others - 1);
  const miners = range(0, Math.min(others, OTHER_POOLS)).map(() => {
    const place = drawing.place(places);
    return drawing.pool(place, { ...POOL_LINE, up: POOL_LINE.down });
  });
  for (const _ of range(miners.length, others)) drawing.other();
  const { nodes } = drawing;
  const graph = new Graph({ nodes, random: random.fork('edges'), roundTrip: roundTrips(nodes, table) });
  graph.fill(nodes.keys());
  const found =
    miners.length > 0 ? miners : masternodes.filter((id) => nodes[id]?.online === true).slice(0, OTHER_POOLS);
  const quorums = drawQuorums(masternodes, random.fork('quorums'));
  return { plan: { nodes, edges: graph.edges, quorums, dashd, miners: found }, graph };
}

class Drawing {
  readonly nodes: NodePlan[] = [];

  constructor(
    private readonly table: LatencyTable,
    private readonly assumptions: NodeAssumptions,
    private readonly random: RunRandom,
    private readonly offline: number,
  ) {}

  masternode(): NodeId {
    const { random } = this;
    const region = this.place(this.assumptions.geography.masternodes);
    return this.add({ kind: 'masternode', region, ...drawServerLine(random) }, SERVER_GROUPS, true);
  }

  other(): NodeId {
    const { random, assumptions } = this;
    const region = this.place(assumptions.geography.others);
    const listens = random.float() < assumptions.listening;
    return this.add({ kind: 'other', region, ...drawOtherLine(random) }, OTHER_GROUPS, listens);
  }

  /** A pool's own node: always online, on a good machine. */
  pool(region: number, line: Line): NodeId {
    const id = this.add({ kind: 'other', region, ...line }, OTHER_GROUPS, true);
    const node = this.nodes[id];
    if (node !== undefined) this.nodes[id] = { ...node, online: true, cpu: 1, foreignInbound: 0 };
    return id;
  }

  place(shares: Shares): number {
    return drawRegion(this.random, this.table.regions, shares);
  }

  private add(node: Pick<NodePlan, 'kind' | 'region'> & Line, groups: number, listens: boolean): NodeId {
    const { random, assumptions } = this;
    const id = this.nodes.length;
    // Some companies have far more nodes than others.
    const group = Math.floor(groups * random.float() * random.float());
    return (
      this.nodes.push({
        ...node,
        listens,
        cpu: random.lognormal(1, assumptions.cpuSigma),
        online: random.float() >= this.offline,
        ip: `${FIRST_OCTET + node.region}.${group}.${id >> 8}.${id & 255}`,
        foreignInbound: random.between(0, MAX_FOREIGN[node.kind]),
      }) - 1
    );
  }
}

function drawQuorums(masternodes: readonly NodeId[], random: RunRandom): QuorumPlan[] {
  return range(0, QUORUMS).map(() => ({
    hash: Uint8Array.from(range(0, HASH_BYTES), () => random.between(0, 255)),
    members: random.sample(masternodes, MEMBERS),
  }));
}

/** Without the spread of paths, which is the transport's. */
function roundTrips(nodes: readonly NodePlan[], table: LatencyTable): (a: NodeId, b: NodeId) => number {
  return (a, b) => {
    const [one, other] = [nodes[a], nodes[b]];
    if (one === undefined || other === undefined) throw new RangeError(`there is no node ${a} or ${b}`);
    return 2 * (table.oneWay(one.region, other.region) + (one.accessMs + other.accessMs) * MICROS_PER_MS);
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
