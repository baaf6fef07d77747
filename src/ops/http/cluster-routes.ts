/** The relays of a cluster as one: their state and blocks, and the race of one block at the peers of all. */
import { z } from 'zod';
import type { ClusterRaceReply, ClusterReply } from '../../contracts/api.js';
import { hash } from '../../contracts/event-fields.js';
import { cached } from './cached.js';
import { ClusterRaceSchema, ClusterSchema } from './cluster-schemas.js';
import { type Refusal, refuse, sendJson } from './errors.js';
import type { Route, RouteDeps } from './route.js';
import { ErrorSchema } from './schemas.js';

const MAX_BLOCKS = 50;

/** None where the relay works alone. */
export function clusterRoutes({ view: { cluster }, status, clock, freshMs }: RouteDeps): Route[] {
  if (cluster === undefined) return [];
  const body = cached(
    (): ClusterReply => ({
      name: cluster.name,
      relay: cluster.relay,
      ...cluster.report(),
      blocks: cluster.blocks(MAX_BLOCKS),
    }),
    { clock, freshMs, revision: () => status.revision },
  );
  return [
    {
      path: '/api/v1/cluster',
      operation: {
        id: 'cluster',
        summary: 'The relays of the cluster, and the last blocks as all of them together delivered them, newest first.',
        replies: { 200: { description: 'The cluster.', schema: ClusterSchema } },
      },
      handle: (_request, reply) => sendJson(reply, body()),
    },
    {
      path: '/api/v1/cluster/blocks/:hash',
      operation: {
        id: 'clusterBlock',
        summary: 'The race of a block at the peers of all relays: each peer once.',
        parameters: [{ name: 'hash', in: 'path', schema: hash }],
        replies: {
          200: { description: 'The first to have it come first.', schema: ClusterRaceSchema },
          404: { description: 'No relay has a record of the block.', schema: ErrorSchema },
        },
      },
      handle(request, reply) {
        const { hash: wanted } = z.object({ hash: z.string().toLowerCase() }).parse(request.params);
        const race = cluster.race(wanted);
        if (race === undefined) return refuse(reply, NO_RECORD);
        return sendJson(reply, JSON.stringify({ hash: wanted, race } satisfies ClusterRaceReply));
      },
    },
  ];
}

const NO_RECORD: Refusal = {
  status: 404,
  error: 'unknown block',
  remedy: 'No relay of the cluster has a record of it, or 200 newer blocks have replaced it.',
};
