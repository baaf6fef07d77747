/**
 * A simulated dashd in virtual time: the same node and the same RPC methods as `SimulatedDashd`, without HTTP and ZeroMQ. It shares the
 * relay's machine and is reached there without a network.
 */
import { Subject } from 'rxjs';
import type { Chain } from '../../simulated/chain.js';
import { type MineOptions, mineBlock } from '../../simulated/miner.js';
import { type NodeOptions, SimulatedNode } from '../../simulated/node.js';
import {
  describeNotifications,
  Notifications,
  type NotificationTopic,
  type ZmqFaults,
} from '../../simulated/notifications.js';
import { executeCall, type RpcFaults, type RpcMethods } from '../../simulated/rpc-calls.js';
import { rpcMethods } from '../../simulated/rpc-methods.js';
import { HOUR_MS } from '../../time.js';
import type { Driver } from './driver.js';

export type NotificationFrames = readonly [NotificationTopic, Buffer, Buffer];

/** dashd writes its block index every hour, and when it is told to stop. Source: Core `validation.cpp`, `DATABASE_WRITE_INTERVAL`. */
const FLUSH_EVERY_MS = HOUR_MS;
/** From a block's last byte to dashd's answer, on an idle node; a connected block took 1–2 ms on regtest. */
const SUBMIT_MS = 1.5;
/** Any other call. */
const CALL_MS = 0.2;

export interface VirtualDashdOptions extends NodeOptions {
  /** The chain that it has when it is started without one, after a crash as well. */
  readonly newChain: () => Chain;
  /** RPC methods besides those of a simulated dashd, or in place of them. */
  readonly methods?: RpcMethods;
}

export class VirtualDashd {
  /** May be changed at any time. */
  rpcFaults: RpcFaults = {};
  /** May be changed at any time. */
  zmqFaults: ZmqFaults = {};
  private readonly stops = new Subject<void>();
  private readonly starts = new Subject<void>();
  private readonly published = new Subject<NotificationFrames>();
  readonly started$ = this.starts.asObservable();
  /** Emits when it ends, in whatever way: its connections break. */
  readonly stopped$ = this.stops.asObservable();
  readonly published$ = this.published.asObservable();
  private readonly notifications = new Notifications(
    () => this.zmqFaults,
    (frames) => this.published.next(frames),
  );
  private current: SimulatedNode;
  private methods: RpcMethods;
  private stopPublishing: (() => void) | undefined;
  private running = false;
  /** The height up to which the block index is on disk, and when it was written. */
  private flushed = { height: 0, atMs: 0 };

  /** @param zmqUrl what the relay subscribes to */
  constructor(
    private readonly driver: Driver,
    private readonly options: VirtualDashdOptions,
    private readonly zmqUrl: string,
  ) {
    this.current = this.newNode();
    this.methods = this.newMethods();
  }

  /** Another one after each crash. */
  get node(): SimulatedNode {
    return this.current;
  }

  get isRunning(): boolean {
    return this.running;
  }

  async start(): Promise<void> {
    await this.current.start();
    this.running = true;
    // What it starts with came from its disk.
    this.flush();
    this.notifications.restart();
    this.stopPublishing = this.current.chain.onTip((tip) => {
      this.flushWhenDue();
      if (!this.current.chain.initialDownload) this.notifications.publish(tip);
    });
    this.starts.next();
  }

  /** Ends it as an operator does: it keeps its chain. */
  async stop(): Promise<void> {
    this.flush();
    await this.end();
  }

  /** SIGKILL: it loses the blocks since its block index was last written, and asks its peers for them after a start. */
  async kill(): Promise<void> {
    await this.end();
    const kept = this.rawBlocks(this.flushed.height);
    this.current = this.newNode();
    for (const raw of kept) this.current.submit(raw);
    this.methods = this.newMethods();
  }

  /** Mines on the tip and accepts the block. @throws Error when it is not valid, a mistake of the caller's */
  generate(options: MineOptions = {}): Buffer {
    const raw = mineBlock(this.current.chain.template(), options);
    const outcome = this.current.submit(raw);
    if (!outcome.accepted) throw new Error(`the simulated dashd rejected its own block: ${outcome.fault.reason}`);
    return raw;
  }

  /** Applies a ChainLock to a block of the best chain, by default the tip, and publishes it. */
  chainLock(hash = this.current.chain.tip.hash): void {
    const { chain } = this.current;
    const block = chain.get(hash);
    if (block !== undefined && chain.lock(hash)) this.notifications.publishLock(block);
  }

  /** Milliseconds that a call takes, without faults. */
  answerMs(method: string): number {
    return method === 'submitblock' ? SUBMIT_MS : CALL_MS;
  }

  /** Executes a call, as HTTP status and body. */
  execute(call: { readonly method: string; readonly params: readonly unknown[] }): {
    readonly status: number;
    readonly text: string;
  } {
    const { html, unauthorised } = this.rpcFaults;
    if (html === true) return { status: 200, text: '<html><body>Bad gateway</body></html>' };
    if (unauthorised === true) return { status: 401, text: '' };
    const { status, envelope } = executeCall({ id: 'blockcast', ...call }, this.methods, this.rpcFaults);
    return { status, text: JSON.stringify(envelope) };
  }

  private async end(): Promise<void> {
    this.running = false;
    this.stopPublishing?.();
    this.stops.next();
    await this.current.stop();
  }

  private newNode(): SimulatedNode {
    return new SimulatedNode({ name: 'dashd', ...this.options, chain: this.options.newChain() });
  }

  private newMethods(): RpcMethods {
    return new Map([
      ...rpcMethods(this.current),
      ['getzmqnotifications', () => describeNotifications(this.zmqUrl)] as const,
      ...(this.options.methods ?? []),
    ]);
  }

  private flushWhenDue(): void {
    if (this.nowMs - this.flushed.atMs >= FLUSH_EVERY_MS) this.flush();
  }

  private flush(): void {
    this.flushed = { height: this.current.chain.tip.height, atMs: this.nowMs };
  }

  private get nowMs(): number {
    return this.driver.engine.now / 1000;
  }

  private rawBlocks(upTo: number): Buffer[] {
    return Array.from({ length: upTo }, (_, index) => this.current.chain.at(index + 1)?.raw).filter(
      (raw) => raw !== undefined,
    );
  }
}
