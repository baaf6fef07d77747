/** All routes of the API: path, description and handler. Besides them only the dashboard's files are served. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { HealthReply, ReadyReply } from '../../contracts/api.js';
import { hash } from '../../contracts/event-fields.js';
import { clientOf } from './access.js';
import { anatomyRoute } from './anatomy-route.js';
import { broadcasterStatus } from './broadcaster-status.js';
import { cached } from './cached.js';
import { clusterRoutes } from './cluster-routes.js';
import { type Refusal, refuse, sendJson } from './errors.js';
import { openApiDocument } from './openapi.js';
import { badParameters, givenHash } from './parameters.js';
import { peerRoutes } from './peer-routes.js';
import { blockReply, blocksReply, statusReply } from './replies.js';
import type { Route, RouteDeps } from './route.js';
import {
  BlockSchema,
  BlocksSchema,
  BroadcasterStatusSchema,
  ErrorSchema,
  EventSchema,
  HealthSchema,
  ReadySchema,
  StatusSchema,
} from './schemas.js';

export function createRoutes(deps: RouteDeps): readonly Route[] {
  const routes: Route[] = [
    ...healthRoutes(deps),
    metricsRoute(deps),
    ...stateRoutes(deps),
    ...peerRoutes(deps),
    ...blockRoutes(deps),
    anatomyRoute(deps),
    ...clusterRoutes(deps),
    eventsRoute(deps),
  ];
  const document: Route = {
    path: '/api/v1/openapi.json',
    operation: {
      id: 'openapi',
      summary: 'This document.',
      replies: { 200: { description: 'OpenAPI 3.1.' } },
    },
    handle: (_request, reply) => sendJson(reply, body),
  };
  routes.push(document);
  const body = Buffer.from(JSON.stringify(openApiDocument(routes, deps.version)));
  return routes;
}

/** Health checks need no authentication, since service managers use them. Clients without access get the state only. */
function healthRoutes({ version, view, status, accessPolicy }: RouteDeps): Route[] {
  const isKnown = async (request: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
    const refusal = await accessPolicy(request, reply);
    // The browser must not ask for a password here.
    reply.removeHeader('www-authenticate');
    return refusal === undefined;
  };
  return [
    {
      path: '/healthz',
      isOpen: true,
      operation: {
        id: 'health',
        summary: 'Whether the process is alive.',
        description: 'Needs no authentication; without access only `status` is sent.',
        replies: { 200: { description: 'Alive.', schema: HealthSchema } },
      },
      async handle(request, reply) {
        const detail = (await isKnown(request, reply)) ? { version, startedAt: view.startedAt } : {};
        return sendJson(reply, JSON.stringify({ status: 'ok', ...detail } satisfies HealthReply));
      },
    },
    {
      path: '/readyz',
      isOpen: true,
      operation: {
        id: 'ready',
        summary: 'Whether a block pushed now would be accepted and delivered to at least one node.',
        description: 'Needs no authentication; without access only `ready` is sent.',
        replies: {
          200: { description: 'Ready; `degraded` lists problems.', schema: ReadySchema },
          503: { description: 'Not ready; `notReady` lists the reasons.', schema: ReadySchema },
        },
      },
      async handle(request, reply) {
        const { ready, ...detail } = status.readiness(view);
        const isAllowed = await isKnown(request, reply);
        return sendJson(
          reply,
          JSON.stringify({ ready, ...(isAllowed && detail) } satisfies ReadyReply),
          ready ? 200 : 503,
        );
      },
    },
  ];
}

function metricsRoute({ metrics }: RouteDeps): Route {
  let underWay: ReturnType<typeof metrics> | undefined;
  return {
    path: '/metrics',
    operation: {
      id: 'metrics',
      summary: "The relay's metrics, for Prometheus.",
      replies: { 200: { description: "Prometheus's text format.", type: 'text/plain' } },
    },
    async handle(_request, reply) {
      underWay ??= metrics().finally(() => {
        underWay = undefined;
      });
      const { contentType, text } = await underWay;
      return reply.header('cache-control', 'no-store').type(contentType).send(text);
    },
  };
}

function stateRoutes({ view, status, version, clock, freshMs }: RouteDeps): Route[] {
  const rules = { clock, freshMs, revision: () => status.revision };
  const statusBody = cached(() => statusReply(view, status, version, clock.now()), rules);
  const p2poolBody = cached(
    () => broadcasterStatus(view, status.readiness(view), status.tallies(), clock.now()),
    rules,
  );
  return [
    {
      path: '/api/v1/status',
      operation: {
        id: 'status',
        summary: 'State of the relay, its peers and the services it depends on.',
        replies: { 200: { description: 'The state.', schema: StatusSchema } },
      },
      handle: (_request, reply) => sendJson(reply, statusBody()),
    },
    {
      path: '/broadcaster_status',
      operation: {
        id: 'broadcasterStatus',
        summary: "The data of p2pool-dash's status page.",
        replies: { 200: { description: 'In the format of p2pool-dash.', schema: BroadcasterStatusSchema } },
      },
      handle: (_request, reply) => sendJson(reply, p2poolBody()),
    },
  ];
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

const limit = z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT);

const BlocksQuery = z.strictObject({
  limit: z
    .string({ error: `give one whole number from 1 to ${MAX_LIMIT}` })
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN))
    .refine((value) => value >= 1 && value <= MAX_LIMIT, { error: `give a whole number from 1 to ${MAX_LIMIT}` })
    .default(DEFAULT_LIMIT),
  after: givenHash.exactOptional(),
});

function blockRoutes({ view, status }: RouteDeps): Route[] {
  const badRequest = { description: 'A parameter is wrong; the error names it.', schema: ErrorSchema };
  return [
    {
      path: '/api/v1/blocks',
      operation: {
        id: 'blocks',
        summary: "The pool's blocks, newest first, without the results per peer.",
        parameters: [
          { name: 'limit', in: 'query', schema: limit },
          { name: 'after', in: 'query', schema: hash },
        ],
        replies: { 200: { description: 'A page of blocks.', schema: BlocksSchema }, 400: badRequest },
      },
      handle(request, reply) {
        const query = BlocksQuery.safeParse(request.query);
        if (!query.success) return refuse(reply, badParameters(query.error));
        const { limit: wanted, after } = query.data;
        if (after !== undefined && view.history.get(after) === undefined) return refuse(reply, UNKNOWN_AFTER);
        return sendJson(reply, JSON.stringify(blocksReply(view, wanted, after)));
      },
    },
    {
      path: '/api/v1/blocks/:hash',
      operation: {
        id: 'block',
        summary: 'A block of the pool with the results per peer.',
        parameters: [{ name: 'hash', in: 'path', schema: hash }],
        replies: {
          200: { description: 'The block.', schema: BlockSchema },
          400: badRequest,
          404: { description: 'The history has no such block.', schema: ErrorSchema },
        },
      },
      handle(request, reply) {
        const params = z.object({ hash: givenHash }).safeParse(request.params);
        if (!params.success) return refuse(reply, badParameters(params.error));
        const record = view.history.get(params.data.hash);
        if (record === undefined) return refuse(reply, UNKNOWN_BLOCK);
        return sendJson(reply, JSON.stringify(blockReply(record, status)));
      },
    },
  ];
}

const UNKNOWN_BLOCK: Refusal = {
  status: 404,
  error: 'unknown block',
  remedy: 'It was not pushed to this relay, or history.maxBlocks newer blocks have replaced it.',
};
const UNKNOWN_AFTER: Refusal = {
  status: 400,
  error: 'after: unknown block',
  remedy: 'Start again without `after`.',
};

function eventsRoute({ stream }: RouteDeps): Route {
  return {
    path: '/api/v1/events',
    operation: {
      id: 'events',
      summary: 'The events of the relay, as they happen.',
      description: [
        'Server-sent events: each message is one event as JSON.',
        'A client that reconnects with `Last-Event-ID` gets the events it missed;',
        'when they are no longer kept it gets an event named `reset`, and must fetch everything else again.',
      ].join(' '),
      parameters: [{ name: 'Last-Event-ID', in: 'header', schema: z.string() }],
      replies: {
        200: { description: 'An endless stream.', schema: EventSchema, type: 'text/event-stream' },
        429: { description: 'Too many streams are open from this address.', schema: ErrorSchema },
        503: { description: 'Too many streams are open.', schema: ErrorSchema },
      },
    },
    handle(request, reply) {
      if (request.method === 'HEAD') return reply.headers(STREAM_HEADERS).send();
      const client = clientOf(request.ip);
      const room = stream.hasRoomFor(client);
      if (room !== 'yes') return refuse(reply, room === 'full' ? TOO_MANY_STREAMS : TOO_MANY_STREAMS_OF_VISITOR);
      const after = request.headers['last-event-id'];
      for (const [name, value] of Object.entries(STREAM_HEADERS)) reply.raw.setHeader(name, value);
      reply.hijack();
      stream.open(reply.raw, client, typeof after === 'string' ? after : after?.[0]);
      return reply;
    },
  };
}

/** `x-accel-buffering` stops nginx from buffering the events. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

const TOO_MANY_STREAMS_OF_VISITOR: Refusal = {
  status: 429,
  error: 'too many event streams are open from your address',
  remedy: 'Close unused dashboards; behind a reverse proxy, have it set X-Forwarded-For.',
  headers: { 'retry-after': '10' },
};
const TOO_MANY_STREAMS: Refusal = {
  status: 503,
  error: 'too many event streams are open',
  remedy: 'Close unused dashboards.',
  headers: { 'retry-after': '10' },
};
