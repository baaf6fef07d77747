/**
 * The real relay in a network of coarse nodes: each node that it connects to gets a byte-level front (front.ts), made when the first
 * connection arrives. The pool's own dashd is a coarse node too, with a front that has RPC and ZeroMQ.
 *
 * The network's own blocks are not known as bytes before they are needed; block-bytes.ts makes them.
 */
import { loadX11 } from '../../block/x11.js';
import type { SelectLimits } from '../../peers/plan.js';
import type { Ports } from '../../relay/ports.js';
import { Chain } from '../../simulated/chain.js';
import { mineBlock } from '../../simulated/miner.js';
import { SimulatedNode } from '../../simulated/node.js';
import type { NodeListener, NodeSocket, NodeSockets } from '../../simulated/sockets.js';
import type { Engine } from '../engine.js';
import type { SimBlock } from '../network/block.js';
import type { Carrier } from '../network/carrier.js';
import type { DashNetwork } from '../network/dash-network.js';
import type { NetworkPlan, NodeId } from '../network/plan.js';
import type { RunRandom } from '../random.js';
import { BlockBytes } from './block-bytes.js';
import { Driver } from './driver.js';
import { Front } from './front.js';
import { type NodeWorld, virtualNodeOptions } from './live-node.js';
import { LiveRelay } from './live-relay.js';
import { networkMethods } from './network-rpc.js';
import { nodeSocket } from './node-sockets.js';
import type { ProcessorTimes } from './processor.js';
import { memoryDisk, P2P_PORT, PEER_FILE, putFile, relayConfig, ZMQ_URL } from './relay-machine.js';
import { VirtualClock } from './virtual-clock.js';
import { VirtualDashd } from './virtual-dashd.js';
import { VirtualPool } from './virtual-pool.js';
import { type Machine, VirtualTcp } from './virtual-tcp.js';

export interface FullFormDeps {
  readonly engine: Engine;
  readonly carrier: Carrier;
  readonly network: DashNetwork;
  readonly plan: NetworkPlan;
  readonly random: RunRandom;
  /** Nodes that the relay's configuration names; without them dashd names its own peers and the masternodes. */
  readonly peers?: readonly NodeId[];
  /** How many peers the relay keeps connections to, dashd not counted; default: all that its configuration names, otherwise 19. */
  readonly connections?: number;
  /** The text of the relay's peer file, when it was there before. */
  readonly peerFile?: string;
  /** Flags of the relay's configuration, without their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly limits?: Partial<SelectLimits>;
  /** See {@link LiveRelayDeps.processorTimes}. */
  readonly processorTimes?: ProcessorTimes;
  /** See {@link LiveRelayDeps.wrap}. */
  readonly wrap?: (ports: Ports) => Ports;
}

/** Blocks below the one that all coarse nodes start with: the relay looks at a parent's parent. */
const BASE_BLOCKS = 3;
const START_MS = 30_000;
/** The default of broadcast.maxPeers, dashd not counted. */
const CONNECTIONS = 19;

export class FullForm {
  readonly driver: Driver;
  readonly pool: VirtualPool;
  readonly dashd: VirtualDashd;
  readonly relay: LiveRelay;
  private readonly tcp: VirtualTcp;
  private readonly clock: VirtualClock;
  private readonly world: NodeWorld;
  private readonly base: readonly Buffer[];
  private readonly bytes: BlockBytes;
  private readonly fronts = new Map<NodeId, Front>();

  private constructor(private readonly deps: FullFormDeps) {
    const { engine, carrier, network, plan, random, peers = [], flags, limits, processorTimes, wrap } = deps;
    this.driver = new Driver(engine);
    this.tcp = new VirtualTcp({ engine, transport: carrier });
    this.clock = new VirtualClock(engine);
    this.world = { driver: this.driver, tcp: this.tcp, clock: new VirtualClock(engine) };
    const base = new Chain({ clock: this.clock, specialFrom: 1 });
    this.base = Array.from({ length: BASE_BLOCKS }, () => {
      const raw = mineBlock(base.template());
      base.accept(raw, true);
      return raw;
    });
    this.bytes = new BlockBytes(base, network.start, this.clock);
    network.listen((node, block) => this.fronts.get(node)?.connected(block));

    const machine = this.tcp.addMachine(plan.dashd, ipOf(plan, plan.dashd));
    this.dashd = this.openDashd(machine);
    for (const id of plan.nodes.keys()) if (id !== plan.dashd) this.open(id);
    this.pool = new VirtualPool(engine);
    const disk = memoryDisk(this.driver, this.clock, random.fork('disk'));
    if (deps.peerFile !== undefined) putFile(disk, PEER_FILE, deps.peerFile);
    this.relay = new LiveRelay({
      ...{ driver: this.driver, clock: this.clock, tcp: this.tcp, machine, dashd: this.dashd, pool: this.pool },
      config: relayConfig(
        peers.map((id) => this.placeOf(id)),
        { ...this.ownFlags, ...flags },
      ),
      ...{ random: random.fork('relay'), disk, limits, processorTimes, wrap },
    });
  }

  /** Starts dashd and the relay; returns when the relay is connected to all its peers. @throws Error when it is not in time */
  static async start(deps: FullFormDeps): Promise<FullForm> {
    await loadX11();
    const form = new FullForm(deps);
    await form.driver.settled(form.dashd.start(), START_MS);
    await form.driver.settled(form.relay.start(), START_MS);
    const live = (): number => form.relay.current?.peers.size ?? 0;
    if (!(await form.driver.until(() => live() === form.connections, START_MS))) {
      throw new Error(`${live()} of ${form.connections} peers are connected`);
    }
    return form;
  }

  /** Dashd's included. */
  private get connections(): number {
    return (this.deps.connections ?? this.deps.peers?.length ?? CONNECTIONS) + 1;
  }

  /** All connections are wanted at once. */
  private get ownFlags(): Readonly<Record<string, string>> {
    const connections = String(this.connections);
    return {
      'broadcast-skip-bootstrap': String(this.deps.peers !== undefined),
      'broadcast-max-peers': connections,
      'broadcast-min-peers': connections,
    };
  }

  /** `host:port` of a node, as the relay knows it. */
  placeOf(id: NodeId): string {
    return `${ipOf(this.deps.plan, id)}:${P2P_PORT}`;
  }

  /** A block of the coarse network as bytes. */
  rawOf(block: SimBlock): Buffer {
    return this.bytes.rawOf(block);
  }

  private openDashd(machine: Machine): VirtualDashd {
    const { network, plan, random, carrier } = this.deps;
    const home: NodeWorld = { ...this.world, clock: this.clock };
    const front = new Front(network, plan.dashd, this.bytes);
    this.fronts.set(plan.dashd, front);
    const place = { machine, port: P2P_PORT, random: random.fork('dashd') };
    const options = { ...virtualNodeOptions(home, place), processing: front.processing };
    const methods = networkMethods({ network, carrier, plan, placeOf: (id) => this.placeOf(id) });
    const dashd = new VirtualDashd(this.driver, { ...options, newChain: () => this.newChain(), methods }, ZMQ_URL);
    front.attach(dashd.node.chain);
    return dashd;
  }

  /** Has a node's place in the network answer, if it takes connections. */
  private open(id: NodeId): void {
    const { plan } = this.deps;
    const node = plan.nodes[id];
    if (node?.online !== true || !node.listens) return;
    const machine = this.tcp.addMachine(id, node.ip);
    let accept: ((socket: NodeSocket) => void) | undefined;
    this.tcp.listen(machine, P2P_PORT, (end, remote) => {
      accept ??= this.openFront(id, machine);
      accept(nodeSocket(this.deps.engine, end, remote));
    });
  }

  /** @returns what takes the connections */
  private openFront(id: NodeId, machine: Machine): (socket: NodeSocket) => void {
    const { network, random } = this.deps;
    const front = new Front(network, id, this.bytes);
    this.fronts.set(id, front);
    const sockets = new HandedSockets();
    const node = new SimulatedNode({
      ...virtualNodeOptions(this.world, { machine, port: P2P_PORT, random: random.fork(`front ${id}`) }),
      name: `node-${id}`,
      chain: this.newChain(),
      sockets,
      processing: front.processing,
    });
    this.driver.touch();
    // Never fails: its port is that of the listener that called this.
    void node.start();
    front.attach(node.chain);
    return (socket) => sockets.accept?.(socket);
  }

  private newChain(): Chain {
    const chain = new Chain({ clock: this.world.clock, specialFrom: 1 });
    for (const raw of this.base) chain.accept(raw, true);
    return chain;
  }
}

/** For a node whose connections are accepted elsewhere. */
class HandedSockets implements NodeSockets {
  accept: ((socket: NodeSocket) => void) | undefined;

  async listen(_host: string, _port: number, accept: (socket: NodeSocket) => void): Promise<NodeListener> {
    this.accept = accept;
    return {
      close: async () => {
        this.accept = undefined;
      },
    };
  }

  async connect(host: string, port: number): Promise<NodeSocket> {
    throw new Error(`a front connects to nobody, not to ${host}:${port}`);
  }
}

/** @throws RangeError when there is no such node */
function ipOf(plan: NetworkPlan, id: NodeId): string {
  const node = plan.nodes[id];
  if (node === undefined) throw new RangeError(`there is no node ${id}`);
  return node.ip;
}
