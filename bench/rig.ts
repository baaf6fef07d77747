import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Push } from 'zeromq';
import { HEADER_SIZE } from '../src/block/x11.js';
import { Child } from './child.js';
import { freePort } from './free-port.js';
import type { Contender, FromContender, FromRpc, FromSinks, ToSinks } from './protocol.js';

export interface RigOptions {
  readonly readers: number;
  /** Sinks that never read; none unless told. */
  readonly stalled?: number;
  /** The chain's tip before the first block. */
  readonly tip: string;
  /** Where to leave CPU profiles of the contenders. */
  readonly profile?: string | undefined;
}

/** Milliseconds from just before the PUSH. */
export interface Delivery {
  /** To the last sink's last byte. */
  readonly lastByteMs: number;
  /** To the last byte of the `submitblock` request; the relay alone makes one. */
  readonly submitMs?: number;
}

/** So long everybody has to collect garbage and fall asleep before the next block, milliseconds. */
const SETTLE_MS = 2;

/** The receiving end: sinks and RPC stand-in, each a process. Contenders come and go. */
export class Rig {
  private constructor(
    private readonly options: RigOptions,
    private readonly sinks: Child<FromSinks, ToSinks>,
    private readonly rpc: Child<FromRpc>,
    private readonly ports: readonly number[],
    private readonly rpcUrl: string,
  ) {}

  static async start(options: RigOptions): Promise<Rig> {
    const { readers, stalled = 0, tip } = options;
    const sinks = new Child<FromSinks, ToSinks>('./sinks.js', { readers, stalled });
    const rpc = new Child<FromRpc>('./rpc.js', { tip });
    const { ports } = await sinks.next('listening');
    const { port } = await rpc.next('listening');
    return new Rig(options, sinks, rpc, ports, `http://127.0.0.1:${port}`);
  }

  /** Starts a contender in a process of its own, and waits until it is connected to every sink. */
  async enter(name: Contender, blockSize: number): Promise<Entrant> {
    const bind = `tcp://127.0.0.1:${await freePort()}`;
    const { ports, rpcUrl } = this;
    const { readers, profile } = this.options;
    const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}/${name}`];
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-bench-'));
    const plan = { ports, readers, bind, blockSize, rpcUrl, folder };
    const child = new Child<FromContender>(`./contenders/${name}.js`, plan, execArgv);
    const { url } = await child.next('ready');
    const push = new Push({ linger: 0 });
    const connected = new Promise((resolve) => push.events.on('handshake', resolve));
    push.connect(bind);
    await connected;
    return { name, child, push, folder, ...(url !== undefined && { url }) };
  }

  /** Pushes one block through a contender. Returns when all is quiet again. */
  async deliver({ name, child, push }: Entrant, raw: Buffer): Promise<Delivery> {
    this.sinks.say({ type: 'expect', header: raw.subarray(0, HEADER_SIZE) });
    await this.sinks.next('armed');
    const from = process.hrtime.bigint();
    await push.send(raw);
    const { at } = await this.sinks.next('delivered');
    const lastByteMs = milliseconds(from, at);
    if (name !== 'relay') {
      await pause(SETTLE_MS);
      return { lastByteMs };
    }
    const submitted = await this.rpc.next('submitted');
    await child.next('idle');
    await pause(SETTLE_MS);
    return { lastByteMs, submitMs: milliseconds(from, submitted.at) };
  }

  async stop(): Promise<void> {
    await Promise.all([this.sinks.stop(), this.rpc.stop()]);
  }
}

export interface Entrant {
  readonly name: Contender;
  readonly child: Child<FromContender>;
  readonly push: Push;
  /** Where its pages are, if it has any. */
  readonly url?: string;
  /** What it writes is in here. */
  readonly folder: string;
}

export async function leave({ child, push, folder }: Entrant): Promise<void> {
  push.close();
  await child.stop();
  rmSync(folder, { recursive: true });
}

function milliseconds(from: bigint, to: bigint): number {
  return Number(to - from) / 1e6;
}
