/**
 * A real dashd on regtest, for the tests that hold our ideas of it against the fact. It is looked for in the environment
 * variable `DASHD`, then on the PATH. It listens on 127.0.0.1 only, in a directory of its own that is removed afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe } from 'node:test';
import { hashHeader, loadX11 } from '../../src/block/x11.js';
import { freePort } from '../../src/simulated/free-port.js';
import { mineBlock } from '../../src/simulated/miner.js';

export interface DashdOptions {
  /** More arguments, such as `-whitelist=noban@127.0.0.1`. */
  readonly arguments?: readonly string[];
  /** More of them that need to know its P2P port. */
  readonly argumentsAt?: (port: number) => readonly string[];
  /** Credentials instead of the cookie. */
  readonly user?: string;
  readonly password?: string;
  /** The name of a devnet, in place of regtest. */
  readonly devnet?: string;
  /** Where it listens, for RPC and ZeroMQ too: 127.0.0.1 unless told. */
  readonly host?: string;
  /** Topics it publishes, and whether each has a port of its own; `rawblock` and `hashblock` at one address unless told. */
  readonly zmq?: { readonly topics: readonly string[]; readonly apart?: boolean };
}

export interface Ports {
  readonly p2p: number;
  readonly rpc: number;
  readonly zmq: number;
  /** For a second topic with a port of its own. */
  readonly zmqToo: number;
}

const LOOPBACK = '127.0.0.1';
const START_MS = 60_000;
const STOP_MS = 60_000;

/** Where dashd is; `undefined` when there is none. */
export function findDashd(): string | undefined {
  const named = process.env['DASHD'];
  if (named !== undefined && named !== '') return named;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'dashd'))
    .find(isExecutable);
}

/** A suite that needs a dashd: skipped, and said so, where there is none. */
export function describeWithDashd(name: string, define: () => void): void {
  const skip = findDashd() === undefined ? 'no dashd: set DASHD=/path/to/dashd, or put it on the PATH' : false;
  describe(name, { skip }, define);
}

/** A program, and its arguments in front of dashd's own. */
export type DashdCommand = readonly [program: string, ...first: string[]];

/**
 * Starts a dashd and waits until it answers.
 * @param command in place of the dashd that is found: a program that takes the same arguments
 * @throws Error with the end of its output when it does not
 */
export async function startDashd(options: DashdOptions = {}, command = foundCommand()): Promise<Dashd> {
  const dashd = new Dashd(command, options, await freePorts(options.host ?? LOOPBACK));
  await dashd.start();
  return dashd;
}

function foundCommand(): DashdCommand {
  const binary = findDashd();
  if (binary === undefined) throw new Error('there is no dashd');
  return [binary];
}

export class Dashd {
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

  /** As it stands in front of a port. */
  private get at(): string {
    return this.host.includes(':') ? `[${this.host}]` : this.host;
  }

  /** The P2P port. */
  get port(): number {
    return this.ports.p2p;
  }

  get address(): string {
    return `${this.at}:${this.ports.p2p}`;
  }

  get rpcUrl(): string {
    return `http://${this.at}:${this.ports.rpc}`;
  }

  get zmqUrl(): string {
    return `tcp://${this.at}:${this.ports.zmq}`;
  }

  private get chainDirectory(): string {
    const { devnet } = this.options;
    return join(this.dataDirectory, devnet === undefined ? 'regtest' : `devnet-${devnet}`);
  }

  get cookieFile(): string {
    return join(this.chainDirectory, '.cookie');
  }

  /** `user:password` as it holds now. */
  get credentials(): string {
    const { user, password } = this.options;
    return user === undefined ? readFileSync(this.cookieFile, 'utf8').trim() : `${user}:${password ?? ''}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts, or starts again with the same ports and chain. @param more arguments for this time, such as `-reindex` */
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
      `-bind=${this.at}:${this.ports.p2p}`,
      `-rpcbind=${this.host}`,
      `-rpcallowip=${this.host}`,
      `-rpcport=${this.ports.rpc}`,
      ...(user === undefined ? [] : [`-rpcuser=${user}`, `-rpcpassword=${password}`]),
      ...zmq.topics.map((topic, index) => `-zmqpub${topic}=${this.zmqOf(index, zmq.apart === true)}`),
      // By itself it dials nobody, whatever addresses a test tells it.
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

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Ends it without giving it time to do anything. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops it and removes its directory. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  /** The whole of debug.log. */
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

  /** Mines blocks whose coinbase anyone may spend; a dashd built without its miner is given ours. @returns their hashes, oldest first */
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
      const word = await this.rpc<string | null>('submitblock', raw.toString('hex'));
      if (word !== null) throw new Error(`dashd refuses a block of ours: ${word}`);
      hashes.push(hashHeader(raw.subarray(0, 80)));
    }
    return hashes;
  }

  /** Whether it was built with its miner, as every release is: without, thousands of blocks take minutes. */
  async hasMiner(): Promise<boolean> {
    const word = await this.rpc('generatetodescriptor', 0, 'raw(51)').catch((error: unknown) => String(error));
    return typeof word !== 'string' || !word.includes("RPC miner isn't compiled");
  }

  private zmqOf(index: number, apart: boolean): string {
    return apart && index > 0 ? `tcp://${this.at}:${this.ports.zmqToo}` : this.zmqUrl;
  }

  private keep(text: Buffer): void {
    this.output = (this.output + text.toString()).slice(-4_000);
  }

  private async untilAnswering(child: ChildProcess): Promise<void> {
    const from = performance.now();
    while (performance.now() - from < START_MS) {
      if (child.exitCode !== null) break;
      // Until it is up, the cookie is missing, the port is closed, or it answers that it is warming up.
      const answer = await this.rpc('getblockcount').catch(() => undefined);
      if (answer !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.kill();
    throw new Error(`dashd did not come up: ${this.output}`);
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
    zmqToo: await freePort(host),
  };
}
