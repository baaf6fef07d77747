/** The proxy's connections to dashd. */
import { Agent, type ClientRequest, type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps, Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { HostPort } from '../../address/host-port.js';
import { parseHttpUrl } from '../../address/http-url.js';
import { lookup } from '../lookup.js';

export interface DashdCall {
  readonly method: string;
  readonly path: string;
  /** Raw, in order; they include the length of the body. */
  readonly headers: readonly string[];
  readonly body: Buffer | PassingBody;
  /** Whether the request may be sent again when a kept-alive connection turns out to be closed. Called only then. */
  readonly mayRepeat: () => boolean;
}

/** A body that is forwarded as it arrives: its first part, and the source of the rest. */
export interface PassingBody {
  readonly head: readonly Buffer[];
  /** Called when the memory of the head is released. */
  readonly headTaken: () => void;
  readonly rest: IncomingMessage;
}

export interface DashdFault {
  /** `unreachable`: dashd has read nothing. `broke-off`: it may have read the request, but closed the connection before replying. */
  readonly code: 'unreachable' | 'broke-off';
  readonly detail: string;
}

export interface DashdHandlers {
  /** The head of an answer has arrived; its body is read from `reply`. */
  answered(reply: IncomingMessage): void;
  /** There will be no answer. */
  failed(fault: DashdFault): void;
}

/** Idle time of kept-alive connections, milliseconds: a dashd that stops waits for them. Below dashd's own limit of 30 s. */
const IDLE_MS = 5_000;
/** dashd serves with 4 threads by default (`-rpcthreads`). */
const MAX_IDLE = 8;
const CONNECT_MS = 10_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
const SERVICE_UNAVAILABLE = 503;
/** Errors of a connection that was closed while idle. */
const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export class DashdClient {
  /** `host:port`, for messages. */
  readonly name: string;
  private readonly agent: Agent;
  private readonly target: HostPort & { readonly lookup: typeof lookup };
  private readonly open: typeof overHttp;

  /**
   * @param address an http or https URL; a user and password in it are not used: callers send their own
   * @throws Error when it is not: the configuration has checked it, so this is a programmer's mistake
   */
  constructor(address: string) {
    const parsed = parseHttpUrl(address);
    if (!parsed.ok) throw new Error(`dashd's address ${parsed.problem}`);
    const { isTls, host, port, authority } = parsed.url;
    const options = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_PROBE_MS,
      maxFreeSockets: MAX_IDLE,
      // One connection per request: a long poll must not delay other requests.
      maxSockets: Number.POSITIVE_INFINITY,
    };
    this.agent = isTls ? new TlsAgent(options) : new Agent(options);
    this.agent.on('free', (socket: Socket) => socket.setTimeout(IDLE_MS));
    this.open = isTls ? overHttps : overHttp;
    this.name = authority;
    this.target = { host, port, lookup };
  }

  /** Starts a call. Node writes its bytes at the end of the current turn of the event loop. */
  call(call: DashdCall, handlers: DashdHandlers): { abort(): void } {
    let current: ClientRequest | undefined;
    let aborted = false;
    const attempt = (isFirst: boolean): void => {
      const request = this.open({
        ...this.target,
        agent: this.agent,
        method: call.method,
        path: call.path,
        headers: call.headers,
      });
      let hasAnswer = false;
      current = request;
      limitConnecting(request);
      request.once('response', (reply) => {
        hasAnswer = true;
        if (endsConnections(reply)) {
          this.dropIdle();
          // The connection of this answer becomes idle later.
          reply.once('close', () => setImmediate(() => this.dropIdle()));
        }
        handlers.answered(reply);
      });
      request.on('error', (error) => {
        // Once an answer has begun, its stream reports the error.
        if (aborted || hasAnswer) return;
        if (isFirst && isStale(request, error) && Buffer.isBuffer(call.body) && call.mayRepeat()) attempt(false);
        else handlers.failed(faultOf(error));
      });
      send(request, call.body);
    };
    attempt(true);
    return {
      abort() {
        aborted = true;
        current?.destroy();
      },
    };
  }

  /** A dashd that stops waits until all connections are closed. */
  private dropIdle(): void {
    for (const sockets of Object.values(this.agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  close(): void {
    this.agent.destroy();
  }
}

function send(request: ClientRequest, body: Buffer | PassingBody): void {
  if (Buffer.isBuffer(body)) {
    request.end(body);
    return;
  }
  const { head, headTaken, rest } = body;
  // dashd may reject the request by its headers.
  request.flushHeaders();
  let isTaken = false;
  const taken = () => {
    if (!isTaken) headTaken();
    isTaken = true;
  };
  head.forEach((chunk, index) => {
    request.write(chunk, index === head.length - 1 ? taken : undefined);
  });
  // A failed request discards its unwritten data.
  request.once('close', taken);
  rest.pipe(request);
}

function limitConnecting(request: ClientRequest): void {
  request.once('socket', (socket) => {
    // A kept-alive socket still has its idle timeout.
    socket.setTimeout(0);
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(new ConnectTimeout()), CONNECT_MS);
    const over = () => clearTimeout(timer);
    socket.once('connect', over);
    request.once('close', over);
  });
}

class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

function isStale(request: ClientRequest, error: Error): boolean {
  return request.reusedSocket && STALE.has(codeOf(error));
}

function endsConnections({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === SERVICE_UNAVAILABLE || headers.connection?.toLowerCase() === 'close';
}

const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'EMFILE',
]);

function faultOf(error: Error): DashdFault {
  const code = codeOf(error);
  return { code: NOT_CONNECTED.has(code) ? 'unreachable' : 'broke-off', detail: code };
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
