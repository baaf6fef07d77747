/** What a route of the API is, and what routes are made from. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RelayView } from '../../contracts/view.js';
import type { Clock } from '../../time.js';
import type { Status } from '../status.js';
import type { AccessPolicy } from './access.js';
import type { EventStream } from './events.js';
import type { Described } from './openapi.js';

export interface Route extends Described {
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

export interface RouteDeps {
  readonly version: string;
  readonly view: RelayView;
  readonly status: Status;
  readonly stream: EventStream;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly accessPolicy: AccessPolicy;
  readonly clock: Clock;
  readonly freshMs: number;
}
