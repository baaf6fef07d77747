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
  /** Raw, in their order; they say how long the body is. */
  readonly headers: readonly string[];
  readonly body: Buffer | PassingBody;
  /** Whether dashd may be asked twice, should a kept connection turn out to be closed. Asked only then. */
  readonly mayRepeat: () => boolean;
}

/** A body that is not kept: its beginning, and where the rest comes from. */
export interface PassingBody {
  readonly head: readonly Buffer[];
  /** Called when nothing of the head is in memory any more. */
  readonly headTaken: () => void;
  readonly rest: IncomingMessage;
}

export interface DashdFault {
  /** `unreachable`: dashd has read nothing. `broke-off`: it may have read the request, but gave no answer. */
  readonly code: 'unreachable' | 'broke-off';
  readonly detail: string;
}

export interface DashdHandlers {
  /** An answer begins. What follows is read from it. */
  answered(reply: IncomingMessage): void;
  /** There is no answer. */
  failed(fault: DashdFault): void;
}

/** How long dashd may have to wait for a connection that nobody uses when it stops; well below the 30 s after which it closes one. */
const IDLE_MS = 5_000;
/** dashd serves with 4 threads by default (`-rpcthreads`). */
const MAX_IDLE = 8;
const CONNECT_MS = 10_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
const SERVICE_UNAVAILABLE = 503;
/** Failures that a connection has which was closed while it was idle. */
const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export class DashdClient {
  /** `host:port`, for people. */
  readonly name: string;
  private readonly agent: Agent;
  private readonly target: HostPort & { readonly lookup: typeof lookup };
  private readonly open: typeof overHttp;

  /**
   * @param address an http or https URL; a user and password in it are not used: who calls has to know them
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
      // As many at once as there are callers: one that waits for a new block must not be in another's way.
      maxSockets: Number.POSITIVE_INFINITY,
    };
    this.agent = isTls ? new TlsAgent(options) : new Agent(options);
    this.agent.on('free', (socket: Socket) => socket.setTimeout(IDLE_MS));
    this.open = isTls ? overHttps : overHttp;
    this.name = authority;
    this.target = { host, port, lookup };
  }

  /** Starts a call. Its bytes are written when the running code has returned, before anything else happens in the event loop. */
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
          // Its own connection is idle a little later.
          reply.once('close', () => setImmediate(() => this.dropIdle()));
        }
        handlers.answered(reply);
      });
      request.on('error', (error) => {
        // After an answer has begun, it is the answer that ends early.
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

  /** A dashd that stops waits until its connections are closed. */
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
  // dashd may turn it down before there is any of the body.
  request.flushHeaders();
  let isTaken = false;
  const taken = () => {
    if (!isTaken) headTaken();
    isTaken = true;
  };
  head.forEach((chunk, index) => {
    request.write(chunk, index === head.length - 1 ? taken : undefined);
  });
  // A request that fails forgets what it was to write.
  request.once('close', taken);
  rest.pipe(request);
}

function limitConnecting(request: ClientRequest): void {
  request.once('socket', (socket) => {
    // One that was kept has its limit for idling still.
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
