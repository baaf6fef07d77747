import { rm, writeFile } from 'node:fs/promises';
import { bindWithRetry } from './bind-with-retry.js';
import { onFreePort } from './free-port.js';
import { Masternodes } from './masternodes.js';
import { type MineOptions, mineBlock } from './miner.js';
import { type NodeOptions, SimulatedNode } from './node.js';
import { describeNotifications, Notifications, type ZmqFaults } from './notifications.js';
import type { RpcFaults } from './rpc-calls.js';
import { rpcMethods } from './rpc-methods.js';
import { RpcServer } from './rpc-server.js';
import { ZmqPublisher } from './zmq-publisher.js';

export interface SimulatedDashdOptions extends NodeOptions {
  /** 0, the default, lets the system choose; `start` keeps the choice. */
  readonly rpcPort?: number;
  /** As `rpcPort`. */
  readonly zmqPort?: number;
  /** Default: cookie authentication. */
  readonly user?: string;
  readonly password?: string;
  /** The file to which the cookie is written at each start when there is no password; removed at each stop. */
  readonly cookieFile?: string;
}

const COOKIE_USER = '__cookie__';

/** A simulated dashd: a {@link SimulatedNode} with JSON-RPC and ZeroMQ notifications, which mines on demand. */
export class SimulatedDashd {
  readonly node: SimulatedNode;
  /** May be changed at any time. */
  rpcFaults: RpcFaults = {};
  /** May be changed at any time. */
  zmqFaults: ZmqFaults = {};
  /** The network's. May be changed at any time. */
  masternodes = new Masternodes([]);
  private readonly rpc: RpcServer;
  private readonly publisher = new ZmqPublisher();
  private readonly notifications: Notifications;
  private credentials: string;
  private rpcPort: number;
  private zmqPort: number;
  private stopPublishing: (() => void) | undefined;
  private starts = 0;

  constructor(private readonly options: SimulatedDashdOptions = {}) {
    this.node = new SimulatedNode({ name: 'dashd', ...options });
    this.credentials = `${options.user ?? COOKIE_USER}:${options.password ?? ''}`;
    this.rpcPort = options.rpcPort ?? 0;
    this.zmqPort = options.zmqPort ?? 0;
    this.notifications = new Notifications(
      () => this.zmqFaults,
      (frames) => this.publisher.send(frames),
    );
    this.rpc = new RpcServer({
      credentials: () => this.credentials,
      faults: () => this.rpcFaults,
      methods: new Map([
        ...rpcMethods(this.node, () => this.masternodes),
        ['getzmqnotifications', () => describeNotifications(this.zmqUrl)],
      ]),
    });
  }

  /** The JSON-RPC endpoint. */
  get rpcUrl(): string {
    return `http://127.0.0.1:${this.rpcPort}`;
  }

  /** The ZeroMQ endpoint for blocks and ChainLocks. */
  get zmqUrl(): string {
    return `tcp://127.0.0.1:${this.zmqPort}`;
  }

  get user(): string {
    return this.credentials.slice(0, this.credentials.indexOf(':'));
  }

  get password(): string {
    return this.credentials.slice(this.credentials.indexOf(':') + 1);
  }

  /** Starts, or restarts on the same ports with the same chain. @throws the system's error when a port stays taken */
  async start(): Promise<void> {
    this.starts += 1;
    await this.writeCookie();
    await bindWithRetry(() => this.node.start());
    this.rpcPort = await bind(this.rpcPort, (port) => this.rpc.start(port));
    this.zmqPort = await bind(this.zmqPort, async (port) => {
      await this.publisher.start(`tcp://127.0.0.1:${port}`);
      this.notifications.restart();
      return port;
    });
    this.stopPublishing = this.node.chain.onTip((tip) => {
      if (!this.node.chain.initialDownload) this.notifications.publish(tip);
    });
  }

  async stop(): Promise<void> {
    this.stopPublishing?.();
    await Promise.all([this.node.stop(), this.rpc.stop(), this.publisher.stop()]);
    if (this.options.cookieFile !== undefined) await rm(this.options.cookieFile, { force: true });
  }

  /** Mines blocks on the tip and accepts them. @returns their bytes, oldest first */
  generate(count: number, options: MineOptions = {}): Buffer[] {
    return Array.from({ length: count }, () => {
      const raw = mineBlock(this.node.chain.template(), options);
      const outcome = this.node.submit(raw);
      if (!outcome.accepted) throw new Error(`the simulated dashd rejected its own block: ${outcome.fault.reason}`);
      return raw;
    });
  }

  /** Applies a ChainLock to a block of the best chain, by default the tip, and publishes it. */
  chainLock(hash = this.node.chain.tip.hash): void {
    const { chain } = this.node;
    const block = chain.get(hash);
    if (block !== undefined && chain.lock(hash)) this.notifications.publishLock(block);
  }

  /** Writes a password that differs in every start and process, so that a stale cookie fails. */
  private async writeCookie(): Promise<void> {
    const { cookieFile, password } = this.options;
    if (cookieFile === undefined || password !== undefined) return;
    this.credentials = `${COOKIE_USER}:start-${process.pid}-${this.starts}`;
    await writeFile(cookieFile, this.credentials, { mode: 0o600 });
  }
}

/** @param port 0 for a free port that can be bound again later */
function bind<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  return port === 0 ? onFreePort(start) : bindWithRetry(() => start(port));
}
