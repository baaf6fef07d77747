/**
 * Listens in dashd's place: whatever a pool program asks goes on to dashd and comes back as it is, dashd's own `401` included. On
 * the way a block that is submitted is shown to whoever wants to send it elsewhere too, just before dashd gets it.
 *
 * Nothing of a request waits for another caller's: each has a connection to dashd for itself, so one that is held until there is a new
 * block (`getblocktemplate` with `longpollid`) disturbs nobody, and has no time limit. Several requests that one connection sends
 * ahead are carried out one after the other, as dashd does.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Complaints, type ProxyFaultCode } from './rpc-proxy/complaints.js';
import { Dashd } from './rpc-proxy/dashd.js';
import { Memory } from './rpc-proxy/intake.js';
import { type SubmittedBlock, Visit, type VisitDeps } from './rpc-proxy/visit.js';
import { errorCode } from './system-error.js';

export interface RpcProxyOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** dashd's JSON-RPC, an http or https URL. A user and password in it are not used: callers have to know them. */
  readonly dashd: string;
  readonly limits?: Partial<RpcProxyLimits> | undefined;
}

export interface RpcProxyLimits {
  /** A larger body is passed on without a look into it. A block of 2 MB is 4 MB of hex. */
  readonly bodyBytes: number;
  /** Of all requests together that are in memory, bytes; what comes beyond is passed on without a look into it. */
  readonly memoryBytes: number;
  readonly connections: number;
  /** How long a caller may take to send a request, milliseconds. */
  readonly requestMs: number;
  /** Who has closed its side may still hear an answer that comes this soon; beyond, it has gone, milliseconds. */
  readonly lingerMs: number;
  /** So long dashd's word on a block is waited for, milliseconds; its answer may take as long as it likes. */
  readonly wordMs: number;
}

export interface RpcProxyHandlers {
  /**
   * A block that somebody submits. Called before dashd gets the request, in the turn in which its last byte came. Must not throw.
   * @returns what was done with it, in words: should dashd not answer, the caller is told
   */
  block(block: SubmittedBlock): string;
  state(state: 'up' | 'down', detail: string): void;
  /** Something is amiss. Told at most once in ten seconds of each kind. */
  fault(code: ProxyFaultCode, detail: string): void;
}

export interface RpcProxy {
  /**
   * Takes no more callers, waits for dashd's word on blocks that are under way (as long as `wordMs` at most), gives other calls a
   * second, and hangs up.
   */
  close(): Promise<void>;
}

const LIMITS: RpcProxyLimits = {
  bodyBytes: 8 * 1024 * 1024,
  memoryBytes: 64 * 1024 * 1024,
  connections: 512,
  requestMs: 120_000,
  lingerMs: 5_000,
  wordMs: 5_000,
};
/** Longer than dashd's 30 s: who knows those closes a connection before we do. */
const IDLE_MS = 60_000;
const HEADERS_MS = 30_000;
const LATE_REQUESTS_EVERY_MS = 1_000;
const GRACE_MS = 1_000;
/** The place is asked for this often while it is taken, milliseconds. */
const REBIND_MS = 1_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
/** Requests that a connection may have sent ahead before it is read no further. */
const MAX_AHEAD = 8;

/** Listens until closed; what stands in the way is told, and tried again. */
export function openRpcProxy(options: RpcProxyOptions, handlers: RpcProxyHandlers): RpcProxy {
  const limits = { ...LIMITS, ...options.limits };
  const dashd = new Dashd(options.dashd);
  const complaints = new Complaints((code, detail) => handlers.fault(code, detail));
  const words = new Set<Promise<unknown>>();
  const callers = new Callers({
    dashd,
    memory: new Memory(limits.memoryBytes),
    limits,
    pseudonym: `blockcast-${randomBytes(4).toString('hex')}`,
    block: (block) => handlers.block(block),
    complain: (code, detail) => complaints.complain(code, detail),
    waiting(word) {
      words.add(word);
      void word.then(() => words.delete(word));
    },
  });
  const server = createProxyServer(limits, callers, complaints);
  const closing = new AbortController();
  const listening = listen(server, options, handlers, closing.signal);
  let closed: Promise<void> | undefined;

  async function shutDown(): Promise<void> {
    closing.abort();
    if (await listening) {
      const done = once(server, 'close');
      server.close();
      await Promise.all(words);
      await Promise.race([done, pause(GRACE_MS, undefined, { ref: false })]);
      server.closeAllConnections();
      await done;
    }
    dashd.close();
  }

  return {
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}

/** @returns true once the server listens, false if it was closed before it could */
async function listen(
  server: Server,
  { host, port }: RpcProxyOptions,
  handlers: Pick<RpcProxyHandlers, 'state'>,
  closing: AbortSignal,
): Promise<boolean> {
  for (let complained = false; !closing.aborted; complained = true) {
    try {
      server.listen(port, host);
      await once(server, 'listening');
      server.on('error', (error) => handlers.state('down', `${host}:${port}: ${errorCode(error)}`));
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      handlers.state('up', `answers in dashd's place at ${host}:${bound}`);
      return true;
    } catch (error) {
      const remedy = 'set proxy.host and proxy.port to an address and a port that are free here';
      if (!complained) handlers.state('down', `cannot listen at ${host}:${port} (${errorCode(error)}): ${remedy}`);
      await pause(REBIND_MS, undefined, { signal: closing }).catch(() => undefined);
    }
  }
  return false;
}

function createProxyServer(limits: RpcProxyLimits, callers: Callers, complaints: Complaints): Server {
  const server = createServer(
    {
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: Math.min(HEADERS_MS, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(LATE_REQUESTS_EVERY_MS, limits.requestMs),
      // dashd reads what hand-made clients send: lines that end in a bare LF, and no Host.
      insecureHTTPParser: true,
      requireHostHeader: false,
    },
    (request, response) => callers.take(request, response),
  );
  // dashd answers who has closed its side of the connection. Node has this property, but no name for it in its types.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxConnections = limits.connections;
  server.on('drop', () => complaints.complain('too many connections', `more than ${limits.connections} at once`));
  server.on('connection', (socket: Socket) => callers.watch(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [status, code] = CLIENT_FAULTS[error.code ?? ''] ?? MISREAD;
    // Who has said nothing did nothing wrong; an answer to what cannot be read would be taken for one to the request before.
    const isAnswerable = socket.writable && (socket as Socket).bytesRead > 0 && !callers.isAwaiting(socket as Socket);
    if (!isAnswerable || GONE.has(error.code ?? '')) {
      socket.destroy();
      return;
    }
    complaints.complain(code, `a caller was turned away with ${status} (${error.code})`);
    socket.end(lastWord(status));
  });
  // dashd is no way to elsewhere.
  server.on('connect', (_request, socket: Duplex) => socket.end(lastWord('501 Not Implemented')));
  return server;
}

function lastWord(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** A caller that leaves in the middle of its request. */
const GONE: ReadonlySet<string> = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE']);
const MISREAD = ['400 Bad Request', 'bad request'] as const;
const CLIENT_FAULTS: Readonly<Record<string, readonly [status: string, code: ProxyFaultCode]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'slow request'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'bad request'],
};

/** The callers' connections, and the requests that each of them has sent. */
class Callers {
  private readonly queues = new WeakMap<Socket, Visit[]>();

  constructor(private readonly deps: VisitDeps) {}

  watch(socket: Socket): void {
    socket.once('end', () => {
      const timer = setTimeout(() => socket.destroy(), this.deps.limits.lingerMs);
      socket.once('close', () => clearTimeout(timer));
    });
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const queue = this.queues.get(socket) ?? [];
    this.queues.set(socket, queue);
    queue.push(new Visit(request, response, this.deps));
    if (queue.length === 1) void this.work(socket, queue);
    else if (queue.length > MAX_AHEAD) socket.pause();
  }

  /** True when a request has all been read and waits for its answer. */
  isAwaiting(socket: Socket): boolean {
    return this.queues.get(socket)?.[0]?.isArriving === false;
  }

  private async work(socket: Socket, queue: Visit[]): Promise<void> {
    for (let [next] = queue; next !== undefined; [next] = queue) {
      if (socket.destroyed) return;
      await next.begin();
      queue.shift();
      if (queue.length === 0) socket.resume();
    }
  }
}
