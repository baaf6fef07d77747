/**
 * The HTTP service: the dashboard, the API, the metrics and the health checks. Read-only, and nothing waits for it: a relay runs as
 * well without.
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
import type { Clock } from '../../time.js';
import type { Status } from '../status.js';
import { createDoorman, type Doorman, matcher, visitorOf } from './access.js';
import { type HttpFault, handleErrors, NOT_FOUND, type Refusal, refusalOf, refuse } from './errors.js';
import { EventStream } from './events.js';
import { type HttpLimits, LIMITS } from './limits.js';
import { createRoutes } from './routes.js';
import { createGuardedServer } from './server.js';
import { VisitorCount } from './visitor-count.js';

export type { HttpFault } from './errors.js';

export interface HttpDeps {
  readonly version: string;
  readonly view: RelayView;
  /** Fed by the caller. */
  readonly status: Status;
  readonly events$: { subscribe(next: (event: RelayEvent) => void): { unsubscribe(): void } };
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** The folder of the built dashboard. Without one the rest is served. */
  readonly assets: string;
  readonly clock: Clock;
  /** Told of mistakes of ours, at most once a minute. */
  readonly onFault?: (fault: HttpFault) => void;
  /** How many listen to the event stream now. */
  readonly onClients?: (count: number) => void;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpService {
  /** Where a browser on this machine finds it. */
  readonly url: string;
  /** Takes no more requests, ends the streams of events, and gives what is under way a moment. */
  close(): Promise<void>;
}

export type HttpOpened = ({ readonly ok: true } & HttpService) | ({ readonly ok: false } & HttpFault);

/** Opens the pages. That the address cannot be had is a fault, with a remedy in its words; never rejects for that. */
export async function createHttp(config: HttpConfig, deps: HttpDeps): Promise<HttpOpened> {
  const limits = { ...LIMITS, ...deps.limits };
  const { view, clock, onFault = () => undefined } = deps;
  const app = fastify({
    serverFactory: (handler) => createGuardedServer(handler, limits.connections, matcher(config.reverseProxies)),
    trustProxy: config.reverseProxies.length > 0 ? [...config.reverseProxies] : false,
    // Of a path that cannot be read, and the like.
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
  const doorman = await createDoorman(app, config, limits.failures, clock);
  const routes = createRoutes({ ...deps, stream, doorman, freshMs: limits.freshMs });
  const open = new Set(routes.filter(({ isOpen }) => isOpen).map(({ path }) => path));
  guard(app, doorman, limits, open, clock);
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
    const impatience = setTimeout(() => app.server.closeAllConnections(), limits.closeMs);
    await app.close();
    clearTimeout(impatience);
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

/** What is neither said nor allowed cannot be misused. Nothing that only makes sense over TLS: whether there is any, the proxy in front knows. */
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
  // Browsers ignore these on plain HTTP, and complain on their console.
  crossOriginOpenerPolicy: false as const,
  originAgentCluster: false as const,
};

/** @param open paths that everybody may ask for, however often: a relay that others keep busy must not pass for dead */
function guard(
  app: FastifyInstance,
  doorman: Doorman,
  { requests, refusalMs }: HttpLimits,
  open: ReadonlySet<string>,
  clock: Clock,
): void {
  const count = new VisitorCount(requests, clock);
  const refusal = async (request: FastifyRequest): Promise<Refusal | undefined> => {
    if (isForeign(request)) return FOREIGN;
    const isOpen = open.has(request.routeOptions.url ?? '');
    const visitor = visitorOf(request.ip);
    const waitSeconds = isOpen ? 0 : count.waitSeconds(visitor);
    if (waitSeconds > 0) {
      // Who asks again as soon as there is an answer is given one a little later: it costs us nothing, and a flood nearly all its force.
      await pause(refusalMs);
      return tooMany(waitSeconds);
    }
    if (!isOpen) count.add(visitor);
    return request.method === 'GET' || request.method === 'HEAD' ? undefined : READ_ONLY;
  };
  app.addHook('onRequest', async (request, reply) => {
    // What nobody reads would have to be taken in, to the end, before the next request.
    if (hasBody(request)) reply.header('connection', 'close');
    const isOpen = open.has(request.routeOptions.url ?? '');
    const refused = (await refusal(request)) ?? (isOpen ? undefined : await doorman(request, reply));
    return refused && refuse(reply, refused);
  });
}

/** From a page of somebody else's, other than by a link to ours: it could read nothing, but should not use up our visitors' requests either. */
function isForeign({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

const FOREIGN: Refusal = { status: 403, error: 'not for the pages of others' };
const READ_ONLY: Refusal = {
  status: 405,
  error: 'there is nothing to be changed here',
  remedy: 'Use GET.',
  headers: { allow: 'GET, HEAD' },
};

function tooMany(seconds: number): Refusal {
  const headers = { 'retry-after': String(seconds) };
  return { status: 429, error: 'too many requests', remedy: `Wait ${seconds} seconds.`, headers };
}

/** Names with a digest in them never mean anything else; the others are asked for anew each time, and are rarely sent twice. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;
const NOT_BUILT: Refusal = { ...NOT_FOUND, error: 'the dashboard was not built', remedy: 'Run npm run build.' };

/** Only files that are there now have a route: no path leads anywhere else. */
async function servePage(app: FastifyInstance, assets: string): Promise<void> {
  if (!existsSync(join(assets, 'index.html'))) {
    app.get('/', async (_request, reply) => refuse(reply, NOT_BUILT));
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
  EADDRINUSE: 'another program listens there: end it, or set http.port to another port',
  EACCES: 'this user may not listen there: set http.port to 1024 or more',
  EADDRNOTAVAIL: 'this machine has no such address: set http.host to one that it has',
  ENOTFOUND: 'this name has no address: set http.host to an address of this machine',
};

/** @throws what is no fault of the address, but a mistake of ours */
function bindFault(error: unknown, config: HttpConfig): HttpFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isListening = error instanceof Error && 'syscall' in error;
  if (!isListening) throw error;
  const remedy = REMEDIES[code] ?? 'check http.host and http.port';
  return { code, detail: `the pages cannot be served at ${formatHostPort(config)}: ${remedy}` };
}
