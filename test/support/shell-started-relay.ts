/** A relay that a shell starts, with a simulated dashd and one simulated peer: tests set limits and redirections of the process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Push } from 'zeromq';
import { loadX11 } from '../../src/block/x11.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { freePort } from '../../src/simulated/free-port.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import type { Hash } from '../../src/wire/reader.js';
import { atEnd } from './at-end.js';
import { PATIENCE_MS } from './patience.js';
import { until } from './relay-process.js';
import { hashOf } from './relay-under-test.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

await loadX11();

/** What a test sets for a relay that a shell starts. */
export class ShellTestNetwork {
  readonly dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
  readonly peer = new SimulatedNode({ linkQuality: { latencyMs: 0 } });
  private extraNonce = 0;

  static async open(): Promise<ShellTestNetwork> {
    const network = new ShellTestNetwork();
    await Promise.all([network.dashd.start(), network.peer.start()]);
    for (const raw of network.dashd.generate(1)) network.peer.submit(raw);
    return network;
  }

  mine(): Buffer {
    this.extraNonce += 1;
    return mineBlock(this.dashd.node.chain.template(), { extraNonce: this.extraNonce });
  }

  async close(): Promise<void> {
    await Promise.all([this.dashd.stop(), this.peer.stop()]);
  }
}

export interface ShellStartedOptions {
  /** Shell commands that come before the relay, such as `ulimit`. */
  readonly before?: string;
  /** Flags of the relay, besides those that keep it on loopback. */
  readonly flags?: readonly string[];
  /** A free one unless given. */
  readonly httpPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class ShellStartedRelay {
  readonly folder = mkdtempSync(join(tmpdir(), 'blockcast-shelled-'));
  readonly shell: ChildProcess;
  private readonly pool = new Push({ linger: 0, reconnectInterval: 10 });
  private readonly forget = atEnd(() => this.remove());

  /** Of the peer file, the history and the spool. */
  readonly data = join(this.folder, 'data');

  private constructor(
    private readonly network: ShellTestNetwork,
    readonly httpPort: number,
    start: (relay: string) => readonly [string, ...string[]],
    { before, flags = [], env = {} }: ShellStartedOptions,
  ) {
    const { dashd, peer } = network;
    const words = [
      process.execPath,
      MAIN,
      'run',
      '--network=regtest',
      `--pool-bind=ipc://${this.folder}/pool`,
      `--events-bind=ipc://${this.folder}/events`,
      `--broadcast-peer-db=${this.data}/peers.json`,
      `--history-file=${this.data}/blocks.jsonl`,
      '--broadcast-skip-bootstrap=true',
      `--dashd-rpc-url=${dashd.rpcUrl}`,
      `--dashd-rpc-user=${dashd.user}`,
      `--dashd-rpc-password=${dashd.password}`,
      `--dashd-p2p-port=${dashd.node.port}`,
      `--dashd-zmq-url=${dashd.zmqUrl}`,
      `--peers=${peer.address}`,
      `--http-port=${httpPort}`,
      '--log-level=debug',
      ...flags,
    ];
    const prelude = [`echo $$ > ${this.folder}/pid`, ...(before === undefined ? [] : [before])];
    const [command, ...args] = start(`${prelude.join('; ')}; exec ${words.join(' ')}`);
    this.shell = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pool.connect(`ipc://${this.folder}/pool`);
  }

  /** Starts it, and waits until a block would reach dashd and the peer. */
  static async start(
    network: ShellTestNetwork,
    start: (relay: string) => readonly [string, ...string[]],
    options: ShellStartedOptions = {},
  ): Promise<ShellStartedRelay> {
    const shelled = await ShellStartedRelay.spawn(network, start, options);
    await shelled.isReady();
    return shelled;
  }

  /** Starts it. */
  static async spawn(
    network: ShellTestNetwork,
    start: (relay: string) => readonly [string, ...string[]],
    options: ShellStartedOptions = {},
  ): Promise<ShellStartedRelay> {
    return new ShellStartedRelay(network, options.httpPort ?? (await freePort()), start, options);
  }

  /** Waits until a block would reach dashd and the peer. */
  async isReady(): Promise<void> {
    await this.shows('two peers', /^blockcast_peers\{state="connected"\} 2$/m);
  }

  /** Waits until its metrics show a service in a state. */
  async is(service: string, state: 'up' | 'down'): Promise<void> {
    const line = `^blockcast_service_state{service="${service}",state="${state}"} 1$`;
    await this.shows(`${service} ${state}`, new RegExp(line.replace(/[{}]/g, '\\$&'), 'm'));
  }

  /** Waits for a line of its metrics. */
  async shows(what: string, line: RegExp): Promise<void> {
    let isShown = false;
    let asking = false;
    await until(
      what,
      () => {
        if (!asking && !isShown) {
          asking = true;
          void this.get('/metrics')
            .then((text) => {
              isShown = line.test(text);
            })
            .catch(() => undefined)
            .finally(() => {
              asking = false;
            });
        }
        return isShown ? true : undefined;
      },
      50,
    );
  }

  get pid(): number {
    return Number(readFileSync(join(this.folder, 'pid'), 'utf8'));
  }

  async get(path: string): Promise<string> {
    const reply = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    assert.equal(reply.status, 200, path);
    return reply.text();
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Frames that are refused, each a line of the log. */
  async chatter(lines: number): Promise<void> {
    for (let line = 0; line < lines; line += 1) await this.pool.send(Buffer.alloc(100, line));
  }

  /** It answers and delivers. @returns the hash of the block */
  async assertWell(): Promise<Hash> {
    await this.get('/healthz');
    const hash = await this.assertDelivers();
    await this.get('/healthz');
    return hash;
  }

  /** @returns the hash of the block */
  async assertDelivers(): Promise<Hash> {
    const { dashd, peer } = this.network;
    const raw = this.network.mine();
    const hash = hashOf(raw);
    await this.pool.send(raw);
    await until('the block at dashd and the peer', () =>
      [dashd.node, peer].every(({ chain }) => chain.get(hash)?.connected === true) ? true : undefined,
    );
    return hash;
  }

  async assertLost(): Promise<void> {
    const metrics = await this.get('/metrics');
    assert.match(metrics, /^blockcast_log_lines_lost_total [1-9]\d*$/m);
  }

  async assertEnds(): Promise<void> {
    this.signal('SIGTERM');
    await until('the end', () => (isGone(this.pid) ? true : undefined), 20);
  }

  async remove(): Promise<void> {
    this.forget();
    if (!isGone(this.pid)) this.signal('SIGKILL');
    this.shell.kill('SIGKILL');
    this.pool.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // It was killed, and its parent has not yet waited for it.
    return existsSync(`/proc/${pid}/stat`) && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** @param redirect of the relay, such as `> log` */
export const inShell =
  (redirect = '') =>
  (relay: string) =>
    ['sh', '-c', `${relay} ${redirect}`] as const;
