/**
 * A real dashd on regtest or a devnet, as a child process, for the tests and the bench that need one. The binary is the one that the
 * environment variable `DASHD` names, or the first on the PATH. The process listens on 127.0.0.1 by default, connects to
 * nobody, and keeps its data in a temporary directory that {@link DashdProcess.remove} deletes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hashHeader, loadX11 } from '../block/x11.js';
import { freePort } from './free-port.js';
import { mineBlock } from './miner.js';

export interface DashdOptions {
  /** Further arguments, such as `-whitelist=noban@127.0.0.1`. */
  readonly arguments?: readonly string[];
  /** Further arguments that depend on the P2P port. */
  readonly argumentsAt?: (port: number) => readonly string[];
  /** User and password instead of the cookie. */
  readonly user?: string;
  readonly password?: string;
  /** The name of a devnet; regtest when undefined. */
  readonly devnet?: string;
  /** Listening address of P2P, RPC and ZeroMQ; default 127.0.0.1. */
  readonly host?: string;
  /** Topics to publish, and whether each has its own port; default `rawblock` and `hashblock` at one address. */
  readonly zmq?: { readonly topics: readonly string[]; readonly apart?: boolean };
}

export interface Ports {
  readonly p2p: number;
  readonly rpc: number;
  readonly zmq: number;
  /** For a second topic with its own port. */
  readonly secondZmq: number;
}

const LOOPBACK = '127.0.0.1';
const START_MS = 60_000;
const STOP_MS = 60_000;

/** The path of the dashd binary; `undefined` when there is none. */
export function findDashd(): string | undefined {
  const named = process.env['DASHD'];
  if (named !== undefined && named !== '') return named;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'dashd'))
    .find(isExecutable);
}

/** A program, and the arguments that precede dashd's own. */
export type DashdCommand = readonly [program: string, ...first: string[]];

/**
 * Starts a dashd and waits until its RPC answers.
 * @param command a program that takes dashd's arguments; default the dashd that {@link findDashd} finds
 * @throws Error with the end of its output when the RPC does not answer within 60 s, or when there is no dashd
 */
export async function startDashd(options: DashdOptions = {}, command = foundCommand()): Promise<DashdProcess> {
  const dashd = new DashdProcess(command, options, await freePorts(options.host ?? LOOPBACK));
  await dashd.start();
  return dashd;
}

function foundCommand(): DashdCommand {
  const binary = findDashd();
  if (binary === undefined) throw new Error('no dashd found: set DASHD, or put it on the PATH');
  return [binary];
}

export class DashdProcess {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'blockcast-dashd-'));
  private child: ChildProcess | undefined;
  private output = '';

  constructor(
    private readonly command: DashdCommand,
    private readonly options: DashdOptions,
    private readonly ports: Ports,
  ) {}

  /** Without brackets around IPv6. */
  get host(): string {
    return this.options.host ?? LOOPBACK;
  }

  /** The host in front of a port: with brackets around IPv6. */
  private get urlHost(): string {
    return this.host.includes(':') ? `[${this.host}]` : this.host;
  }

  /** The P2P port. */
  get port(): number {
    return this.ports.p2p;
  }

  get address(): string {
    return `${this.urlHost}:${this.ports.p2p}`;
  }

  get rpcUrl(): string {
    return `http://${this.urlHost}:${this.ports.rpc}`;
  }

  get zmqUrl(): string {
    return `tcp://${this.urlHost}:${this.ports.zmq}`;
  }

  private get chainDirectory(): string {
    const { devnet } = this.options;
    return join(this.dataDirectory, devnet === undefined ? 'regtest' : `devnet-${devnet}`);
  }

  get cookieFile(): string {
    return join(this.chainDirectory, '.cookie');
  }

  /** The current `user:password`. */
  get credentials(): string {
    const { user, password } = this.options;
    return user === undefined ? readFileSync(this.cookieFile, 'utf8').trim() : `${user}:${password ?? ''}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts, or restarts with the same ports and chain. @param more arguments of this start only, such as `-reindex` */
  async start(...more: readonly string[]): Promise<void> {
    const { user, password = '', devnet, zmq = { topics: ['rawblock', 'hashblock'] } } = this.options;
    this.output = '';
    const [program, ...first] = this.command;
    const child = spawn(program, [
      ...first,
      devnet === undefined ? '-regtest' : `-devnet=${devnet}`,
      `-port=${this.ports.p2p}`,
      `-datadir=${this.dataDirectory}`,
      '-server',
      '-listen=1',
      `-bind=${this.urlHost}:${this.ports.p2p}`,
      `-rpcbind=${this.host}`,
      `-rpcallowip=${this.host}`,
      `-rpcport=${this.ports.rpc}`,
      ...(user === undefined ? [] : [`-rpcuser=${user}`, `-rpcpassword=${password}`]),
      ...zmq.topics.map((topic, index) => `-zmqpub${topic}=${this.zmqAddress(index, zmq.apart === true)}`),
      // No outbound connections, whatever addresses a test gossips.
      '-connect=0',
      '-dnsseed=0',
      '-fixedseeds=0',
      '-listenonion=0',
      '-discover=0',
      '-natpmp=0',
      '-disablewallet=1',
      '-debug=net',
      '-debug=validation',
      '-debuglogfile=debug.log',
      '-printtoconsole=0',
      ...(this.options.arguments ?? []),
      ...(this.options.argumentsAt?.(this.ports.p2p) ?? []),
      ...more,
    ]);
    child.stdout.on('data', (text) => this.keep(text));
    child.stderr.on('data', (text) => this.keep(text));
    this.child = child;
    await this.untilAnswering(child);
  }

  /** Sends SIGTERM and waits for the exit; SIGKILL after 60 s. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Sends SIGKILL and waits for the exit. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops it and removes its directory. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  /** The content of debug.log. */
  log(): string {
    return readFileSync(join(this.chainDirectory, 'debug.log'), 'utf8');
  }

  /** @throws Error with dashd's code and message when it answers with an error */
  async rpc<T = unknown>(method: string, ...params: unknown[]): Promise<T> {
    const response = await fetch(this.rpcUrl, {
      method: 'POST',
      body: JSON.stringify({ id: 1, method, params }),
      headers: { authorization: `Basic ${Buffer.from(this.credentials).toString('base64')}` },
    });
    const { result, error } = JSON.parse(await response.text());
    if (error !== null) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result;
  }

  /**
   * Mines blocks whose coinbase anyone may spend. A dashd built without its miner gets blocks mined here through `submitblock`.
   * @returns their hashes, oldest first
   */
  async generate(count: number): Promise<string[]> {
    try {
      return await this.rpc('generatetodescriptor', count, 'raw(51)');
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("RPC miner isn't compiled"))) throw error;
    }
    await loadX11();
    const hashes: string[] = [];
    while (hashes.length < count) {
      const parent = await this.rpc<string>('getbestblockhash');
      const { height, time } = await this.rpc<{ height: number; time: number }>('getblockheader', parent);
      const now = Math.max(Math.floor(Date.now() / 1_000), time + 1);
      const raw = mineBlock({ parent, height: height + 1, time: now, special: false });
      const reason = await this.rpc<string | null>('submitblock', raw.toString('hex'));
      if (reason !== null) throw new Error(`dashd rejects a block mined here: ${reason}`);
      hashes.push(hashHeader(raw.subarray(0, 80)));
    }
    return hashes;
  }

  /** Whether dashd was built with its miner, as every release is. Without it, thousands of blocks take minutes. */
  async hasMiner(): Promise<boolean> {
    const answer = await this.rpc('generatetodescriptor', 0, 'raw(51)').catch((error: unknown) => String(error));
    return typeof answer !== 'string' || !answer.includes("RPC miner isn't compiled");
  }

  private zmqAddress(index: number, apart: boolean): string {
    return apart && index > 0 ? `tcp://${this.urlHost}:${this.ports.secondZmq}` : this.zmqUrl;
  }

  private keep(text: Buffer): void {
    this.output = (this.output + text.toString()).slice(-4_000);
  }

  private async untilAnswering(child: ChildProcess): Promise<void> {
    const from = performance.now();
    while (performance.now() - from < START_MS) {
      if (child.exitCode !== null) break;
      // While dashd starts, the cookie is missing, the port is closed, or the answer is "warming-up".
      const answer = await this.rpc('getblockcount').catch(() => undefined);
      if (answer !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.kill();
    throw new Error(`dashd did not start: ${this.output}`);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(timer);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePorts(host: string): Promise<Ports> {
  return {
    p2p: await freePort(host),
    rpc: await freePort(host),
    zmq: await freePort(host),
    secondZmq: await freePort(host),
  };
}
