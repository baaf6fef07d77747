/**
 * The HTTP service: dashboard, API, metrics and health checks. Read-only; the relay works without it and never waits for it.
 *
 * Each request passes, in this order: cross-site check, rate limit per client, method, access policy. Limits are in `limits.ts`.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { connectableHost } from '../../address/host.js';
import { formatHostPort } from '../../address/host-port.js';
import type { HttpConfig } from '../../config/config.js';
import type { RelayEvent } from '../../contracts/events.js';
import type { RelayView } from '../../contracts/view.js';
import { fill } from '../../messages/fill.js';
import { HTTP, REPLIES } from '../../messages/http.js';
import type { Clock } from '../../time.js';
import type { Status } from '../status.js';
import { type AccessPolicy, clientOf, createAccessPolicy, matcher } from './access.js';
import { ClientLimit } from './client-limit.js';
import { type HttpFault, handleErrors, type Refusal, refusalOf, refuse, waiting } from './errors.js';
import { EventStream } from './events.js';
import { type HttpLimits, LIMITS } from './limits.js';
import { createRoutes } from './routes.js';
import { createGuardedServer } from './server.js';

export type { HttpFault } from './errors.js';

export interface HttpDeps {
  readonly version: string;
  readonly view: RelayView;
  /** Updated by the caller. */
  readonly status: Status;
  readonly events$: { subscribe(next: (event: RelayEvent) => void): { unsubscribe(): void } };
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** The folder of the built dashboard. When it is missing, everything else is served. */
  readonly assets: string;
  readonly clock: Clock;
  /** Called for internal errors, at most once a minute. */
  readonly onFault?: (fault: HttpFault) => void;
  /** Called with the number of clients of the event stream. */
  readonly onClients?: (count: number) => void;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpService {
  /** The URL for a browser on this machine. */
  readonly url: string;
  /** Stops accepting requests, ends the event streams, and waits `closeMs` for requests under way. */
  close(): Promise<void>;
}

export type HttpOpened = ({ readonly ok: true } & HttpService) | ({ readonly ok: false } & HttpFault);

/** Starts the service. A failed bind is returned as a fault with a remedy, not thrown. */
export async function createHttp(config: HttpConfig, deps: HttpDeps): Promise<HttpOpened> {
  const limits = { ...LIMITS, ...deps.limits };
  const { view, clock, onFault = () => undefined } = deps;
  const app = fastify({
    serverFactory: (handler) => createGuardedServer(handler, limits.connections, matcher(config.reverseProxies)),
    trustProxy: config.reverseProxies.length > 0 ? [...config.reverseProxies] : false,
    // For undecodable paths and the like.
    frameworkErrors: (error, _request, reply) => {
      void refuse(reply, { ...refusalOf(error), headers: { 'x-content-type-options': 'nosniff' } });
    },
  });
  const stream = new EventStream({
    run: Math.floor(view.startedAt).toString(36),
    limits: limits.events,
    onClients: deps.onClients,
  });
  await app.register(helmet, HEADERS);
  const accessPolicy = await createAccessPolicy(app, config, limits.failures, clock);
  const routes = createRoutes({ ...deps, stream, accessPolicy, freshMs: limits.freshMs });
  const open = new Set(routes.filter(({ isOpen }) => isOpen).map(({ path }) => path));
  guard(app, accessPolicy, limits, open, clock);
  handleErrors(app, clock, onFault);
  for (const { path, handle } of routes) app.get(path, async (request, reply) => handle(request, reply));
  await servePage(app, deps.assets);

  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    stream.close();
    await app.close();
    return { ok: false, ...bindFault(error, config) };
  }
  const subscription = deps.events$.subscribe((event) => stream.push(event));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    subscription.unsubscribe();
    stream.close();
    const deadline = setTimeout(() => app.server.closeAllConnections(), limits.closeMs);
    await app.close();
    clearTimeout(deadline);
  };
  return {
    ok: true,
    url: addressOf(app, config),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Deny by default. Headers that only make sense over TLS are left to the reverse proxy. */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' as const },
  referrerPolicy: { policy: 'no-referrer' as const },
  crossOriginResourcePolicy: { policy: 'same-origin' as const },
  strictTransportSecurity: false as const,
  // Browsers ignore these on plain HTTP and log a warning.
  crossOriginOpenerPolicy: false as const,
  originAgentCluster: false as const,
};

/** @param open paths without authentication and rate limit: the health checks must work while others flood the service */
function guard(
  app: FastifyInstance,
  accessPolicy: AccessPolicy,
  { requests, refusalMs }: HttpLimits,
  open: ReadonlySet<string>,
  clock: Clock,
): void {
  const count = new ClientLimit(requests, clock);
  const refusal = async (request: FastifyRequest): Promise<Refusal | undefined> => {
    if (isCrossSite(request)) return REPLIES['cross-site'];
    const isOpen = open.has(request.routeOptions.url ?? '');
    const client = clientOf(request.ip);
    const waitSeconds = isOpen ? 0 : count.waitSeconds(client);
    if (waitSeconds > 0) {
      // Delaying the reply costs nothing, and slows down a client that repeats its request at once.
      await pause(refusalMs);
      return waiting('too-many-requests', waitSeconds);
    }
    if (!isOpen) count.add(client);
    return request.method === 'GET' || request.method === 'HEAD' ? undefined : READ_ONLY;
  };
  app.addHook('onRequest', async (request, reply) => {
    // A body is never read: closing the connection avoids receiving it.
    if (hasBody(request)) reply.header('connection', 'close');
    const isOpen = open.has(request.routeOptions.url ?? '');
    const refused = (await refusal(request)) ?? (isOpen ? undefined : await accessPolicy(request, reply));
    return refused && refuse(reply, refused);
  });
}

/** A request from a page of another site, except for following a link. It could read nothing, but would use up the client's request limit. */
function isCrossSite({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

const READ_ONLY: Refusal = { ...REPLIES['method-not-allowed'], headers: { allow: 'GET, HEAD' } };

/** Files with a digest in their name never change and are cached; the others are revalidated. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;

/** Routes exist only for the files that are there at the start, so that no path can leave the folder. */
async function servePage(app: FastifyInstance, assets: string): Promise<void> {
  if (!existsSync(join(assets, 'index.html'))) {
    app.get('/', async (_request, reply) => refuse(reply, REPLIES['not-built']));
    return;
  }
  await app.register(fastifyStatic, {
    root: assets,
    prefix: '/assets/',
    wildcard: false,
    index: false,
    dotfiles: 'ignore',
    globIgnore: ['index.html'],
    cacheControl: false,
    preCompressed: true,
    setHeaders(response, path) {
      response.setHeader('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.get('/', async (_request, reply) => reply.sendFile('index.html'));
}

function addressOf(app: FastifyInstance, { host, port }: HttpConfig): string {
  const bound = app.server.address();
  const shown = connectableHost(host);
  return `http://${formatHostPort({ host: shown, port: typeof bound === 'object' ? (bound?.port ?? port) : port })}`;
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: HTTP['port-in-use'],
  EACCES: HTTP['not-permitted'],
  EADDRNOTAVAIL: HTTP['no-such-address'],
  ENOTFOUND: HTTP['no-such-name'],
};

/** @throws errors that are not about the address */
function bindFault(error: unknown, config: HttpConfig): HttpFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isListening = error instanceof Error && 'syscall' in error;
  if (!isListening) throw error;
  const remedy = REMEDIES[code] ?? HTTP.check;
  return { code, detail: fill(HTTP['cannot-listen'], { address: formatHostPort(config), remedy }) };
}
