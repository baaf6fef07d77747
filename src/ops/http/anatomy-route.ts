/** What a block is made of. */
import { z } from 'zod';
import type { AnatomyReply } from '../../contracts/api.js';
import { hash } from '../../contracts/event-fields.js';
import { fillLine } from '../../messages/fill.js';
import { ANATOMY_REPLIES } from '../../messages/http.js';
import { AnatomySchema } from './anatomy-schema.js';
import { type Refusal, refuse, sendJson } from './errors.js';
import { badParameters, givenHash } from './parameters.js';
import type { Route, RouteDeps } from './route.js';
import { ErrorSchema } from './schemas.js';

export function anatomyRoute({ view }: Pick<RouteDeps, 'view'>): Route {
  return {
    path: '/api/v1/blocks/:hash/anatomy',
    operation: {
      id: 'anatomy',
      summary: 'What a block of the pool is made of: its coinbase, its transactions by type, their sizes and fees.',
      description:
        'Read from the bytes of the block when it is first asked for. What is newer than the library that reads it is counted as such.',
      parameters: [{ name: 'hash', in: 'path', schema: hash }],
      replies: {
        200: { description: 'The anatomy.', schema: AnatomySchema },
        400: { description: 'The hash is wrong.', schema: ErrorSchema },
        404: {
          description: 'The history has no such block, its bytes are gone, or the setting is off.',
          schema: ErrorSchema,
        },
        503: { description: 'It cannot be read now.', schema: ErrorSchema },
      },
    },
    async handle(request, reply) {
      const params = z.object({ hash: givenHash }).safeParse(request.params);
      if (!params.success) return refuse(reply, badParameters(params.error));
      if (view.anatomy === undefined) return refuse(reply, refusalOf('off'));
      const answer = await view.anatomy(params.data.hash);
      if (answer.ok) return sendJson(reply, JSON.stringify(answer.anatomy satisfies AnatomyReply));
      return refuse(reply, refusalOf(answer.code, answer.reason));
    },
  };
}

/** Seconds after which it may be asked again. */
const RETRY_AFTER = '5';

function refusalOf(code: keyof typeof ANATOMY_REPLIES, reason?: string): Refusal {
  const { status, error, remedy } = ANATOMY_REPLIES[code];
  const headers = status === 503 ? { headers: { 'retry-after': RETRY_AFTER } } : {};
  return { status, error: fillLine({ text: error }, { reason }), remedy, ...headers };
}
