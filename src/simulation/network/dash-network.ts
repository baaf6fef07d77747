/**
 * A Dash network of coarse nodes (`node.ts`) from its plan. For live/: a byte-level front of a node is an {@link Outside} on a host of its own.
 * What is pushed to the front enters the node by `onBlock`, and `listen` tells when the node has connected a block.
 */
import type { Engine, Micros } from '../engine.js';
import type { RunRandom } from '../random.js';
import { type SimBlock, transactionsIn } from './block.js';
import type { Carrier, HostId } from './carrier.js';
import { missingTransactions } from './mempool.js';
import { CoarseNode, type World } from './node.js';
import { Outside } from './outside.js';
import { type Peer, pair } from './peer.js';
import type { EdgePlan, NetworkPlan, NodeId } from './plan.js';
import { TIMING, type Timing } from './timing.js';

export interface NetworkDeps {
  readonly engine: Engine;
  /** Its first hosts are those of the plan's nodes, in their order: a node's id is its host's. */
  readonly carrier: Carrier;
  readonly random: RunRandom;
  readonly plan: NetworkPlan;
  /** Share of a block's transactions that a node has in its mempool. */
  readonly mempoolOverlap: number;
  readonly timing?: Timing;
  /** Height of the block that all nodes start with. */
  readonly height?: number;
}

/** For each node those it has asked for high bandwidth, the last deliverer last. */
export type HighBandwidth = readonly (readonly NodeId[])[];

/** By node: its ends of the connections to those that it has asked for high bandwidth, the last deliverer last. */
export type Chosen = readonly (readonly Peer[])[];

export type ConnectedListener = (node: NodeId, block: SimBlock, at: Micros) => void;

export class DashNetwork {
  readonly nodes: readonly CoarseNode[];
  private first: SimBlock;
  private blocks = 0;
  /** Blocks before the network began anew. */
  private begin = 0;
  private listeners: ConnectedListener[] = [];
  /** By host. */
  private readonly bytes: number[];

  constructor(private readonly deps: NetworkDeps) {
    const { engine, carrier, random, plan, mempoolOverlap, timing = TIMING, height = 0 } = deps;
    this.first = this.newBlock(undefined, 0, height);
    this.bytes = plan.nodes.map(() => 0);
    const draws = random.keyed('missing');
    const world: World = {
      engine,
      carrier,
      timing,
      missing: (node, block) => missingTransactions(draws, node, block, mempoolOverlap),
      connected: (node, block) => {
        for (const listener of this.listeners) listener(node, block, engine.now);
      },
      sent: this.count,
    };
    this.nodes = plan.nodes.map(({ cpu }, id) => new CoarseNode(world, { id, host: id, cpu }, this.first));
    for (const edge of plan.edges) this.connect(edge);
  }

  /** What all nodes start with. */
  get start(): SimBlock {
    return this.first;
  }

  /**
   * Begins anew at a height: all nodes have the same new tip, the connections that there are and whom they asked for high bandwidth. Only
   * when nothing is under way. Nobody listens then.
   */
  reset(height: number): void {
    this.begin = this.blocks;
    this.first = this.newBlock(undefined, 0, height);
    for (const node of this.nodes) node.reset(this.first);
    this.listeners = [];
    this.bytes.fill(0);
  }

  /** @throws RangeError when there is no such node */
  node(id: NodeId): CoarseNode {
    const node = this.nodes[id];
    if (node === undefined) throw new RangeError(`there is no node ${id}`);
    return node;
  }

  newBlock(parent: SimBlock | undefined, bytes: number, height = (parent?.height ?? 0) + 1): SimBlock {
    this.blocks += 1;
    return {
      id: this.blocks,
      nth: this.blocks - this.begin,
      height,
      parent,
      bytes,
      transactions: transactionsIn(bytes),
    };
  }

  /** An established connection between two nodes. @returns its ends, the dialler's first */
  connect({ from, to }: Pick<EdgePlan, 'from' | 'to'>): readonly [Peer, Peer] {
    const { carrier, engine } = this.deps;
    const [dialler, listener] = [this.node(from), this.node(to)];
    const ends = pair(dialler, listener, carrier.connect(dialler.host, listener.host), engine.now);
    dialler.peers.push(ends[0]);
    listener.peers.push(ends[1]);
    return ends;
  }

  /** Something on a host that connects to nodes; see {@link dial}. */
  outside(host: HostId): Outside {
    return new Outside({ carrier: this.deps.carrier, sent: this.count }, host);
  }

  /** An established connection from outside. @returns its outside end */
  dial(from: Outside, to: NodeId): Peer {
    const { carrier, engine } = this.deps;
    const node = this.node(to);
    const [mine, its] = pair(from, node, carrier.connect(from.host, node.host), engine.now);
    node.peers.push(its);
    return mine;
  }

  /** A node's end of its connection to another. */
  peerOf(id: NodeId, other: NodeId): Peer | undefined {
    for (const peer of this.node(id).peers) if (this.idOf(peer.other) === other) return peer;
    return undefined;
  }

  /** Nothing that is under way on the connection arrives. */
  disconnect(peer: Peer): void {
    if (peer.isClosed) return;
    this.deps.carrier.close(peer.link);
    const ends = [peer, peer.other];
    for (const end of ends) end.isClosed = true;
    for (const end of ends) end.owner.onClosed(end);
  }

  /** Calls the listener whenever a node has a block in its active chain for the first time. */
  listen(listener: ConnectedListener): void {
    this.listeners.push(listener);
  }

  /** What a host has sent so far. */
  bytesSent(host: HostId): number {
    return this.bytes[host] ?? 0;
  }

  get highBandwidth(): HighBandwidth {
    return this.nodes.map(({ chosen }) => chosen.flatMap(({ other }) => this.idOf(other) ?? []));
  }

  /** Sets whom each node has asked for high bandwidth, as if it had just been told. Connections that there are not are left out. */
  set highBandwidth(wanted: HighBandwidth) {
    this.restore(wanted.map((others, id) => others.flatMap((other) => this.peerOf(id, other) ?? [])));
  }

  /** The ends of the connections to those that each node has asked for high bandwidth: for {@link restore}. */
  get chosen(): Chosen {
    return this.nodes.map(({ chosen }) => [...chosen]);
  }

  /** As `highBandwidth`, without a search for the connections. */
  restore(wanted: Chosen): void {
    for (const { chosen } of this.nodes) {
      for (const peer of chosen) peer.other.wantsCompact = false;
      chosen.length = 0;
    }
    for (const [id, peers] of wanted.entries()) {
      this.node(id).chosen.push(...peers);
      for (const peer of peers) peer.other.wantsCompact = true;
    }
  }

  private idOf({ owner }: Peer): NodeId | undefined {
    return owner instanceof CoarseNode ? owner.id : undefined;
  }

  private readonly count = (host: HostId, bytes: number): void => {
    this.bytes[host] = (this.bytes[host] ?? 0) + bytes;
  };
}
