/** The peers: all of them, or one. */
import { z } from 'zod';
import type { PeersReply } from '../../contracts/api.js';
import { peer } from '../../contracts/event-fields.js';
import type { PeerView } from '../../contracts/view.js';
import { cached } from './cached.js';
import { type Refusal, refuse, sendJson } from './errors.js';
import { badParameters } from './parameters.js';
import type { Route, RouteDeps } from './route.js';
import { ErrorSchema, PeerSchema, PeersSchema } from './schemas.js';

const PeersQuery = z.strictObject({ terms: z.enum(['true', 'false']).default('true') });

export function peerRoutes({ view, status, clock, freshMs }: RouteDeps): Route[] {
  const rules = { clock, freshMs, revision: () => status.revision };
  const whole = cached((): PeersReply => ({ peers: view.peers() }), rules);
  const short = cached((): PeersReply => ({ peers: view.peers().map(withoutTerms) }), rules);
  return [
    {
      path: '/api/v1/peers',
      operation: {
        id: 'peers',
        summary: 'Peers that are connected or being connected, with their scores.',
        parameters: [{ name: 'terms', in: 'query', schema: PeersQuery.shape.terms }],
        replies: {
          200: { description: "The pool's own dashd first, then the others by descending score.", schema: PeersSchema },
          400: { description: 'A parameter is wrong; the error names it.', schema: ErrorSchema },
        },
      },
      handle(request, reply) {
        const query = PeersQuery.safeParse(request.query);
        if (!query.success) return refuse(reply, badParameters(query.error));
        return sendJson(reply, query.data.terms === 'true' ? whole() : short());
      },
    },
    {
      path: '/api/v1/peers/:peer',
      operation: {
        id: 'peer',
        summary: 'A peer that is connected or being connected, with the terms of its score.',
        parameters: [{ name: 'peer', in: 'path', schema: peer }],
        replies: {
          200: { description: 'The peer.', schema: PeerSchema },
          404: { description: 'No such peer is connected or being connected.', schema: ErrorSchema },
        },
      },
      handle(request, reply) {
        const { peer: name } = z.object({ peer: z.string() }).parse(request.params);
        const found = view.peer(name);
        return found === undefined ? refuse(reply, UNKNOWN_PEER) : sendJson(reply, JSON.stringify(found));
      },
    },
  ];
}

/** The terms are half of a reply that may have 1,350 peers. */
function withoutTerms(view: PeerView): PeerView {
  return { ...view, score: { total: view.score.total, terms: [] } };
}

const UNKNOWN_PEER: Refusal = {
  status: 404,
  error: 'unknown peer',
  remedy: 'Give host:port as /api/v1/peers lists it: peers that are connected or being connected.',
};
