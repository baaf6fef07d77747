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
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../system-error.js';
import { Callers } from './callers.js';
import { KnownCallers } from './credentials.js';
import { DashdClient } from './dashd-client.js';
import { MAX_FIELDS } from './http-headers.js';
import type { HandledBlock, SubmittedBlock } from './proxied-request.js';
import { MemoryBudget } from './request-body.js';
import { type ProxyFaultCode, ThrottledReporter } from './throttled-reporter.js';

export interface RpcProxyOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** dashd's JSON-RPC, an http or https URL. A user and password in it are not used: callers have to know them. */
  readonly dashd: string;
  /** The `Authorization` header that the relay itself presents to dashd: a caller that presents it is known at once. */
  readonly ownAuthorization?: (() => string | undefined) | undefined;
  readonly limits?: Partial<RpcProxyLimits> | undefined;
}

export interface RpcProxyLimits {
  /** A larger body is passed on without a look into it. A block of 2 MB is 4 MB of hex. */
  readonly bodyBytes: number;
  /**
   * Of all requests together that are in memory, bytes: so much for callers that dashd has accepted before, and as much for all others.
   * What comes beyond is passed on without a look into it.
   */
  readonly memoryBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** How long a caller may take to send a request, milliseconds. */
  readonly requestMs: number;
  /** Who has closed its side may still hear an answer that comes this soon; beyond, it has gone, milliseconds. */
  readonly lingerMs: number;
  /** So long dashd's word on a block is waited for, milliseconds; its answer may take as long as it likes. */
  readonly submitResultMs: number;
  /** So long calls other than that may go on when the proxy is closed, milliseconds. */
  readonly graceMs: number;
}

export interface RpcProxyHandlers {
  /**
   * A block that a caller submits whom dashd has accepted: with an earlier request, and then this is called before dashd gets this one,
   * in the turn in which its last byte came; or with its answer to this request. Must not throw.
   */
  block(block: SubmittedBlock): HandledBlock;
  state(state: 'up' | 'down', detail: string): void;
  /** Something is amiss. Told at most once a minute of all that callers do, and as often of dashd. */
  fault(code: ProxyFaultCode, detail: string): void;
}

export interface RpcProxy {
  /**
   * Takes no more callers, waits for dashd's word on blocks that are under way (as long as `submitResultMs` at most), gives all calls some
   * grace, and hangs up.
   */
  close(): Promise<void>;
}

const LIMITS: RpcProxyLimits = {
  bodyBytes: 8 * 1024 * 1024,
  memoryBytes: 32 * 1024 * 1024,
  connections: 512,
  connectionsPerAddress: 256,
  requestMs: 120_000,
  lingerMs: 5_000,
  submitResultMs: 5_000,
  graceMs: 1_000,
};
/** Longer than dashd's 30 s: who knows those closes a connection before we do. */
const IDLE_MS = 60_000;
const HEADERS_MS = 30_000;
const LATE_REQUESTS_EVERY_MS = 1_000;
/** The place is asked for this often while it is taken, milliseconds. */
const REBIND_MS = 1_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
/** As dashd has it: Core `httpserver.cpp`, MAX_HEADERS_SIZE. */
const MAX_HEAD_BYTES = 8_192;
/** An upload of a caller that dashd knows is cut off for another only if it has been silent for so long, milliseconds. */
const STALLED_MS = 1_000;
/** Connections that are accepted although there are too many: one of them is hung up on at once. */
const CHANGING_SLOTS = 64;

/** Listens until closed; what stands in the way is told, and tried again. */
export function openRpcProxy(options: RpcProxyOptions, handlers: RpcProxyHandlers): RpcProxy {
  const limits = { ...LIMITS, ...options.limits };
  const dashd = new DashdClient(options.dashd);
  const reporter = new ThrottledReporter((code, detail) => handlers.fault(code, detail));
  const words = new Set<Promise<unknown>>();
  const callers = new Callers({
    dashd,
    known: new KnownCallers(undefined, options.ownAuthorization),
    memory: {
      known: new MemoryBudget(limits.memoryBytes, STALLED_MS),
      strangers: new MemoryBudget(limits.memoryBytes, 0),
    },
    limits,
    host: options.host,
    pseudonym: `blockcast-${randomBytes(4).toString('hex')}`,
    block: (block) => handlers.block(block),
    report: (code, detail) => reporter.report(code, detail),
    waiting(word) {
      words.add(word);
      void word.then(() => words.delete(word));
    },
  });
  const server = createProxyServer(limits, callers, reporter);
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

function createProxyServer(limits: RpcProxyLimits, callers: Callers, reporter: ThrottledReporter): Server {
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
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    (request, response) => callers.take(request, response),
  );
  // dashd answers who has closed its side of the connection. Node has this property, but no name for it in its types.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxHeadersCount = MAX_FIELDS;
  server.maxConnections = limits.connections + CHANGING_SLOTS;
  server.on('connection', (socket: Socket) => callers.admit(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [status, code] = CLIENT_FAULTS[error.code ?? ''] ?? MISREAD;
    // Who has said nothing did nothing wrong; an answer to what cannot be read would be taken for one to the request before.
    const isAnswerable = socket.writable && (socket as Socket).bytesRead > 0 && !callers.isAwaiting(socket as Socket);
    if (!isAnswerable || GONE.has(error.code ?? '')) {
      socket.destroy();
      return;
    }
    reporter.report(code, `a caller was turned away with ${status} (${error.code})`);
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
const MISREAD = ['400 Bad Request', 'bad-request'] as const;
const CLIENT_FAULTS: Readonly<Record<string, readonly [status: string, code: ProxyFaultCode]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'slow-request'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'bad-request'],
};
