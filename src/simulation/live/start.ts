/**
 * A small network in virtual time with the real relay in it: byte-level nodes, the pool's own dashd, a pool. Used where whole-relay behaviour
 * matters: runs of faults, and tests. What can go wrong is in the hands of the caller:
 *
 * | fault                      | how                                                                                     |
 * |----------------------------|-----------------------------------------------------------------------------------------|
 * | the relay's process        | `relay.kill()`, `relay.losePower()`, `relay.stop()`, then `relay.start()`; `freeze()`, `thaw()` |
 * | its disk                   | `disk.fault`, `disk.slowness`                                                           |
 * | its machine's clock        | `clock.jump(ms)`                                                                        |
 * | its dashd                  | `dashd.stop()` keeps its chain, `dashd.kill()` loses what was not written; then `start()`. `dashd.rpcFaults`, `dashd.zmqFaults` |
 * | a node                     | `nodes[i].stop()`, `start()`; `nodes[i].node.behaviour`, `.linkQuality`, `.fallSilent()` |
 * | the path between machines  | `transport.cut(a, b)`, by the `host` of their machines: `home` is the relay's and dashd's |
 *
 * Everything runs by `driver`: `run(ms)`, `until(condition, ms)`, `settled(promise, ms)`, and `afterEach` for what must always hold.
 */
import { loadX11 } from '../../block/x11.js';
import type { Config } from '../../config/config.js';
import type { Ports } from '../../relay/ports.js';
import { Chain } from '../../simulated/chain.js';
import { type MineOptions, mineBlock } from '../../simulated/miner.js';
import { publicAddress } from '../../simulated/public-address.js';
import { Engine } from '../engine.js';
import type { HostSpec } from '../net/hosts.js';
import { LatencyTable } from '../net/latency-table.js';
import { Transport } from '../net/transport.js';
import { RunRandom } from '../random.js';
import { Driver } from './driver.js';
import { LiveNode, type NodeWorld, virtualNodeOptions } from './live-node.js';
import { LiveRelay } from './live-relay.js';
import type { MemoryDisk } from './memory-disk.js';
import { memoryDisk, P2P_PORT, relayConfig, ZMQ_URL } from './relay-machine.js';
import { Topology } from './topology.js';
import { VirtualClock } from './virtual-clock.js';
import { VirtualDashd } from './virtual-dashd.js';
import { VirtualPool } from './virtual-pool.js';
import { type Machine, VirtualTcp } from './virtual-tcp.js';

export interface LiveNetworkOptions {
  /** The same seed gives the same run. */
  readonly seed: number;
  /** Nodes besides dashd; default 8. */
  readonly nodes?: number;
  /** Blocks that all have from the start; default 3. */
  readonly blocks?: number;
  /** Nodes that each node connects to, and dashd; default 3. */
  readonly neighbours?: number;
  /** Flags of the relay's configuration, without their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  /** See {@link LiveRelayDeps.wrap}. */
  readonly wrap?: (ports: Ports) => Ports;
}

const NEIGHBOURS = 3;
const MBIT = 125_000;
/** Two continents: what is near, and what is not. */
const LATENCY = new LatencyTable({
  regions: ['here', 'elsewhere'],
  roundTripMs: [
    [20, 150],
    [150, 40],
  ],
  spread: 0.3,
});
const POOL_HOST: HostSpec = { region: 0, accessMs: 1, up: 1_000 * MBIT, down: 1_000 * MBIT };
/** Virtual milliseconds for the start: peers answer within tenths of a second, and files within hundredths. */
const START_MS = 30_000;

export class LiveNetwork {
  private extraNonce = 0;

  constructor(
    readonly driver: Driver,
    readonly transport: Transport,
    /** The machine of the relay and its dashd. */
    readonly home: Machine,
    /** Of that machine. */
    readonly clock: VirtualClock,
    readonly nodes: readonly LiveNode[],
    readonly dashd: VirtualDashd,
    readonly pool: VirtualPool,
    readonly disk: MemoryDisk,
    readonly relay: LiveRelay,
    readonly config: Config,
  ) {}

  /** A valid block that no node has, on dashd's tip unless told otherwise; each one is another. */
  mine(options: MineOptions = {}, on: Chain = this.dashd.node.chain): Buffer {
    this.extraNonce += 1;
    return mineBlock(on.template(), { extraNonce: this.extraNonce, ...options });
  }

  /** Runs until so many peers have finished their handshake, dashd included. @throws Error when that takes over `ms` virtual milliseconds */
  async connected(count: number, ms = START_MS): Promise<void> {
    const live = (): number => this.relay.current?.peers.size ?? 0;
    if (await this.driver.until(() => live() >= count, ms)) return;
    throw new Error(`${live()} of ${count} peers are connected after ${ms} ms of virtual time`);
  }
}

/** Starts the network, and in it the relay; returns when it runs. */
export async function startLiveNetwork(options: LiveNetworkOptions): Promise<LiveNetwork> {
  await loadX11();
  const { seed, nodes: count = 8, neighbours = NEIGHBOURS } = options;
  const random = new RunRandom(seed, 'live');
  const engine = new Engine();
  const driver = new Driver(engine);
  const transport = new Transport({ engine, latency: LATENCY, random: random.fork('transport') });
  const tcp = new VirtualTcp({ engine, transport });
  const newChain = (): Chain => new Chain({ clock, specialFrom: 1 });

  const clock = new VirtualClock(engine);
  const machine = tcp.addMachine(transport.addHost(POOL_HOST), publicAddress(0));
  const home: NodeWorld = { driver, tcp, clock };
  const place = { machine, port: P2P_PORT, random: random.fork('dashd') };
  const dashd = new VirtualDashd(driver, { ...virtualNodeOptions(home, place), newChain }, ZMQ_URL);
  const world: NodeWorld = { driver, tcp, clock: new VirtualClock(engine) };
  const nodes = Array.from({ length: count }, (_, index) => {
    const drawn = random.fork(`node ${index}`);
    const host = transport.addHost(drawHost(drawn.fork('host')));
    return new LiveNode(
      world,
      { machine: tcp.addMachine(host, publicAddress(index + 1)), port: P2P_PORT, random: drawn },
      { name: `node-${index + 1}`, chain: new Chain({ clock: world.clock, specialFrom: 1 }) },
    );
  });
  for (let block = 0; block < (options.blocks ?? 3); block += 1) {
    const raw = dashd.generate();
    for (const { node } of nodes) node.submit(raw);
  }
  for (const each of [dashd, ...nodes]) await driver.settled(each.start(), START_MS);
  connect(new Topology(driver), { dashd, nodes, neighbours, random: random.fork('topology') });

  const config = relayConfig(
    nodes.map(({ node }) => node.address),
    options.flags,
  );
  const disk = memoryDisk(driver, clock, random.fork('disk'));
  const pool = new VirtualPool(engine);
  const relay = new LiveRelay({
    ...{ driver, config, clock, tcp, machine, dashd, pool, disk, wrap: options.wrap },
    random: random.fork('relay'),
  });
  await driver.settled(relay.start(), START_MS);
  return new LiveNetwork(driver, transport, machine, clock, nodes, dashd, pool, disk, relay, config);
}

interface Connecting {
  readonly dashd: VirtualDashd;
  readonly nodes: readonly LiveNode[];
  readonly neighbours: number;
  readonly random: RunRandom;
}

/** Fills the address books, and connects each node to some of those before it, and dashd to some of them. */
function connect(topology: Topology, { dashd, nodes, neighbours, random }: Connecting): void {
  for (const [index, each] of nodes.entries()) {
    each.node.addressBook.add(nodes.filter((other) => other !== each).map(({ node }) => node.listing));
    for (const other of random.sample(nodes.slice(0, index), neighbours)) topology.connect(each, other);
  }
  const known = random.sample(nodes, neighbours);
  dashd.node.addressBook.add(known.map(({ node }) => node.listing));
  for (const other of known) topology.connect(dashd, other);
}

function drawHost(random: RunRandom): HostSpec {
  const rate = random.pick([20, 100, 1_000]) * MBIT;
  return { region: random.between(0, 1), accessMs: random.between(1, 10), up: rate, down: rate };
}
