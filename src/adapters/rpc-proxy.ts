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
  /** So long calls other than that may go on when the proxy is closed, milliseconds. */
  readonly graceMs: number;
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
   * Takes no more callers, waits for dashd's word on blocks that are under way (as long as `wordMs` at most), gives all calls some
   * grace, and hangs up.
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
  graceMs: 1_000,
};
/** Longer than dashd's 30 s: who knows those closes a connection before we do. */
const IDLE_MS = 60_000;
const HEADERS_MS = 30_000;
const LATE_REQUESTS_EVERY_MS = 1_000;
/** The place is asked for this often while it is taken, milliseconds. */
const REBIND_MS = 1_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
/** Requests that a connection may send ahead. Nobody does, but a test of ours, or a flood. */
const MAX_AHEAD = 1_000;
/** About what a request costs that is not looked at yet, without its body. */
const REQUEST_BYTES = 2_048;

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
      await Promise.race([done, pause(limits.graceMs, undefined, { ref: false })]);
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

/** A request whose turn has not come: as much of it as Node reads ahead is in memory, and accounted for. */
interface Waiting {
  readonly visit: Visit;
  readonly bytes: number;
}

/** The callers' connections, and the requests that each of them has sent. */
class Callers {
  private readonly queues = new WeakMap<Socket, Waiting[]>();

  constructor(private readonly deps: VisitDeps) {}

  watch(socket: Socket): void {
    socket.once('end', () => {
      const timer = setTimeout(() => socket.destroy(), this.deps.limits.lingerMs);
      socket.once('close', () => clearTimeout(timer));
    });
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // One that is read at once with others, behind that which was too much.
    if (socket.destroyed) return;
    const queue = this.queues.get(socket) ?? [];
    this.queues.set(socket, queue);
    const bytes = queue.length === 0 ? 0 : bytesAhead(request);
    if (queue.length > MAX_AHEAD || !this.deps.memory.take(bytes)) {
      this.deps.complain('bad request', 'a caller that sent too many requests ahead was hung up on');
      socket.destroy();
      return;
    }
    queue.push({ visit: new Visit(request, response, this.deps), bytes });
    if (queue.length === 1) void this.work(socket, queue);
  }

  /** True when a request has all been read and waits for its answer. */
  isAwaiting(socket: Socket): boolean {
    return this.queues.get(socket)?.[0]?.visit.isArriving === false;
  }

  private async work(socket: Socket, queue: Waiting[]): Promise<void> {
    for (let [next] = queue; next !== undefined; [next] = queue) {
      this.deps.memory.give(next.bytes);
      if (!socket.destroyed) await next.visit.begin();
      queue.shift();
    }
  }
}

function bytesAhead({ headers, readableHighWaterMark }: IncomingMessage): number {
  const body =
    headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : readableHighWaterMark;
  return REQUEST_BYTES + Math.min(body, readableHighWaterMark);
}
