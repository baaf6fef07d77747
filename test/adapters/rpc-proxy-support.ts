/** A proxy between a dashd and callers that a test controls byte by byte. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { openRpcProxy, type RpcProxy, type RpcProxyLimits } from '../../src/adapters/rpc-proxy/index.js';
import type { SubmittedBlock } from '../../src/adapters/rpc-proxy/proxied-request.js';
import { freePort } from '../../src/simulated/free-port.js';

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly socket: Socket;
  readonly request: IncomingMessage;
}

export type Answering = (response: ServerResponse, asked: Asked) => void;

/** dashd's answer to a call that went well. */
export const OK = '{"result":null,"error":null,"id":1}\n';
export const saying =
  (body: string, status = 200): Answering =>
  (response) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body);

export class ScriptedDashd {
  readonly asked: Asked[] = [];
  /** May be changed at any time. */
  answer: Answering = saying(OK);
  /** Answers before there is a body. */
  early: ((response: ServerResponse) => void) | undefined;
  /** Requests whose answer is not out. */
  open = 0;
  mostOpen = 0;
  connections = 0;
  private readonly waiting = new Set<() => void>();
  private readonly server = createServer(
    { keepAliveTimeout: 0, requestTimeout: 0, requireHostHeader: false },
    (request, response) => this.take(request, response),
  );

  private constructor() {
    this.server.on('connection', () => {
      this.connections += 1;
    });
  }

  /** @param port by default a free one */
  static async start(port?: number): Promise<ScriptedDashd> {
    const dashd = new ScriptedDashd();
    dashd.server.listen(port ?? (await freePort()), '127.0.0.1');
    await once(dashd.server, 'listening');
    return dashd;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The request at a place, as soon as all of it is there. */
  async request(place: number): Promise<Asked> {
    for (;;) {
      const asked = this.asked[place];
      if (asked !== undefined) return asked;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    if (this.early !== undefined) {
      this.early(response);
      return;
    }
    const chunks: Buffer[] = [];
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once('close', () => {
      this.open -= 1;
    });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', rawHeaders: headers, socket } = request;
      const asked = { method, path, headers, body: Buffer.concat(chunks), socket, request };
      this.asked.push(asked);
      this.answer(response, asked);
      for (const wake of this.waiting) wake();
      this.waiting.clear();
    });
  }
}

export interface Reported {
  readonly states: { readonly state: string; readonly detail: string }[];
  readonly faults: { readonly code: string; readonly detail: string }[];
}

export class ProxyUnderTest implements Reported {
  readonly states: { state: string; detail: string }[] = [];
  readonly faults: { code: string; detail: string }[] = [];
  readonly blocks: SubmittedBlock[] = [];
  /** What is done with a block; by itself its request is not forwarded before the proxy does it. */
  onBlock: (block: SubmittedBlock) => string = () => 'the block was sent to 3 peers';
  private readonly proxy: RpcProxy;
  private readonly waiting = new Set<() => void>();
  private readonly callers = new Set<Caller>();

  private constructor(dashd: string, limits: Partial<RpcProxyLimits>, port: number) {
    this.proxy = openRpcProxy(
      { host: '127.0.0.1', port, dashd, limits: { graceMs: 50, ...limits } },
      {
        block: (block) => {
          this.blocks.push(block);
          return { outcome: this.onBlock(block) };
        },
        state: (state, detail) => this.emit(this.states, { state, detail }),
        fault: (code, detail) => this.emit(this.faults, { code, detail }),
      },
    );
  }

  /** Does not wait until it listens. */
  static open(dashd: string, limits: Partial<RpcProxyLimits> = {}, port = 0): ProxyUnderTest {
    return new ProxyUnderTest(dashd, limits, port);
  }

  static async start(dashd: ScriptedDashd | string, limits: Partial<RpcProxyLimits> = {}): Promise<ProxyUnderTest> {
    const proxy = ProxyUnderTest.open(typeof dashd === 'string' ? dashd : `http://127.0.0.1:${dashd.port}`, limits);
    await proxy.up();
    return proxy;
  }

  /** Where it listens, once it does. */
  async up(): Promise<number> {
    const up = await this.until(() => this.states.find(({ state }) => state === 'up'));
    return Number(up.detail.split(':').at(-1));
  }

  async fault(code: string): Promise<string> {
    return (await this.until(() => this.faults.find((fault) => fault.code === code))).detail;
  }

  async caller(): Promise<Caller> {
    const caller = await Caller.to(await this.up());
    this.callers.add(caller);
    return caller;
  }

  /** One call on a connection of its own. */
  async call(body: string | Buffer, headers = ''): Promise<Answer> {
    const caller = await this.caller();
    caller.send(post(body, headers));
    const answer = await caller.next();
    caller.leave();
    return answer;
  }

  /** Makes dashd accept the credentials of {@link post}, as the first poll of a pool does. */
  async poll(dashd: ScriptedDashd): Promise<void> {
    await this.call('{"id":0,"method":"getblocktemplate"}');
    dashd.asked.length = 0;
  }

  close(): Promise<void> {
    return this.proxy.close();
  }

  async stop(): Promise<void> {
    for (const caller of this.callers) caller.leave();
    await this.close();
  }

  private async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  private emit<T>(list: T[], reported: T): void {
    list.push(reported);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** A POST of JSON-RPC as a simple client makes it. */
export function post(body: string | Buffer, headers = ''): string | Buffer {
  const length = Buffer.byteLength(body);
  const head = `POST / HTTP/1.1\r\nHost: dashd\r\nAuthorization: Basic dTpw\r\n${headers}Content-Length: ${length}\r\n\r\n`;
  return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head), body]);
}

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

/** One side of a TCP connection, and the answers that came over it. */
export class Caller {
  /** True once the other side has ended, or broken, the connection. */
  over = false;
  private received = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    const wake = () => {
      for (const one of this.waiting) one();
      this.waiting.clear();
    };
    const end = () => {
      this.over = true;
      wake();
    };
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      wake();
    });
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async to(port: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new Caller(socket);
  }

  send(...parts: readonly (string | Buffer)[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** The next whole answer. @throws Error when the connection is over before */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.cut();
      if (answer !== undefined) return answer;
      if (this.over) throw new Error(`the connection is over; what came last: ${this.received}`);
      await this.change();
    }
  }

  /** All that came and was not read as an answer. */
  get rest(): string {
    return this.received.toString('latin1');
  }

  /** Waits until this much has come. */
  async has(text: string): Promise<void> {
    while (!this.rest.includes(text)) {
      if (this.over) throw new Error(`the connection is over; what came last: ${this.rest}`);
      await this.change();
    }
  }

  async ended(): Promise<void> {
    while (!this.over) await this.change();
  }

  leave(): void {
    this.socket.destroy();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private cut(): Answer | undefined {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.received.toString('latin1', 0, headEnd);
    const status = Number(head.split(' ')[1]);
    const length = status < 200 ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (this.received.length < end) return undefined;
    const body = this.received.toString('utf8', headEnd + 4, end);
    this.received = this.received.subarray(end);
    return { status, head, body };
  }
}
