/** Time, peers and a dashd that do what a test says, when it says so. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type Observable, type SchedulerLike, VirtualAction, VirtualTimeScheduler } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { SessionFaultCode } from '../../src/session/types.js';
import type { Dial, PeerSocket, PeerSocketHandlers, Rpc, RpcAnswer } from '../../src/streams/ports.js';
import type { Clock } from '../../src/time.js';
import { FrameDecoder } from '../../src/wire/decoder.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import type { Message } from '../../src/wire/registry.js';
import { theirVersion } from '../session/support.js';

export const START = 1_794_000_000_000;
const { magic } = NETWORKS.regtest;

/** Runs marbles against marbles; a frame is a millisecond, for the clock too. */
export function marbles(run: (helpers: RunHelpers & { scheduler: TestScheduler; clock: Clock }) => void): void {
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  const clock = { now: () => scheduler.now(), monotonic: () => scheduler.now() };
  scheduler.run((helpers) => run({ ...helpers, scheduler, clock }));
}

/** Lets all promises that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A scheduler and a clock that agree, for what marbles cannot have: promises. */
export class Time {
  private readonly virtual = new VirtualTimeScheduler(VirtualAction, Number.POSITIVE_INFINITY);
  readonly scheduler: SchedulerLike = this.virtual;
  private wallAheadMs = 0;
  private stoppedMs = 0;
  /** The monotonic clock has another origin: code that mixes the two is years off. */
  readonly clock: Clock = {
    now: () => START + this.wallAheadMs + this.stoppedMs + this.virtual.frame,
    monotonic: () => this.stoppedMs + this.virtual.frame,
  };

  /** Milliseconds since the start. */
  get now(): number {
    return this.virtual.frame;
  }

  /** Timers that are still to fire: none may be left when all is over. */
  get pending(): number {
    return this.virtual.actions.filter(({ closed }) => !closed).length;
  }

  /** Somebody sets the wall clock ahead, or, by less than nothing, back; or the machine is suspended, which Linux' monotonic clock does not count. */
  setClock(byMs: number): void {
    this.wallAheadMs += byMs;
  }

  /** The process does not run for a while: both clocks go on, and no timer fires. */
  stop(ms: number): void {
    this.stoppedMs += ms;
  }

  /** Fires, in order, what is due within `ms`, and lets promises settle after each. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (let next = this.nextDue(); next !== undefined && next <= until; next = this.nextDue()) {
      this.virtual.maxFrames = next;
      this.virtual.flush();
      await settled();
    }
    this.virtual.frame = until;
  }

  private nextDue(): number | undefined {
    return this.virtual.actions.filter(({ closed }) => !closed)[0]?.delay;
  }
}

/** Everything a stream gives, kept. */
export function gather<T>(stream$: Observable<T>): { readonly values: T[]; completed: boolean; stop(): void } {
  const values: T[] = [];
  const gathered = { values, completed: false, stop: () => subscription.unsubscribe() };
  const subscription = stream$.subscribe({
    next: (value) => values.push(value),
    complete: () => {
      gathered.completed = true;
    },
  });
  return gathered;
}

/** One connection, from the peer's side. */
export class FakeSocket implements PeerSocket {
  backlog = 0;
  bytesIn = 0;
  bytesOut = 0;
  destroyed = false;
  paused = false;
  /** What we sent, decoded; nothing undecodable may be sent. */
  readonly heard: Message[] = [];
  private answered = 0;
  private readonly decoder = new FrameDecoder(magic);
  private readonly untaken: (() => void)[] = [];

  constructor(
    readonly host: string,
    readonly timeoutMs: number,
    private readonly handlers: PeerSocketHandlers,
    private readonly onWrite: (host: string, command: string) => void,
  ) {}

  write(buffers: readonly Buffer[], taken?: () => void): void {
    assert.equal(this.destroyed, false, `${this.host}: written to after its end`);
    for (const inbound of buffers.flatMap((buffer) => this.decoder.push(buffer))) {
      if (inbound.kind !== 'message') assert.fail(`we sent what cannot be read: ${inspect(inbound)}`);
      this.heard.push(inbound.message);
      this.onWrite(this.host, inbound.message.command);
    }
    if (taken !== undefined) this.untaken.push(taken);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** The kernel takes all that was written. */
  drain(): void {
    for (const taken of this.untaken.splice(0)) taken();
  }

  open(): void {
    this.handlers.connected();
  }

  says(...messages: readonly Message[]): void {
    this.bytes(Buffer.concat(messages.map((message) => encodeFrame(magic, message))));
  }

  bytes(chunk: Buffer): void {
    if (!this.destroyed) this.handlers.data(chunk);
  }

  close(code: SessionFaultCode = 'closed by peer'): void {
    if (!this.destroyed) this.handlers.closed(code, `${this.host} is gone`);
  }

  shakeHands(height = theirVersion.height): this {
    this.open();
    this.says({ ...theirVersion, height });
    this.says({ command: 'verack' });
    return this;
  }

  /** Answers the last ping: after a push, that is the acknowledgement. */
  pong(): void {
    const ping = this.heard.findLast((message) => message.command === 'ping');
    assert.ok(ping, `${this.host} was not pinged`);
    this.says({ command: 'pong', nonce: ping.nonce });
  }

  /** Answers all pings that it has not answered. */
  pongs(): void {
    while (this.answered < this.heard.length) {
      const message = this.heard[this.answered];
      this.answered += 1;
      if (message?.command === 'ping') this.says({ command: 'pong', nonce: message.nonce });
    }
  }

  get blocks(): Buffer[] {
    return this.heard.flatMap((message) => (message.command === 'block' ? [message.raw] : []));
  }
}

/** The network as we dial it: each attempt is kept, and stays silent until the test makes it speak. */
export class FakeNet {
  readonly sockets: FakeSocket[] = [];

  constructor(private readonly onWrite: (host: string, command: string) => void = () => undefined) {}

  readonly dial: Dial = ({ host }, timeoutMs, handlers) => {
    const socket = new FakeSocket(host, timeoutMs, handlers, this.onWrite);
    this.sockets.push(socket);
    return socket;
  };

  /** The last attempt to reach a host. */
  to(host: string): FakeSocket {
    const socket = this.sockets.findLast((one) => one.host === host);
    assert.ok(socket, `${host} was not dialled`);
    return socket;
  }

  /** How often a host was dialled. */
  dials(host: string): number {
    return this.sockets.filter((one) => one.host === host).length;
  }
}

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly at: number;
}

export const UNREACHABLE = { ok: false, code: 'unreachable', detail: 'ECONNREFUSED' } as const satisfies RpcAnswer;
export const answer = (result: unknown): RpcAnswer => ({ ok: true, result });
export const rpcError = (rpcCode: number, detail: string): RpcAnswer => ({
  ok: false,
  code: 'rpc error',
  detail,
  rpcCode,
});

type Reply = RpcAnswer | Promise<RpcAnswer> | ((...params: readonly unknown[]) => RpcAnswer | Promise<RpcAnswer>);

/** A dashd's RPC with an answer, or a function that gives one, for each method; unreachable otherwise. */
export class FakeRpc implements Rpc {
  readonly calls: RpcCall[] = [];
  /** By method. */
  readonly replies = new Map<string, Reply>();

  constructor(private readonly now: () => number = () => 0) {}

  times(method: string): number[] {
    return this.calls.filter((call) => call.method === method).map(({ at }) => at);
  }

  call(method: string, params: readonly unknown[] = []): Promise<RpcAnswer> {
    this.calls.push({ method, params, at: this.now() });
    const reply = this.replies.get(method) ?? UNREACHABLE;
    return Promise.resolve(typeof reply === 'function' ? reply(...params) : reply);
  }

  submitBlock(raw: Buffer): Promise<RpcAnswer> {
    return this.call('submitblock', [raw]);
  }

  submitConnectionPing(): Promise<RpcAnswer> {
    return this.call('getblockchaininfo');
  }
}

/** An answer to give later. */
export function later(): { readonly answer: Promise<RpcAnswer>; give(answer: RpcAnswer): void } {
  let give: (answer: RpcAnswer) => void = () => undefined;
  const promised = new Promise<RpcAnswer>((resolve) => {
    give = resolve;
  });
  return { answer: promised, give: (given) => give(given) };
}

/** Each reply in turn, then the last one for ever. */
export function inTurn(...replies: readonly RpcAnswer[]): () => RpcAnswer {
  let turn = 0;
  return () => {
    const reply = replies[Math.min(turn, replies.length - 1)] ?? UNREACHABLE;
    turn += 1;
    return reply;
  };
}
