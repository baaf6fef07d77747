/** A server that strangers cannot exhaust: bounded connections, and none that stays without making progress. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { visitorOf } from './access.js';
import { handleClientErrors } from './errors.js';
import type { HttpLimits } from './limits.js';

/** Node looks for slow requests this often, milliseconds. */
const CHECK_MS = 1_000;
const MAX_HEADERS = 100;

/** @param isProxy addresses from which many visitors come */
export function createGuardedServer(
  onRequest: RequestListener,
  limits: HttpLimits['connections'],
  isProxy: (address: string) => boolean,
): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.maxHead,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headMs),
      // The other side may be gone without a word: a stream of events would never notice.
      keepAlive: true,
    },
    onRequest,
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.maxRequestsPerSocket = limits.maxRequests;
  server.setTimeout(limits.idleMs);
  handleClientErrors(server);
  boundConnections(server, limits.max);

  const perAddress = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isProxy(address)) return;
    const visitor = visitorOf(address);
    const count = (perAddress.get(visitor) ?? 0) + 1;
    if (count > limits.maxPerAddress) {
      socket.destroy();
      return;
    }
    perAddress.set(visitor, count);
    socket.on('close', () => {
      const left = (perAddress.get(visitor) ?? 1) - 1;
      if (left === 0) perAddress.delete(visitor);
      else perAddress.set(visitor, left);
    });
  });
  return server;
}

/**
 * When there are too many connections, the one that has been without a request for the longest makes room: whoever only holds connections, from
 * however many addresses, does not keep the health checks out.
 */
function boundConnections(server: Server, max: number): void {
  const open = new Set<Socket>();
  /** Without a request under way, the longest first. */
  const idle = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      idle.delete(socket);
    });
    if (open.size <= max) return;
    // The newcomer itself where all others are being answered.
    const [leaving = socket] = idle;
    open.delete(leaving);
    idle.delete(leaving);
    leaving.destroy();
  });
  server.prependListener('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (open.has(socket)) idle.add(socket);
    });
  });
}

/** Whether somebody who listens there now would have the address. */
export function canListen({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createTcpServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
