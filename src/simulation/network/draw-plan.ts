/** Draws a network from a seed: nodes with their places, lines and machines, connections, quorums, the pool's own dashd, other pools. */
import { MICROS_PER_MS, type Micros } from '../engine.js';
import { drawHost, type HostMix } from '../net/host-mix.js';
import type { HostSpec } from '../net/hosts.js';
import type { LatencyTable } from '../net/latency-table.js';
import type { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import { Graph } from './graph.js';
import type { NetworkPlan, NodeId, NodePlan, QuorumPlan } from './plan.js';

/** What is assumed of nodes besides their hosts. */
export interface NodeAssumptions {
  /** Standard deviation of the logarithm of a node's time for the same work; the median node takes 1. */
  readonly cpuSigma: number;
  /** Share of the nodes that are no masternodes that accept connections; masternodes must. */
  readonly listening: number;
}

export interface Basis {
  readonly scenario: Pick<Scenario, 'network' | 'pool'>;
  readonly table: LatencyTable;
  readonly hosts: HostMix;
  readonly assumptions: NodeAssumptions;
}

/** Active quorums of LLMQ_400_60, and their members. Source: Dash Core llmq/params.h. */
const QUORUMS = 4;
const MEMBERS = 400;
const HASH_BYTES = 32;
/** Pools whose blocks the network sees besides ours. */
const OTHER_POOLS = 8;
const MBIT = 125_000;
/** Of a pool's own node, other pools' uplinks as well. */
const POOL_LINE = { accessMs: 1, up: 1_000 * MBIT, down: 1_000 * MBIT };
/** Network groups of a region: rented servers are in fewer than homes and offices. */
const GROUPS = { masternode: 60, other: 250 };
const FIRST_OCTET = 45;
/** An assumption: each number up to it is as likely. Light clients and crawlers prefer nodes that are no masternodes. */
const MAX_FOREIGN = { masternode: 40, other: 120 };

/**
 * @returns the plan, and its graph, in which nodes may start again
 * @throws RangeError when the pool's region is not in the table
 */
export function drawPlan(basis: Basis, random: RunRandom): { readonly plan: NetworkPlan; readonly graph: Graph } {
  const { network, pool } = basis.scenario;
  const drawing = new Drawing(basis, random.fork('nodes'));
  const region = basis.table.regions.indexOf(pool.region);
  if (region < 0) throw new RangeError(`the latency table has no region ${pool.region}`);
  const masternodes = Array.from({ length: network.masternodes }, () => drawing.masternode());
  const dashd = drawing.pool({ ...POOL_LINE, region, up: pool.uplinkMbit * MBIT });
  const others = Math.max(0, network.others - 1);
  const pools = Array.from({ length: Math.min(others, OTHER_POOLS) }, () => drawing.otherPool());
  for (let left = others - pools.length; left > 0; left -= 1) drawing.other();
  const { nodes } = drawing;
  const graph = new Graph({ nodes, random: random.fork('edges'), roundTrip: roundTrips(nodes, basis.table) });
  graph.fill(nodes.keys());
  const online = masternodes.filter((id) => nodes[id]?.online === true);
  const miners = pools.length > 0 ? pools : online.slice(0, OTHER_POOLS);
  const quorums = drawQuorums(masternodes, random.fork('quorums'));
  return { plan: { nodes, edges: graph.edges, quorums, dashd, miners }, graph };
}

class Drawing {
  readonly nodes: NodePlan[] = [];

  constructor(
    private readonly basis: Basis,
    private readonly random: RunRandom,
  ) {}

  masternode(): NodeId {
    return this.add('masternode', this.host('masternodes'), { listens: true });
  }

  other(): NodeId {
    const listens = this.random.float() < this.basis.assumptions.listening;
    return this.add('other', this.host('others'), { listens });
  }

  otherPool(): NodeId {
    return this.pool({ ...POOL_LINE, region: this.host('others').region });
  }

  /** A pool's own node: always online, on a machine like the median node's. */
  pool(host: HostSpec): NodeId {
    return this.add('other', host, { listens: true, online: true, cpu: 1, foreignInbound: 0 });
  }

  private host(kind: 'masternodes' | 'others'): HostSpec {
    const { hosts, scenario, table } = this.basis;
    const regions = (kind === 'masternodes' ? scenario.network.regions : undefined) ?? hosts[kind].regions;
    return drawHost({ ...hosts[kind], regions }, table.regions, this.random);
  }

  private add(kind: NodePlan['kind'], host: HostSpec, given: Partial<NodePlan> & Pick<NodePlan, 'listens'>): NodeId {
    const { random, basis } = this;
    const id = this.nodes.length;
    // A product of two draws: some companies have far more nodes than others.
    const group = Math.floor(GROUPS[kind] * random.float() * random.float());
    this.nodes.push({
      kind,
      ...host,
      ip: `${FIRST_OCTET + host.region}.${group}.${id >> 8}.${id & 255}`,
      cpu: random.lognormal(1, basis.assumptions.cpuSigma),
      online: random.float() >= basis.scenario.network.offline,
      foreignInbound: random.between(0, MAX_FOREIGN[kind]),
      ...given,
    });
    return id;
  }
}

function drawQuorums(masternodes: readonly NodeId[], random: RunRandom): QuorumPlan[] {
  return Array.from({ length: QUORUMS }, () => ({
    hash: Uint8Array.from({ length: HASH_BYTES }, () => random.between(0, 255)),
    members: random.sample(masternodes, MEMBERS),
  }));
}

/** Medians, without the spread of paths, which is the transport's. */
function roundTrips(nodes: readonly NodePlan[], table: LatencyTable): (a: NodeId, b: NodeId) => Micros {
  return (a, b) => {
    const [one, other] = [nodes[a], nodes[b]];
    if (one === undefined || other === undefined) throw new RangeError(`there is no node ${a} or ${b}`);
    return 2 * (table.oneWay(one.region, other.region) + (one.accessMs + other.accessMs) * MICROS_PER_MS);
  };
}
