/** A node of a run: a simulated node on virtual sockets, which can be stopped and started again. */
import type { Chain } from '../../simulated/chain.js';
import { type NodeOptions, SimulatedNode } from '../../simulated/node.js';
import type { Clock } from '../../time.js';
import type { RunRandom } from '../random.js';
import type { Driver } from './driver.js';
import { nodeSockets } from './node-sockets.js';
import { exactMicros, virtualTimers } from './virtual-scheduler.js';
import type { Machine, VirtualTcp } from './virtual-tcp.js';

export interface NodeWorld {
  readonly driver: Driver;
  readonly tcp: VirtualTcp;
  readonly clock: Clock;
}

export interface NodePlace {
  readonly machine: Machine;
  readonly port: number;
  readonly random: RunRandom;
}

/** From a block's last byte to the answer to the ping behind it: 1–2 ms were seen on an idle dashd 23.1.2, on regtest. */
const PROCESSING_MS = 1.5;

/** What a simulated node needs to live in virtual time. */
export function virtualNodeOptions(
  { driver, tcp, clock }: NodeWorld,
  { machine, port, random }: NodePlace,
): NodeOptions {
  const { engine } = driver;
  return {
    host: machine.ip,
    port,
    clock,
    random,
    timers: virtualTimers(engine),
    nextTurn: (action) => {
      engine.after(0, action);
    },
    sockets: nodeSockets(driver, tcp, machine),
    processing: (_raw, done) => {
      engine.after(exactMicros(PROCESSING_MS), done);
    },
  };
}

export class LiveNode {
  /** Its behaviour and its link quality may be changed at any time. */
  readonly node: SimulatedNode;
  readonly machine: Machine;
  private running = false;

  constructor(
    private readonly world: NodeWorld,
    place: NodePlace,
    options: Pick<NodeOptions, 'name' | 'release' | 'behaviour'> & { readonly chain: Chain },
  ) {
    this.machine = place.machine;
    this.node = new SimulatedNode({ ...virtualNodeOptions(world, place), ...options });
  }

  get isRunning(): boolean {
    return this.running;
  }

  async start(): Promise<void> {
    this.world.driver.touch();
    await this.node.start();
    this.running = true;
  }

  /** Its connections break; it keeps its chain. */
  async stop(): Promise<void> {
    this.world.driver.touch();
    this.running = false;
    await this.node.stop();
  }
}
