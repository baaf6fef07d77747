import { hash } from 'node:crypto';
import { systemClock } from '../adapters/system.js';
import { loadX11 } from '../block/x11.js';
import type { Clock, Random } from '../time.js';
import type { Hash } from '../wire/reader.js';
import type { LinkQuality } from './behaviour.js';
import { Chain } from './chain.js';
import { SimulatedDashd } from './dashd.js';
import { firstHeightOfAll, type Masternode, Masternodes, type QuorumRules } from './masternodes.js';
import { SimulatedNode } from './node.js';
import { between, SeededRandom } from './seeded-random.js';
import { realTimers, type Timers } from './timers.js';

export interface NetworkOptions {
  /** Nodes besides dashd; default 20. */
  readonly nodes?: number;
  /** The same seed gives the same link qualities and connections. */
  readonly seed?: number;
  /** False: no delay between nodes. */
  readonly latency?: boolean;
  /** Blocks that all nodes have from the start; default 3, or as many as it takes for all quorums to be active. */
  readonly blocks?: number;
  /** The nodes besides dashd are masternodes, which form quorums by these rules; default: none is one. */
  readonly quorums?: QuorumRules;
  /** With quorums: so many of the nodes, the last ones, are no masternodes; default 0. */
  readonly ordinary?: number;
  /** Addresses in a node's address book, of which it shares 23 %; default all. */
  readonly known?: number;
  /** Nodes that dashd connects to, which are also the only ones it knows; default 8. */
  readonly dashdPeers?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

export interface SimulatedNetwork {
  readonly nodes: readonly SimulatedNode[];
  readonly dashd: SimulatedDashd;
  stop(): Promise<void>;
}

const USER = 'demo';
const PASSWORD = 'demo';
/** Connections that a node opens to others. */
const NEIGHBOURS = 3;
const DASHD_PEERS = 8;
const BLOCKS = 3;
/** The quorum that signs a block is chosen of those that are active so many blocks below it. Source: Dash Core `llmq/signing.h`. */
const SIGNING_OFFSET = 8;
/** One of this many links has low throughput, and one has high latency. */
const ONE_IN = 7;

/**
 * Starts a Dash network on 127.0.0.1: nodes with different latency and throughput, and a dashd with RPC and ZeroMQ. All have the same
 * chain and relay blocks to each other.
 */
export async function startNetwork(options: NetworkOptions = {}): Promise<SimulatedNetwork> {
  await loadX11();
  const { nodes: count = 20, seed = 1, quorums, ordinary = 0, clock = systemClock, timers = realTimers } = options;
  const { blocks = quorums === undefined ? BLOCKS : firstHeightOfAll(quorums) + SIGNING_OFFSET } = options;
  const random = new SeededRandom(seed);
  const newChain = () => new Chain({ clock, specialFrom: 1 });
  const dashd = new SimulatedDashd({ user: USER, password: PASSWORD, chain: newChain(), clock, random, timers });
  const history = dashd.generate(blocks);
  const nodes = Array.from({ length: count }, (_, place) => {
    const node = new SimulatedNode({
      name: nameOf(place),
      ...(quorums !== undefined && place < count - ordinary && { masternode: registrationOf(place) }),
      linkQuality: options.latency === false ? { latencyMs: 0 } : drawLinkQuality(random, place),
      chain: newChain(),
      clock,
      random,
      timers,
    });
    for (const raw of history) node.submit(raw);
    return node;
  });
  await Promise.all([dashd.start(), ...nodes.map((node) => node.start())]);
  if (quorums !== undefined) dashd.masternodes = new Masternodes(nodes.flatMap(masternodeAt), quorums);
  await connectNodes(nodes, dashd.node, random, options);
  return {
    nodes,
    dashd,
    async stop() {
      await Promise.all([dashd.stop(), ...nodes.map((node) => node.stop())]);
    },
  };
}

function registrationOf(place: number): Hash {
  return hash('sha256', nameOf(place));
}

function masternodeAt({ masternode, address }: SimulatedNode): Masternode[] {
  return masternode === undefined ? [] : [{ proTxHash: masternode, address, banned: false }];
}

function nameOf(place: number): string {
  return `node-${String(place + 1).padStart(2, '0')}`;
}

/** A latency between that of a neighbour and of another continent; some links are slow or have low throughput. */
function drawLinkQuality(random: Random, place: number): LinkQuality {
  if (place % ONE_IN === ONE_IN - 1) return { latencyMs: between(random, 150, 400) };
  if (place % ONE_IN === ONE_IN - 3) return { latencyMs: between(random, 20, 60), bytesPerSecond: 500_000 };
  return { latencyMs: between(random, 1, 90) };
}

/** Fills the address books and connects each node to some of the nodes before it. */
async function connectNodes(
  nodes: readonly SimulatedNode[],
  dashd: SimulatedNode,
  random: Random,
  { known = nodes.length, dashdPeers = DASHD_PEERS }: NetworkOptions,
): Promise<void> {
  for (const node of nodes) {
    const others = [dashd, ...nodes].filter((other) => other !== node);
    node.addressBook.add(draw(random, others, known).map(({ listing }) => listing));
  }
  const dials = nodes.flatMap((node, place) =>
    draw(random, nodes.slice(0, place), NEIGHBOURS).map((other) => node.connect(other)),
  );
  const ofDashd = draw(random, nodes, dashdPeers);
  dashd.addressBook.add(ofDashd.map(({ listing }) => listing));
  await Promise.all([...dials, ...ofDashd.map((node) => dashd.connect(node))]);
}

function draw<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(between(random, 0, left.length - 1), 1),
  ).flat();
}
