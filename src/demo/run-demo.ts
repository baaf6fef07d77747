/** The demo: a simulated network, a real relay, a simulated pool, and a chart of each block's delivery. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '../adapters/package-version.js';
import { systemClock } from '../adapters/system.js';
import { type Config, loadConfig } from '../config/config.js';
import type { RelayEvent } from '../contracts/events.js';
import { selectLimits } from '../peers/plan.js';
import { type Relay, startRelay } from '../relay/relay.js';
import type { LinkQuality } from '../simulated/behaviour.js';
import { freePort } from '../simulated/free-port.js';
import { LLMQ_TEST, type QuorumRules } from '../simulated/masternodes.js';
import { SeededRandom } from '../simulated/seeded-random.js';
import { type NetworkOptions, type SimulatedNetwork, startNetwork } from '../simulated/simulated-network.js';
import { realTimers } from '../simulated/timers.js';
import { SECOND_MS } from '../time.js';
import type { ChartedPeer } from './delivery-chart.js';
import { DemoLocks } from './demo-locks.js';
import { DemoPool, USUAL_SIZES } from './demo-pool.js';
import { countriesOf } from './node-countries.js';
import { NodeFaultSchedule } from './node-faults.js';
import { Presenter } from './presenter.js';
import { type Output, Screen } from './screen.js';
import { TrueSpread } from './true-spread.js';

export interface DemoOptions extends Pick<NetworkOptions, 'latency'> {
  /** Ends after this many; without it, runs until it is stopped. */
  readonly blocks?: number;
  /** Milliseconds between blocks; 5,000 by default. */
  readonly everyMs?: number;
  /** The same seed gives the same network and blocks of the same sizes. */
  readonly seed?: number;
  readonly output?: Output;
  /** Called with each event of the relay's, from the first on. */
  readonly listen?: (event: RelayEvent) => void;
  /** Called once the relay runs; the lines that it gives are printed. */
  readonly attend?: (relay: Relay) => Promise<readonly string[]>;
}

export interface Demo {
  /** Resolves when the last of a limited number of blocks has its verdict, or when the demo was stopped. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 5_000;
/** The pool starts after this time at the latest. */
const CONNECT_MS = 10_000;
/** More than the relay connects to, so that it can replace peers. */
const NODES = 36;
/** Nodes that are no masternodes: only these can be witnesses for long, since quorums rotate every few blocks. */
const ORDINARY = 8;
/** As on mainnet, four quorums are active; one of them is replaced every few blocks. */
const QUORUMS: QuorumRules = { ...LLMQ_TEST, size: 5, active: 4, interval: 8, miningDelay: 2 };
const CONNECTIONS = 20;
/** Connections to quorum members besides. */
const QUORUM_CONNECTIONS = 6;
/** The factor by which reviews and replacements of peers are faster than in production. */
const SPEED = 30;
const REFRESH_SECONDS = 60;

/** Starts the demo. Everything is on 127.0.0.1; no other network is used, and its files are removed at the end. */
export async function runDemo(options: DemoOptions = {}): Promise<Demo> {
  const { everyMs = EVERY_MS, seed = 1, blocks = Number.POSITIVE_INFINITY, output = process.stdout } = options;
  const screen = new Screen(output, realTimers);
  // Only dashd's one peer is known at first; the relay finds the others.
  const network = await startNetwork({
    ...(options.latency !== undefined && { latency: options.latency }),
    ...{ nodes: NODES, ordinary: ORDINARY, dashdPeers: 1, seed, quorums: QUORUMS },
  });
  const folder = await mkdtemp(join(tmpdir(), 'blockcast-demo-'));
  const cleanUp = async () => {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const spread = new TrueSpread(network.nodes, systemClock);
  const view = new Presenter(screen, chartedPeers(network), CONNECTIONS, (...block) => spread.half(...block));
  const faults = new NodeFaultSchedule(network.nodes);
  const locks = new DemoLocks(network.dashd, realTimers);
  const hear = (event: RelayEvent) => {
    view.hear(event);
    locks.hear(event);
    options.listen?.(event);
  };
  screen.print(...welcome(everyMs));
  let relay: Relay;
  let pool: DemoPool;
  try {
    const config = await configFor(network, folder);
    relay = await startRelay(config, {
      userAgent: `/blockcast:${packageVersion()}(demo)/`,
      limits: hastened(),
      openCountries: async () => ({ ok: true, lookUp: countriesOf(network.nodes) }),
      listen: hear,
    });
    pool = new DemoPool({
      endpoint: config.pool.bind,
      chain: network.dashd.node.chain,
      everyMs,
      sizes: USUAL_SIZES,
      random: new SeededRandom(seed),
      mempools: [network.dashd.node, ...network.nodes].map(({ mempool }) => mempool),
      timers: realTimers,
      onTransactions: (txids) => locks.choose(txids),
      onFind: () => view.showFaults(faults.onBlock(view.replaceable)),
    });
    screen.print(...((await options.attend?.(relay)) ?? []));
  } catch (error) {
    await cleanUp();
    throw error;
  }

  let finished: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const cancelWait = realTimers.after(CONNECT_MS, () => view.goOn());
  void view.grown.then(() => pool.start(blocks));
  void view.raced(blocks).then(() => finished());

  let stopping: Promise<void> | undefined;
  const shutDown = async (): Promise<void> => {
    cancelWait();
    locks.stop();
    await pool.stop();
    await relay.stop();
    await cleanUp();
    screen.finish([]);
    finished();
  };
  return {
    done,
    stop() {
      stopping ??= shutDown();
      return stopping;
    },
  };
}

/** The usual intervals, shortened. */
function hastened(): { readonly settleMs: number; readonly explorationMs: number } {
  const { settleMs, explorationMs } = selectLimits('regtest');
  return { settleMs: settleMs / SPEED, explorationMs: explorationMs / SPEED };
}

/** @throws Error when the demo's configuration is invalid: a programming error */
async function configFor({ dashd }: SimulatedNetwork, folder: string): Promise<Config> {
  const result = loadConfig({
    options: {
      network: 'regtest',
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-user': dashd.user,
      'dashd-rpc-password': dashd.password,
      'dashd-p2p-host': dashd.node.host,
      'dashd-p2p-port': String(dashd.node.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'pool-bind': `tcp://127.0.0.1:${await freePort()}`,
      'events-bind': `tcp://127.0.0.1:${await freePort()}`,
      'broadcast-max-peers': String(CONNECTIONS),
      'quorum-max-peers': String(QUORUM_CONNECTIONS),
      // So often that a look falls between two blocks.
      'locks-forecast': '1',
      'broadcast-refresh-interval': String(REFRESH_SECONDS / SPEED),
      'broadcast-peer-db': join(folder, 'broadcast_peers.json'),
      'history-file': join(folder, 'block_history.jsonl'),
    },
    env: {},
    readFile: () => '',
    platform: process.platform,
  });
  if (result.ok) return result.config;
  throw new Error(result.errors.map(({ key, problem }) => `${key} ${problem}`).join('; '));
}

function chartedPeers({ nodes, dashd }: SimulatedNetwork): ChartedPeer[] {
  const own = { peer: dashd.node.address, name: 'dashd', remark: "the pool's own" };
  return [
    own,
    ...nodes.map(({ address, name, linkQuality }) => ({ peer: address, name, remark: describeLink(linkQuality) })),
  ];
}

function describeLink({ latencyMs, bytesPerSecond }: LinkQuality): string {
  const thin = bytesPerSecond === undefined ? '' : `, ${Math.round(bytesPerSecond / 1_000)} kB/s`;
  return `${2 * latencyMs} ms away${thin}`;
}

function welcome(everyMs: number): string[] {
  return [
    `A Dash regtest network inside this process: ${NODES - ORDINARY} simulated masternodes and ${ORDINARY} other nodes, a simulated dashd that knows one`,
    `of them, and a simulated pool that finds a block every ${everyMs / SECOND_MS} s. The relay between them is the real one. It`,
    'finds the other nodes by gossip, and keeps the best; so that this can be watched, it looks at',
    `them every ${REFRESH_SECONDS / SPEED} s instead of every ${REFRESH_SECONDS}. Times are from the block's arrival at the relay to its`,
    'proof; "away" is the round trip. Press Ctrl-C to end.',
  ];
}
