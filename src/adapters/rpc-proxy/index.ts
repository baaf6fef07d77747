/**
 * A reverse proxy for dashd's JSON-RPC: forwards requests and answers unchanged, dashd's `401` included. The block of a `submitblock` is
 * also passed to a handler, just before dashd gets the request.
 *
 * Requests do not wait for those of other callers: each has its own connection to dashd, so a long poll (`getblocktemplate` with
 * `longpollid`) delays nobody and has no time limit. Pipelined requests of one connection are processed in order, as dashd does.
 *
 * This file is the only entry of the folder. A caller connection is a slot in `connection-slots.ts`; each request is a `ProxiedRequest`;
 * `json-rpc-calls.ts` finds blocks in its body. Memory is bounded by `limits`, the event loop by the bounds of the JSON reader (20 ms).
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fill } from '../../messages/fill.js';
import { PROXY } from '../../messages/proxy.js';
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
  /** dashd's JSON-RPC, an http or https URL. A user and password in it are not used: callers send their own. */
  readonly dashd: string;
  /** The `Authorization` header that the relay sends to dashd: a caller with the same one is known from the start. */
  readonly ownAuthorization?: (() => string | undefined) | undefined;
  readonly limits?: Partial<RpcProxyLimits> | undefined;
}

export interface RpcProxyLimits {
  /** Larger bodies are forwarded without being inspected. A block of 2 MB is 4 MB of hex. */
  readonly bodyBytes: number;
  /**
   * Memory for requests, bytes: this much for callers that dashd has accepted before, and the same for all others. Requests beyond it are
   * forwarded without being inspected.
   */
  readonly memoryBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Time limit for receiving a request, milliseconds. */
  readonly requestMs: number;
  /** A caller that has half-closed its connection gets an answer within this time; then the connection is closed, milliseconds. */
  readonly lingerMs: number;
  /** Time limit for the result of a submission, milliseconds; the answer to the caller has none. */
  readonly submitResultMs: number;
  /** Time for other calls to finish when the proxy is closed, milliseconds. */
  readonly graceMs: number;
}

export interface RpcProxyHandlers {
  /**
   * Called with each block submitted by a caller that dashd has accepted. If dashd accepted an earlier request, the call comes before dashd
   * gets this one, in the turn of the event loop in which its last byte arrived; otherwise it comes with dashd's answer. Must not throw.
   */
  block(block: SubmittedBlock): HandledBlock;
  state(state: 'up' | 'down', detail: string): void;
  /** Reports a fault: at most once per minute for faults of callers, and the same for faults of dashd. */
  fault(code: ProxyFaultCode, detail: string): void;
}

export interface RpcProxy {
  /**
   * Accepts no more callers, waits for the results of pending submissions (at most `submitResultMs`) and up to `graceMs` for other calls,
   * then closes all connections.
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
/** Longer than dashd's 30 s, so that clients that expect those close the connection first. */
const IDLE_MS = 60_000;
const HEADERS_MS = 30_000;
const LATE_REQUESTS_EVERY_MS = 1_000;
/** Interval of the attempts to bind while the port is taken, milliseconds. */
const REBIND_MS = 1_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
/** dashd's limit. Source: Core `httpserver.cpp`, MAX_HEADERS_SIZE. */
const MAX_HEAD_BYTES = 8_192;
/** The upload of a known caller may be dropped for another one only after this time without data, milliseconds. */
const STALLED_MS = 1_000;
/** Connections accepted beyond the limit: for each of them another one is closed at once. */
const CHANGING_SLOTS = 64;

/** Listens until closed; reports a failed bind and retries. */
export function openRpcProxy(options: RpcProxyOptions, handlers: RpcProxyHandlers): RpcProxy {
  const limits = { ...LIMITS, ...options.limits };
  const dashd = new DashdClient(options.dashd);
  const reporter = new ThrottledReporter((code, detail) => handlers.fault(code, detail));
  const results = new Set<Promise<unknown>>();
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
    waiting(result) {
      results.add(result);
      void result.then(() => results.delete(result));
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
      await Promise.all(results);
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

/** @returns true when the server listens, false when it was closed before */
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
      server.on('error', (error) =>
        handlers.state('down', fill(PROXY.failed, { host, port, error: errorCode(error) })),
      );
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      handlers.state('up', fill(PROXY.listening, { host, port: bound }));
      return true;
    } catch (error) {
      const remedy = PROXY.remedy;
      if (!complained)
        handlers.state('down', fill(PROXY['cannot-listen'], { host, port, error: errorCode(error), remedy }));
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
      // As lenient as dashd: lines that end in a bare LF, and requests without Host.
      insecureHTTPParser: true,
      requireHostHeader: false,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    (request, response) => callers.take(request, response),
  );
  // dashd answers half-closed connections. Node's server has this property, but its types do not.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxHeadersCount = MAX_FIELDS;
  server.maxConnections = limits.connections + CHANGING_SLOTS;
  server.on('connection', (socket: Socket) => callers.admit(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [status, code] = CLIENT_FAULTS[error.code ?? ''] ?? MISREAD;
    // No answer to a caller that sent nothing, nor while an earlier request awaits its answer: it would be taken for that answer.
    const isAnswerable = socket.writable && (socket as Socket).bytesRead > 0 && !callers.isAwaiting(socket as Socket);
    if (!isAnswerable || GONE.has(error.code ?? '')) {
      socket.destroy();
      return;
    }
    reporter.report(code, fill(PROXY['client-error'], { status, code: error.code }));
    socket.end(closingReply(status));
  });
  // Node would answer by itself, out of order, and keep the connection.
  server.on('checkExpectation', (request, response) => callers.take(request, response));
  // The proxy leads to dashd only.
  server.on('connect', (_request, socket: Duplex) => socket.end(closingReply('501 Not Implemented')));
  return server;
}

function closingReply(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** A caller that disconnects in the middle of a request. */
const GONE: ReadonlySet<string> = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE']);
const MISREAD = ['400 Bad Request', 'bad-request'] as const;
const CLIENT_FAULTS: Readonly<Record<string, readonly [status: string, code: ProxyFaultCode]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'slow-request'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'bad-request'],
};
