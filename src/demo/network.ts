import { systemClock } from '../adapters/system.js';
import { loadX11 } from '../block/x11.js';
import type { Clock, Random } from '../time.js';
import type { Behaviour, Line } from './behaviour.js';
import { Chain } from './chain.js';
import { DashdStandIn } from './dashd.js';
import { SimulatedNode } from './node.js';
import { between, SeededRandom } from './seeded-random.js';
import { realTimers, type Timers } from './timers.js';

export interface NetworkOptions {
  /** How many nodes beside the dashd; 20 unless told. */
  readonly nodes?: number;
  /** The same seed gives the same lines, faults and neighbours. */
  readonly seed?: number;
  /** False gives all nodes lines that take no time. */
  readonly latency?: boolean;
  /** False leaves out the node that dies mid-block and the one that never answers. */
  readonly faults?: boolean;
  /** Blocks that all nodes have from the start; 3 unless told. */
  readonly blocks?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

/** What a node is, for those who watch it. */
export interface NodeProfile {
  readonly name: string;
  readonly address: string;
  readonly line: Line;
  readonly behaviour: Behaviour;
}

export interface DemoNetwork {
  readonly nodes: readonly SimulatedNode[];
  /** In the order of {@link nodes}. */
  readonly profiles: readonly NodeProfile[];
  readonly dashd: DashdStandIn;
  stop(): Promise<void>;
}

const USER = 'demo';
const PASSWORD = 'demo';
/** How many others a node dials. */
const NEIGHBOURS = 3;
/** Of the nodes, how many the dashd dials: what `getpeerinfo` tells. */
const DASHD_PEERS = 8;
/** One line in this many is a thin one, and one in as many is long. */
const ONE_IN = 7;

/**
 * Starts a Dash network on 127.0.0.1: nodes with lines of their own, some slow, one that dies mid-block, one that never
 * answers, and a dashd with RPC and ZeroMQ. All are on the same chain, and tell each other of blocks.
 */
export async function startNetwork(options: NetworkOptions = {}): Promise<DemoNetwork> {
  await loadX11();
  const { nodes: count = 20, seed = 1, blocks = 3, clock = systemClock, timers = realTimers } = options;
  const random = new SeededRandom(seed);
  const newChain = () => new Chain({ clock, specialFrom: 1 });
  const dashd = new DashdStandIn({ user: USER, password: PASSWORD, chain: newChain(), clock, random, timers });
  const history = dashd.generate(blocks);
  const nodes = Array.from({ length: count }, (_, place) => {
    const faulty = options.faults !== false;
    const node = new SimulatedNode({
      name: nameOf(place),
      line: options.latency === false ? { latencyMs: 0 } : drawLine(random, place),
      behaviour: faulty ? behaviourOf(place, count) : {},
      chain: newChain(),
      clock,
      random,
      timers,
    });
    for (const raw of history) node.submit(raw);
    return node;
  });
  await Promise.all([dashd.start(), ...nodes.map((node) => node.start())]);
  await acquaint(nodes, dashd.node, random);
  return {
    nodes,
    profiles: nodes.map(({ name, address, line, behaviour }) => ({ name, address, line, behaviour })),
    dashd,
    async stop() {
      await Promise.all([dashd.stop(), ...nodes.map((node) => node.stop())]);
    },
  };
}

function nameOf(place: number): string {
  return `node-${String(place + 1).padStart(2, '0')}`;
}

/** The last but one dies mid-block, the last never answers. */
function behaviourOf(place: number, count: number): Behaviour {
  if (place === count - 2) return { diesMidBlock: true };
  return place === count - 1 ? { silent: 'after the handshake' } : {};
}

/** Between continents or next door, and now and then a line that is slow or thin. */
function drawLine(random: Random, place: number): Line {
  if (place % ONE_IN === ONE_IN - 1) return { latencyMs: between(random, 150, 400) };
  if (place % ONE_IN === ONE_IN - 3) return { latencyMs: between(random, 20, 60), bytesPerSecond: 500_000 };
  return { latencyMs: between(random, 1, 90) };
}

/** Fills the address books, and lets the nodes that work dial some of those before them. */
async function acquaint(nodes: readonly SimulatedNode[], dashd: SimulatedNode, random: Random): Promise<void> {
  const listings = [dashd, ...nodes].map((node) => node.listing);
  for (const node of [dashd, ...nodes]) {
    node.addressBook.add(listings.filter((listing) => listing.port !== node.port));
  }
  const sound = nodes.filter(({ behaviour }) => Object.keys(behaviour).length === 0);
  const dials = sound.flatMap((node, place) =>
    draw(random, sound.slice(0, place), NEIGHBOURS).map((other) => node.connect(other)),
  );
  await Promise.all([...dials, ...draw(random, sound, DASHD_PEERS).map((node) => dashd.connect(node))]);
}

function draw<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(between(random, 0, left.length - 1), 1),
  ).flat();
}
