/** A network of coarse nodes drawn from a seed, small enough for twenty of them in a test, and a relay's decisions carried out in it. */
import { publicAddress } from '../../../src/simulated/public-address.js';
import { Engine, type Micros } from '../../../src/simulation/engine.js';
import { readNetData } from '../../../src/simulation/net/data.js';
import { Transport, type TransportOptions } from '../../../src/simulation/net/transport.js';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import { ChainLockVotes } from '../../../src/simulation/network/chain-locks.js';
import { DashNetwork } from '../../../src/simulation/network/dash-network.js';
import type { EdgePlan, NetworkPlan, NodeId, NodePlan } from '../../../src/simulation/network/plan.js';
import { RunRandom } from '../../../src/simulation/random.js';

const NODES = 150;
const OUTBOUND = 8;
const SIGNERS = 100;
const MBIT = 125_000;
const MEMPOOL_OVERLAP = 0.99;
/** Blocks before: then nodes have chosen their high-bandwidth peers. */
const WARM_UP = 4;
/** One that twenty peers are sent whole: what the compact form costs is that of the nodes behind the fronts. */
const BLOCK_BYTES = 12_000;
export const DASHD: NodeId = 0;
/** No jitter and no losses: both are drawn for the n-th burst on a path, and the real relay's handshakes are bursts too. */
export const EXACT: TransportOptions = { jitterMs: 0, loss: 0 };
/** The first of the tables: any will do. */
const [TABLE] = tables();

function tables() {
  const data = readNetData();
  if (!data.ok) throw new Error(JSON.stringify(data.errors));
  return [...data.data.tables.values()];
}

function drawPlan(random: RunRandom): NetworkPlan {
  const regions = TABLE?.regions.length ?? 1;
  const nodes = Array.from(
    { length: NODES },
    (_, id): NodePlan => ({
      ...{ kind: 'masternode', region: random.between(0, regions - 1), accessMs: random.between(1, 10) },
      ...{ up: random.pick([20, 100, 1_000]) * MBIT, down: 1_000 * MBIT, cpu: random.lognormal(1, 0.3) },
      ...{ online: true, listens: true, ip: publicAddress(id), foreignInbound: 0 },
    }),
  );
  const ids = [...nodes.keys()];
  const edges = ids.flatMap((from) =>
    random
      .sample(
        ids.filter((to) => to !== from),
        OUTBOUND,
      )
      .map((to): EdgePlan => ({ from, to, blockRelayOnly: false })),
  );
  const members = random.sample(ids.slice(1), SIGNERS);
  return { nodes, edges, quorums: [{ hash: new Uint8Array(32), members }], dashd: DASHD, miners: ids.slice(-WARM_UP) };
}

export class DrawnNetwork {
  readonly engine = new Engine();
  readonly plan: NetworkPlan;
  readonly carrier: Transport;
  readonly network: DashNetwork;
  /** When each node connected the pool's block, by node; of those that did. */
  readonly connected = new Map<NodeId, Micros>();
  readonly random: RunRandom;
  private readonly votes: ChainLockVotes;
  private readonly tip: SimBlock;

  constructor(seed: number, options: Partial<TransportOptions>) {
    this.random = new RunRandom(seed, 'drawn');
    this.plan = drawPlan(this.random.fork('plan'));
    const { engine, plan, random } = this;
    if (TABLE === undefined) throw new Error('there is no latency table');
    this.carrier = new Transport({ engine, latency: TABLE, random: random.fork('transport'), options });
    for (const { region, accessMs, up, down } of plan.nodes) this.carrier.addHost({ region, accessMs, up, down });
    this.network = new DashNetwork({
      ...{ engine, carrier: this.carrier, random: random.fork('network'), plan, mempoolOverlap: MEMPOOL_OVERLAP },
    });
    let tip = this.network.start;
    for (const miner of plan.miners) {
      tip = this.network.newBlock(tip, BLOCK_BYTES);
      this.network.node(miner).submit(tip);
      engine.run();
    }
    this.tip = tip;
    this.votes = new ChainLockVotes(plan.quorums[0]?.members ?? [], tip.height + 1);
    this.network.listen((node, block, at) => {
      if (block.parent === tip) this.connected.set(node, at);
      this.votes.connected(node, block, at);
    });
  }

  /** The pool's block. */
  found(): SimBlock {
    return this.network.newBlock(this.tip, BLOCK_BYTES);
  }

  /** When enough signers had connected the pool's block. @throws Error when they never had */
  get lockedAt(): Micros {
    const { lock } = this.votes;
    if (lock === undefined) throw new Error('the block was never locked');
    return lock.at;
  }

  /** The cheap form: these connections, and the block written to them in this order, in full. @returns when that was */
  push(to: readonly NodeId[]): Micros {
    const outside = this.network.outside(DASHD);
    const links = to.map((id) => this.network.dial(outside, id));
    const block = this.found();
    const { now } = this.engine;
    for (const link of links) {
      outside.push(link, block, 'full');
      outside.ask(link);
    }
    this.engine.run();
    return now;
  }
}
