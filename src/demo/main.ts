/** The demo: an embedded network, a relay as it is, a toy pool, and the race of each block on the screen. */
import { packageVersion } from '../cli/version.js';
import { type Config, loadConfig } from '../config.js';
import type { BlockEvent, RelayEvent } from '../events.js';
import { startRelay } from '../relay.js';
import type { Behaviour, Line } from './behaviour.js';
import { freePort } from './free-port.js';
import { type DemoNetwork, type NetworkOptions, type NodeProfile, startNetwork } from './network.js';
import { draw, follow, type Race, type Runner } from './race.js';
import { type Output, Screen } from './screen.js';
import { SeededRandom } from './seeded-random.js';
import { realTimers } from './timers.js';
import { ToyPool, USUAL_SIZES } from './toy-pool.js';

export interface DemoOptions extends Pick<NetworkOptions, 'nodes' | 'latency' | 'faults'> {
  /** Ends after this many; goes on until stopped unless told. */
  readonly blocks?: number;
  /** Milliseconds between blocks; 5,000 unless told. */
  readonly everyMs?: number;
  /** The same seed gives the same network and blocks of the same sizes. */
  readonly seed?: number;
  readonly output?: Output;
}

export interface Demo {
  /** Resolves when the last of a limited number of blocks has its verdict, or when the demo was stopped. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 5_000;
/** The pool starts without those who are not connected by then. */
const CONNECT_MS = 5_000;

/** Starts the demo. Everything is on 127.0.0.1; no real network is touched, and nothing is written to disk. */
export async function runDemo(options: DemoOptions = {}): Promise<Demo> {
  const { everyMs = EVERY_MS, seed = 1, blocks = Number.POSITIVE_INFINITY, output = process.stdout } = options;
  const screen = new Screen(output, realTimers);
  const network = await startNetwork({ ...options, seed });
  const config = await configFor(network);
  const view = new View(screen, runnersOf(network));
  screen.print(...welcome(network, everyMs));
  const relay = await startRelay(config, {
    userAgent: `/blockcast:${packageVersion()}(demo)/`,
    listen: (event) => view.hear(event),
  });
  const pool = new ToyPool({
    endpoint: config.pool.bind,
    chain: network.dashd.node.chain,
    everyMs,
    sizes: USUAL_SIZES,
    random: new SeededRandom(seed),
    timers: realTimers,
  });

  let finished: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const cancelWait = realTimers.after(CONNECT_MS, () => view.goOn());
  void view.connected.then(() => pool.start(blocks));
  void view.raced(blocks).then(() => finished());

  let stopping: Promise<void> | undefined;
  const shutDown = async (): Promise<void> => {
    cancelWait();
    await pool.stop();
    await relay.stop();
    await network.stop();
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

/** Follows the relay's events and shows them. */
class View {
  /** Resolves when every runner is connected, or on {@link goOn}. */
  readonly connected: Promise<void>;
  private readonly here = new Set<string>();
  private race: Race | undefined;
  private verdicts = 0;
  private wanted = Number.POSITIVE_INFINITY;
  private whenConnected: () => void = () => undefined;
  private whenRaced: () => void = () => undefined;

  constructor(
    private readonly screen: Screen,
    private readonly runners: readonly Runner[],
  ) {
    this.connected = new Promise((resolve) => {
      this.whenConnected = resolve;
    });
  }

  /** Waits no longer for those who are not connected. */
  goOn(): void {
    this.whenConnected();
  }

  /** Resolves when this many blocks have their verdict. */
  raced(count: number): Promise<void> {
    this.wanted = count;
    return new Promise((resolve) => {
      this.whenRaced = resolve;
    });
  }

  hear(event: RelayEvent): void {
    if (event.type === 'peer connected') {
      this.here.add(event.peer);
      if (this.here.size === this.runners.length) this.whenConnected();
    } else if (event.type === 'refused') {
      this.screen.print(`Refused: ${event.reason}`);
    } else if (event.type === 'service' && event.state === 'fault') {
      this.screen.print(`${event.service}: ${event.detail}`);
    } else if (isOfRace(event)) {
      this.onRace(event);
    }
  }

  private onRace(event: BlockEvent): void {
    const before = this.race;
    if (before?.verdict !== undefined && event.type !== 'received') return;
    this.race = follow(before, event);
    if (this.race === undefined) return;
    const picture = ['', ...draw(this.race, this.runners, this.screen)];
    if (event.type !== 'verdict') {
      this.screen.show(picture);
      return;
    }
    this.screen.finish(picture);
    this.verdicts += 1;
    if (this.verdicts >= this.wanted) this.whenRaced();
  }
}

function isOfRace(event: RelayEvent): event is BlockEvent {
  return event.type === 'received' || event.type === 'proof' || event.type === 'verdict';
}

/** @throws Error when the relay's own settings refuse what the demo asks for: a mistake in the demo */
async function configFor({ nodes, dashd }: DemoNetwork): Promise<Config> {
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
      'broadcast-min-peers': '1',
      'broadcast-max-peers': String(nodes.length + 1),
      peers: nodes.map(({ address }) => address).join(','),
    },
    env: {},
    readFile: () => '',
    platform: process.platform,
  });
  if (result.ok) return result.config;
  throw new Error(result.errors.map(({ key, problem }) => `${key} ${problem}`).join('; '));
}

function runnersOf({ profiles, dashd }: DemoNetwork): Runner[] {
  const own = { peer: dashd.node.address, name: 'dashd', remark: "the pool's own" };
  return [
    own,
    ...profiles.map((profile) => ({ peer: profile.address, name: profile.name, remark: remarkOn(profile) })),
  ];
}

function remarkOn({ line, behaviour }: NodeProfile): string {
  return faultOf(behaviour) ?? lineOf(line);
}

function faultOf({ diesMidBlock, silent }: Behaviour): string | undefined {
  if (diesMidBlock === true) return 'dies mid-block';
  return silent === undefined ? undefined : 'never answers';
}

function lineOf({ latencyMs, bytesPerSecond }: Line): string {
  const thin = bytesPerSecond === undefined ? '' : `, ${Math.round(bytesPerSecond / 1_000)} kB/s`;
  return `${2 * latencyMs} ms away${thin}`;
}

function welcome({ nodes }: DemoNetwork, everyMs: number): string[] {
  return [
    `A Dash regtest network inside this process: ${nodes.length} simulated nodes, a stand-in for dashd, and a toy pool`,
    `that finds a block every ${everyMs / 1_000} s. The relay between them is the real one. Times are from the block's arrival`,
    'at the relay to its proof; "away" is the round trip. Press Ctrl-C to end.',
  ];
}
