/** One run: a network, and on it blocks that contenders send, and a rival's. Each block finds it as the ones of other pools left it. */

import { LLMQ_400_60, signingQuorum } from '../../quorum/signing-quorum.js';
import type { Contender, RelayKnowledge } from '../contenders/contender.js';
import { payloadBytes } from '../network/block.js';
import type { Chosen, HighBandwidth } from '../network/dash-network.js';
import { drawPlan } from '../network/draw-plan.js';
import type { ArrivalTimes, NetworkPlan, NodeId } from '../network/plan.js';
import { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import { forward, nearestOf, sitesOf } from './cluster-sending.js';
import type { RunTimes } from './figures.js';
import type { Model } from './model.js';
import { Sending } from './sending.js';
import { Stage } from './stage.js';
import { type Warm, warmUp } from './warm-up.js';

/** Heights at which the networks begin: another quorum signs in each run. */
const FIRST_HEIGHT = 2_500_000;
const HEIGHTS = 100_000;
const BYTES_PER_MBIT = 125_000;
/** Of a slower uplink a push to hundreds of peers shows the speed (quorum/uplink.ts), or the operator states it. */
const LIMITED_MBIT = 100;

export class RaceRun {
  /** Members of the quorum that signs, the offline ones included. */
  readonly signers: readonly NodeId[];
  readonly online: readonly NodeId[];
  private shared: Stage | undefined;
  private chosen: Chosen | undefined;
  private readonly warm: Warm;
  private readonly random: RunRandom;
  private readonly signing: number;
  /** By the name of the contender. */
  private readonly connected = new Map<string, readonly NodeId[]>();

  /** Draws the network and lets other pools' blocks pass it. @param run from 0 */
  constructor(
    private readonly scenario: Pick<Scenario, 'network' | 'pool' | 'mempoolOverlap'>,
    private readonly model: Model,
    seed: number,
    run: number,
  ) {
    this.random = new RunRandom(seed, `run ${run}`);
    const { random } = this;
    const { table, hosts, nodes: assumptions } = model;
    const { plan, graph } = drawPlan({ scenario, table, hosts, assumptions }, random);
    const height = FIRST_HEIGHT + random.fork('height').between(0, HEIGHTS);
    const { mempoolOverlap } = scenario;
    const stage = new Stage({ plan, model, mempoolOverlap, random: random.fork('warm-up'), height });
    this.warm = warmUp({ stage, plan, graph, model, poolShare: scenario.pool.share, random });
    const hashes = plan.quorums.map(({ hash }) => hash);
    this.signing = signingQuorum(LLMQ_400_60, hashes, this.warm.height + 1);
    this.signers = plan.quorums[this.signing]?.members ?? [];
    this.online = plan.nodes.flatMap(({ online }, id) => (online ? [id] : []));
  }

  /** @param bytes of the block */
  send(contender: Contender, bytes: number): RunTimes {
    const { plan } = this.warm;
    const stage = this.ready();
    const connections = this.connectionsOf(contender, stage);
    const relay = stage.network.outside(plan.dashd);
    const sites = contender.relays === undefined ? [] : this.sites(stage, contender.relays - 1);
    const relays = [relay, ...sites.map((site) => stage.network.outside(stage.network.node(site).host))];
    const placeOf = (id: NodeId): number => (sites.length === 0 ? 0 : nearestOf(stage, [plan.dashd, ...sites], id));
    const peers = new Map(
      connections.map((id) => {
        const place = placeOf(id);
        return [id, { place, peer: stage.network.dial(relays[place] ?? relay, id) }];
      }),
    );
    const block = stage.network.newBlock(stage.network.start, bytes);
    const times = stage.watch(block.height);
    const size = { bytes: block.bytes, compactBytes: payloadBytes(block, 'compact') };
    const { pushes, pace, dashd } = contender.plan(connections, size, this.knowledge(stage, `${contender.name} plan`));
    const { startUp, asks } = this.model;
    const write = this.scenario.pool.writeMicros;
    const sending = new Sending({ stage, relay, block, startUp, asks, write });
    const all = pushes.flatMap(({ to, form, afterMs = 0 }) => {
      const found = peers.get(to);
      return found === undefined ? [] : [{ ...found, form, afterMs }];
    });
    const writes = all.filter(({ place }) => place === 0);
    const others = sites.flatMap((site, index) => {
      const at = relays[index + 1];
      return at === undefined
        ? []
        : [{ relay: at, dashd: site, writes: all.filter(({ place }) => place === index + 1) }];
    });
    forward(relay, others, startUp + (writes.length + 1) * write, { stage, block, startUp, asks, write });
    if (dashd === 'first') sending.toDashd(plan.dashd);
    if (pace === 'at-once') sending.atOnce(writes);
    else sending.oneByOne(writes);
    if (dashd === 'last') sending.toDashd(plan.dashd);
    stage.engine.run();
    const bytesSent = stage.network.bytesSent(plan.dashd);
    for (const { peer } of peers.values()) stage.network.disconnect(peer);
    return { connections: connections.length, bytesSent, times };
  }

  /** The block of another pool, without any relay. @param bytes of the block */
  rival(bytes: number): ArrivalTimes {
    const { plan } = this.warm;
    const stage = this.ready();
    const block = stage.network.newBlock(stage.network.start, bytes);
    const times = stage.watch(block.height);
    const finder = this.random.fork('rival').pick(plan.miners);
    stage.engine.after(this.model.startUp, () => stage.network.node(finder).submit(block));
    stage.engine.run();
    return times;
  }

  /** With the connections as they are when the block is found. */
  get plan(): NetworkPlan {
    return this.warm.plan;
  }

  /** The network that stands ready for the block, built anew: the same each time, and the same as contenders have. */
  stage(): Stage {
    const stage = this.build();
    stage.network.highBandwidth = this.highBandwidth;
    return stage;
  }

  private build(): Stage {
    const { plan, height } = this.warm;
    const { mempoolOverlap } = this.scenario;
    return new Stage({ plan, model: this.model, mempoolOverlap, random: this.random.fork('block'), height });
  }

  /** The one network of all contenders, put back to where the other pools' blocks left it. */
  private ready(): Stage {
    this.shared ??= this.stage();
    this.chosen ??= this.shared.network.chosen;
    this.shared.reset(this.warm.height);
    this.shared.network.restore(this.chosen);
    return this.shared;
  }

  private get highBandwidth(): HighBandwidth {
    const { highBandwidth, plan } = this.warm;
    return this.scenario.pool.highBandwidth ? highBandwidth : without(highBandwidth, plan.dashd);
  }

  /** Where the other relays of a cluster stand. */
  private sites(stage: Stage, count: number): readonly NodeId[] {
    const { nodes, dashd } = this.warm.plan;
    const isSite = (id: NodeId): boolean =>
      id !== dashd && nodes[id]?.kind === 'masternode' && nodes[id]?.listens === true;
    return sitesOf(stage, dashd, this.online.filter(isSite), count);
  }

  /** They do not depend on the block. */
  private connectionsOf(contender: Contender, stage: Stage): readonly NodeId[] {
    const known = this.connected.get(contender.name) ?? contender.connections(this.knowledge(stage, contender.name));
    this.connected.set(contender.name, known);
    return known;
  }

  /** @param stream of the randomness */
  private knowledge({ network, transport }: Stage, stream: string): RelayKnowledge {
    const { plan, sightings } = this.warm;
    const { uplinkMbit } = this.scenario.pool;
    const { dashd, nodes } = plan;
    const neighbours = plan.edges.flatMap(({ from, to }) => {
      if (from === dashd) return [to];
      return to === dashd ? [from] : [];
    });
    return {
      plan,
      sightings,
      reachable: this.online.filter((id) => id !== dashd && nodes[id]?.listens === true),
      dashdPeers: new Set(neighbours),
      signing: this.signing,
      uplink: uplinkMbit <= LIMITED_MBIT ? uplinkMbit * BYTES_PER_MBIT : undefined,
      roundTrip: (id) => transport.roundTrip(network.node(dashd).host, network.node(id).host),
      random: this.random.fork(`contender ${stream}`),
    };
  }
}

/** As if nobody had asked a node for high bandwidth. */
function without(highBandwidth: HighBandwidth, node: NodeId): HighBandwidth {
  return highBandwidth.map((asked) => asked.filter((id) => id !== node));
}
