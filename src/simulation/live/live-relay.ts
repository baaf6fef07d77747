/** The relay of a run: one process after the other, each started with the real `startRelay` on virtual ports. */

import type { Disk } from '../../adapters/disk.js';
import type { Config } from '../../config/config.js';
import type { RelayEvent } from '../../contracts/events.js';
import type { SelectLimits } from '../../peers/plan.js';
import type { Ports } from '../../relay/ports.js';
import { type Relay, startRelay } from '../../relay/relay.js';
import type { Micros } from '../engine.js';
import type { RunRandom } from '../random.js';
import type { Driver } from './driver.js';
import { Processor, type ProcessorTimes } from './processor.js';
import type { VirtualClock } from './virtual-clock.js';
import type { VirtualDashd } from './virtual-dashd.js';
import { virtualDial } from './virtual-dial.js';
import type { VirtualPool } from './virtual-pool.js';
import { VirtualProcess } from './virtual-process.js';
import { virtualRpc } from './virtual-rpc.js';
import type { Machine, VirtualTcp } from './virtual-tcp.js';
import { virtualPublisher, virtualPull, virtualSubscription } from './virtual-zmq.js';

/** The disk of the relay's machine: it survives the processes. */
export interface RelayDisk {
  /** The disk as one process has it. @param enter runs what the process does when the disk answers */
  mount(enter: (action: () => void) => void): Disk;
  /** The process was killed: files keep what was written. */
  kill(): void;
  /** The machine lost power: files keep what was synced. */
  crash(): void;
}

export interface LiveRelayDeps {
  readonly driver: Driver;
  readonly config: Config;
  /** Of the relay's machine. */
  readonly clock: VirtualClock;
  readonly random: RunRandom;
  readonly tcp: VirtualTcp;
  readonly machine: Machine;
  readonly dashd: VirtualDashd;
  readonly pool: VirtualPool;
  readonly disk: RelayDisk;
  /** Puts other ports in the place of some, for each process: to watch what it does, or to break it on purpose. */
  readonly wrap?: ((ports: Ports) => Ports) | undefined;
  /** Limits of peer selection in place of the configured ones. */
  readonly limits?: Partial<SelectLimits> | undefined;
  /** Its writes take no time unless given. */
  readonly processorTimes?: ProcessorTimes | undefined;
}

/** `down`: no process. A start that is under way can be killed as well. */
export type RelayState = 'down' | 'starting' | 'running' | 'stopping';

export interface RelayRecord {
  readonly at: Micros;
  readonly event: RelayEvent;
}

/** The relay's, in `version`. */
export const USER_AGENT = '/blockcast:simulation/';

function noTor(): never {
  throw new Error('a simulated relay has no SOCKS proxy: its configuration must leave tor.mode off');
}

export class LiveRelay {
  /** The events of all its processes. */
  readonly records: RelayRecord[] = [];
  /** Called with each event, in the turn in which the relay emits it. */
  listen: ((event: RelayEvent) => void) | undefined;
  /** Messages on the events socket, of all its processes. */
  readonly published: string[] = [];
  private process: VirtualProcess | undefined;
  private relay: Relay | undefined;
  private currentState: RelayState = 'down';
  private starts = 0;

  constructor(private readonly deps: LiveRelayDeps) {}

  get state(): RelayState {
    return this.currentState;
  }

  /** Undefined while it starts, and while no process runs. */
  get current(): Relay | undefined {
    return this.relay;
  }

  /**
   * Starts a process. Drive the run until the promise has settled, or on at once: what happens meanwhile happens to a relay that starts. Killed
   * meanwhile, it never settles.
   * @throws what the relay's start fails with
   */
  async start(): Promise<Relay> {
    if (this.currentState !== 'down') throw new Error(`the relay is ${this.currentState}`);
    const { driver, config, clock, limits = {} } = this.deps;
    const process = new VirtualProcess(driver.engine, clock, driver.touch);
    this.process = process;
    this.currentState = 'starting';
    this.starts += 1;
    driver.touch();
    const ports = this.ports(process);
    try {
      const relay = await startRelay(config, {
        userAgent: USER_AGENT,
        limits,
        listen: (event) => this.note(event),
        ...(this.deps.wrap?.(ports) ?? ports),
      });
      this.relay = relay;
      this.currentState = 'running';
      return relay;
    } catch (error) {
      this.end(process);
      throw error;
    }
  }

  /** Asks it to stop, as SIGTERM does. Drive the run until the promise has settled. @throws what could not be closed */
  async stop(): Promise<void> {
    const { relay, process } = this;
    if (relay === undefined || process === undefined) throw new Error(`the relay is ${this.currentState}`);
    this.currentState = 'stopping';
    this.deps.driver.touch();
    try {
      await relay.stop();
    } finally {
      this.end(process);
    }
  }

  /** SIGKILL, in whatever state it is: memory is lost, files keep what was written. */
  kill(): void {
    this.end(this.process);
    this.deps.disk.kill();
  }

  /** As {@link kill}, with the machine's disk: files keep what was synced. That its dashd runs on is the caller's business. */
  losePower(): void {
    this.end(this.process);
    this.deps.disk.crash();
  }

  /** SIGSTOP. */
  freeze(): void {
    this.process?.stop();
  }

  /** SIGCONT. */
  thaw(): void {
    this.process?.goOn();
  }

  private end(process: VirtualProcess | undefined): void {
    process?.kill();
    this.process = undefined;
    this.relay = undefined;
    this.currentState = 'down';
  }

  private note(event: RelayEvent): void {
    this.records.push({ at: this.deps.driver.engine.now, event });
    this.listen?.(event);
  }

  private ports(process: VirtualProcess): Ports {
    const { driver, clock, random, tcp, machine, dashd, pool, disk, processorTimes } = this.deps;
    const { engine } = driver;
    const processor = processorTimes && new Processor(engine, processorTimes);
    const { scheduler, nextTurn } = process;
    const shared = { engine, process };
    return {
      clock,
      random: random.fork(`process ${this.starts}`),
      scheduler,
      nextTurn,
      disk: disk.mount(process.enter),
      dial: virtualDial({ ...shared, tcp, machine, processor }),
      socksDial: noTor,
      probeSocks: noTor,
      createRpc: () => virtualRpc({ ...shared, dashd }),
      bindPull: virtualPull(shared, pool),
      openSubscription: virtualSubscription(shared, dashd),
      openPublisher: virtualPublisher(shared, (message) => this.published.push(message)),
      openRpcProxy: () => {
        throw new Error('a simulated relay has no JSON-RPC proxy: its configuration must not enable it');
      },
      // Nobody operates a simulated relay while it runs.
      openControl: () => ({ close: async () => undefined }),
      resolveSeed: async () => [],
      openCountries: async () => ({ ok: true, lookUp: () => undefined }),
      // Nobody looks at its blocks either.
      openJobThread: () => ({
        run: async () => ({ ok: false, code: 'closed', detail: 'a simulated relay has no threads' }),
        close: async () => undefined,
      }),
      openCluster: () => {
        throw new Error('a simulated relay has no NATS servers: its configuration must not name any');
      },
      // Compiled code is not faster in virtual time.
      practise: async () => undefined,
    };
  }
}
