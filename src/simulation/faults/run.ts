/**
 * One run: a plan of faults against the real relay in a small network, in virtual time. Every invariant is checked after every event of the
 * run, which ends at the first violation, or when the relay has had the time that it may take to recover.
 */
import type { RelayEvent } from '../../contracts/events.js';
import type { Hash } from '../../wire/reader.js';
import { MICROS_PER_MS, type Micros } from '../engine.js';
import { type LiveNetwork, startLiveNetwork } from '../live/start.js';
import { RunRandom } from '../random.js';
import { DashdControl } from './dashd-control.js';
import { describeBlock, describeFault } from './describe.js';
import type { FaultPlan, PlannedBlock } from './fault.js';
import { countFiles, spooledBlocks } from './files.js';
import { INJECT, type Injected } from './inject.js';
import type { Violation } from './invariants/invariant.js';
import { Miner } from './miner.js';
import { Paths } from './paths.js';
import { FAULTS_UNTIL, PEERS } from './plan.js';
import { Pool } from './pool.js';
import { RelayControl } from './relay-control.js';
import { Watcher, type WatcherOptions } from './watcher.js';

/** From the end of the faults: dashd is asked each second for what it did not take, a peer is dialled again within a minute or so. */
const RECOVERY: Micros = 90_000 * MICROS_PER_MS;
/** Then the pool finds a block, which has this long to reach every node. */
const DELIVERY: Micros = 20_000 * MICROS_PER_MS;
/** Soon after the faults the network finds a block, by whose announcement nodes that fell behind notice it. */
const NEXT_BLOCK: PlannedBlock = { kind: 'network', at: FAULTS_UNTIL + RECOVERY / 4, size: 400, lead: 0, finder: 0 };
const LAST_BLOCK: PlannedBlock = { kind: 'single', at: FAULTS_UNTIL + RECOVERY, size: 400, lead: 0, finder: 0 };
/** Peers below which the relay looks for more at once. */
const MIN_PEERS = 3;
/** The pool's own dashd counts as one. */
const FLAGS = {
  'broadcast-min-peers': String(MIN_PEERS + 1),
  'broadcast-max-peers': String(PEERS + 1),
  'broadcast-refresh-interval': '10',
};

export interface RunResult {
  readonly seed: number;
  readonly violation?: Violation;
  /** Found by the pool. */
  readonly blocks: number;
  readonly observations: number;
  /** Virtual time. */
  readonly seconds: number;
}

/** Plays a plan; the same plan gives the same observations. @throws what goes wrong before the first fault */
export async function runPlan(plan: FaultPlan, options: WatcherOptions = {}): Promise<RunResult> {
  const watcher = new Watcher(options);
  const network = await startLiveNetwork({
    seed: plan.seed,
    nodes: PEERS,
    flags: FLAGS,
    wrap: (ports) => watcher.wrap(ports),
  });
  return await new FaultRun(plan, network, watcher).play();
}

class FaultRun {
  private readonly pool: Pool;
  private readonly miner: Miner;
  private readonly injected: Injected;

  constructor(
    private readonly plan: FaultPlan,
    private readonly network: LiveNetwork,
    private readonly watcher: Watcher,
  ) {
    const { driver, dashd, nodes, relay, transport } = network;
    const { engine } = driver;
    const random = new RunRandom(plan.seed, 'injected');
    const fail = (error: unknown): void => watcher.fail(error);
    this.pool = new Pool({
      engine,
      safety: random.fork('pool').pick(['received', 'stored']),
      push: (raw) => this.push(raw),
    });
    this.miner = new Miner({ engine, dashd, nodes, pool: this.pool });
    const homes = { home: network.home.host, peers: nodes.map(({ machine }) => machine.host) };
    this.injected = {
      network,
      relay: new RelayControl({ relay, see: (seen) => watcher.see(seen), fail, ended: () => watcher.tap.closeAll() }),
      dashd: new DashdControl(dashd, fail),
      paths: new Paths(transport, homes.home, homes.peers),
      random,
      fail,
    };
  }

  async play(): Promise<RunResult> {
    const { plan, network, watcher } = this;
    const { driver, relay } = network;
    const { engine } = driver;
    for (const { at, event } of relay.records) watcher.see({ type: 'event', event }, at);
    relay.listen = (event) => this.onEvent(event);
    watcher.see({ type: 'relay', state: 'started' });
    this.schedule();
    driver.afterEach(() => this.measure());
    const end = LAST_BLOCK.at + DELIVERY;
    try {
      await driver.until(() => watcher.violation !== undefined, (end - engine.now) / MICROS_PER_MS);
      if (watcher.violation === undefined) this.judgeEnd();
    } catch (error) {
      watcher.fail(error);
    }
    relay.kill();
    return {
      seed: plan.seed,
      ...(watcher.violation !== undefined && { violation: watcher.violation }),
      blocks: this.miner.found.length,
      observations: watcher.observations,
      seconds: engine.now / (1_000 * MICROS_PER_MS),
    };
  }

  private schedule(): void {
    const { plan, network, watcher, injected } = this;
    const { driver } = network;
    for (const fault of plan.faults) {
      const text = describeFault(fault);
      driver.engine.at(fault.from, () => {
        driver.touch();
        watcher.note(`fault      ${text}`);
        const heal = INJECT[fault.kind](injected, fault);
        this.look(fault.victim === 'relay');
        driver.engine.at(fault.until, () => {
          driver.touch();
          watcher.note(`heals      ${text}`);
          heal();
        });
      });
    }
    for (const block of [...plan.blocks, NEXT_BLOCK, LAST_BLOCK]) {
      driver.engine.at(block.at, () => {
        driver.touch();
        watcher.note(`block      ${describeBlock(block)}`);
        this.miner.find(block);
      });
    }
  }

  /** What a pool pushes while no relay is connected is lost: it pushes again. */
  private push(raw: Buffer): void {
    if (this.network.relay.state !== 'down') this.network.pool.push(raw);
  }

  private onEvent(event: RelayEvent): void {
    this.watcher.see({ type: 'event', event });
    this.look(event.type === 'received' || event.type === 'stored');
    this.pool.take(event);
  }

  /** @param isDue whether what is in the spool matters now */
  private look(isDue: boolean): void {
    const { disk, config } = this.network;
    if (isDue) this.watcher.see({ type: 'spooled', hashes: spooledBlocks(disk, config.spool.dir) });
  }

  private measure(): void {
    const { relay, disk, driver } = this.network;
    this.watcher.see({
      type: 'gauges',
      gauges: {
        sockets: this.watcher.tap.sockets,
        live: relay.current?.peers.size ?? 0,
        known: relay.current?.view.known() ?? 0,
        files: countFiles(disk.tree.root),
        pending: driver.engine.pending,
      },
    });
  }

  private judgeEnd(): void {
    const { dashd, nodes, relay, disk, config } = this.network;
    const all = [dashd, ...nodes];
    const hash = this.miner.found.at(-1) ?? '';
    const live = [...(relay.current?.peers.values() ?? [])].filter(({ target }) => !target.protected).length;
    const has = (block: Hash): boolean => all.some(({ node }) => node.chain.get(block)?.raw !== undefined);
    this.watcher.see({
      type: 'end',
      known: new Set(this.miner.found.filter(has)),
      kept: spooledBlocks(disk, config.spool.dir),
      last: { hash, nodes: all.filter(({ node }) => node.chain.tip.hash === hash).length, of: all.length },
      live,
      dashdIsLive: live < (relay.current?.peers.size ?? 0),
      wanted: MIN_PEERS,
    });
  }
}
