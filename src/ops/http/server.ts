/** An HTTP server with bounded connections, in total and per address, and with timeouts for idle and slow ones. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { clientOf } from './access.js';
import { handleClientErrors } from './errors.js';
import type { HttpLimits } from './limits.js';

/** How often Node checks for slow requests, milliseconds. */
const CHECK_MS = 1_000;
const MAX_HEADERS = 100;

/** @param isProxy selects reverse proxies, which many clients share: they are exempt from the limit per address */
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
      // TCP keep-alive: an event stream would not notice a client that has vanished.
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
    const client = clientOf(address);
    const count = (perAddress.get(client) ?? 0) + 1;
    if (count > limits.maxPerAddress) {
      socket.destroy();
      return;
    }
    perAddress.set(client, count);
    socket.on('close', () => {
      const left = (perAddress.get(client) ?? 1) - 1;
      if (left === 0) perAddress.delete(client);
      else perAddress.set(client, left);
    });
  });
  return server;
}

/**
 * Beyond `max` connections, closes the one that has been idle longest: clients that only hold connections, from whatever number of
 * addresses, cannot block the health checks.
 */
function boundConnections(server: Server, max: number): void {
  const open = new Set<Socket>();
  /** Connections without a request under way, the longest idle first. */
  const idle = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      idle.delete(socket);
    });
    if (open.size <= max) return;
    // The new connection itself when all others are busy.
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

/** Whether the address is free to listen on. */
export function canListen({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createTcpServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
