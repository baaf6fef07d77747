import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Push } from 'zeromq';
import { HEADER_SIZE } from '../src/block/x11.js';
import type { BlockForm } from '../src/contracts/events.js';
import { freePort } from '../src/simulated/free-port.js';
import { Child } from './child.js';
import { giveWay, seatContender, seatReceivers } from './cores.js';
import type {
  Contender,
  ContenderPlan,
  FromContender,
  FromRpc,
  FromShaper,
  FromSinks,
  ToContender,
  ToSinks,
} from './process-messages.js';
import { enterTurns, leaveTurns, takeTurn } from './turns.js';

export interface RigOptions {
  readonly readers: number;
  /** Sinks that never read; default none. */
  readonly stalled?: number;
  /** The form in which the sinks get blocks; default the whole. */
  readonly form?: BlockForm;
  /** The sinks but the first are behind it; default: nothing between contender and sinks. */
  readonly uplink?: { readonly bytesPerSecond: number; readonly roundTripMs: number };
  /** Ports of peers in other processes. */
  readonly others?: readonly number[];
  /** The chain's tip before the first block. */
  readonly tip: string;
  /** dashd runs at low priority: its work is not part of the measurement. */
  readonly dashdGivesWay?: true;
  /** Directory for CPU profiles of the contenders. */
  readonly profile?: string | undefined;
}

/** Milliseconds from just before the PUSH. */
export interface Delivery {
  /** To the last sink's last byte. */
  readonly lastByteMs: number;
  /** To the last byte of the first sink but the pool's own dashd. */
  readonly firstMs: number;
  /** To the last byte of the `submitblock` request; only the relay sends one. */
  readonly submitMs?: number;
}

export interface EntryOptions {
  /** Distinguishes entrants of one kind; default: the kind. */
  readonly label?: string;
  /** See {@link ContenderPlan}. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly witnesses?: readonly number[];
}

/** Time for all processes to finish the work of the last block, milliseconds. */
const SETTLE_MS = 2;

/** The receivers of the bench: sinks and a simulated RPC, each a process. Contenders enter and leave. */
export class Rig {
  private constructor(
    private readonly options: RigOptions,
    private readonly sinks: Child<FromSinks, ToSinks>,
    private readonly rpc: Child<FromRpc>,
    private readonly ports: readonly number[],
    private readonly rpcUrl: string,
    private readonly shaper: Child<FromShaper> | undefined,
  ) {}

  static async start(options: RigOptions): Promise<Rig> {
    const { readers, stalled = 0, form, tip } = options;
    seatReceivers();
    const sinks = new Child<FromSinks, ToSinks>('./sinks.js', { readers, stalled, compact: form === 'compact' });
    const rpc = new Child<FromRpc>('./dashd-rpc.js', { tip });
    const { ports } = await sinks.next('listening');
    const { port } = await rpc.next('listening');
    // The pool's own dashd runs on the relay's machine.
    seatContender(rpc.pid);
    if (options.dashdGivesWay) giveWay(rpc.pid);
    const [dashd = 0, ...others] = ports;
    const shaper = options.uplink && new Child<FromShaper>('./shaper.js', { ports: others, ...options.uplink });
    const reached = shaper === undefined ? ports : [dashd, ...(await shaper.next('listening')).ports];
    const url = `http://127.0.0.1:${port}`;
    return new Rig(options, sinks, rpc, [...reached, ...(options.others ?? [])], url, shaper);
  }

  /**
   * Starts a contender as a process and waits until it is connected to every sink.
   * @param blockSize bytes, in the form in which the sinks get blocks
   */
  async enter(name: Contender, blockSize: number, options: EntryOptions = {}): Promise<Entrant> {
    const { label = name, flags, witnesses } = options;
    const bind = `tcp://127.0.0.1:${await freePort()}`;
    const { ports } = this;
    const { readers, form = 'full', profile } = this.options;
    const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}/${label}`];
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-bench-'));
    const rpcUrl = `${this.rpcUrl}/${label}`;
    const plan: ContenderPlan = {
      ports,
      readers,
      bind,
      blockSize,
      form,
      rpcUrl,
      folder,
      ...(flags !== undefined && { flags }),
      ...(witnesses !== undefined && { witnesses }),
    };
    const child = new Child<FromContender, ToContender>(`./contenders/${name}.js`, plan, execArgv);
    const { url } = await child.next('ready');
    const push = new Push({ linger: 0 });
    const connected = new Promise((resolve) => push.events.on('handshake', resolve));
    push.connect(bind);
    await connected;
    seatContender(child.pid);
    enterTurns(child);
    return { name, child, push, folder, ...(url !== undefined && { url }) };
  }

  /** Pushes one block through a contender while all others are stopped. Resolves when the processes are idle again. */
  async deliver({ name, child, push }: Entrant, raw: Buffer): Promise<Delivery> {
    this.sinks.say({ type: 'expect', header: raw.subarray(0, HEADER_SIZE) });
    await this.sinks.next('armed');
    await takeTurn(child);
    const from = process.hrtime.bigint();
    await push.send(raw);
    const { at, firstAt } = await this.sinks.next('delivered');
    const times = { lastByteMs: milliseconds(from, at), firstMs: milliseconds(from, firstAt) };
    if (name !== 'relay') {
      await pause(SETTLE_MS);
      return times;
    }
    const submitted = await this.rpc.next('submitted');
    await child.next('idle');
    await pause(SETTLE_MS);
    return { ...times, submitMs: milliseconds(from, submitted.at) };
  }

  async stop(): Promise<void> {
    await Promise.all([this.sinks.stop(), this.rpc.stop(), this.shaper?.stop()]);
  }
}

export interface Entrant {
  readonly name: Contender;
  readonly child: Child<FromContender, ToContender>;
  readonly push: Push;
  /** The URL of its pages, if any. */
  readonly url?: string;
  /** The directory of its files. */
  readonly folder: string;
}

export async function leave({ child, push, folder }: Entrant): Promise<void> {
  push.close();
  await leaveTurns(child);
  rmSync(folder, { recursive: true });
}

function milliseconds(from: bigint, to: bigint): number {
  return Number(to - from) / 1e6;
}
