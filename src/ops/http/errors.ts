/** Error replies: one JSON shape, with a remedy where there is one. They never repeat anything from the request. */

import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { ErrorReply } from '../../contracts/api.js';
import { fill } from '../../messages/fill.js';
import { HTTP, REPLIES } from '../../messages/http.js';
import { type Clock, MINUTE_MS } from '../../time.js';

const JSON_TYPE = 'application/json; charset=utf-8';

export interface HttpFault {
  readonly code: string;
  /** Safe to log. The message of the original error, which may contain anything, is only in `cause`. */
  readonly detail: string;
  readonly cause?: unknown;
}

export interface Refusal extends ErrorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends JSON that must not be cached. @param body JSON */
export function sendJson(reply: FastifyReply, body: string | Buffer, status = 200): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type(JSON_TYPE).send(body);
}

export function refuse(reply: FastifyReply, { status, headers = {}, ...body }: Refusal): FastifyReply {
  return sendJson(reply.headers(headers), JSON.stringify(body), status);
}

/** The reply for an error, without the error's message, which might repeat the request. */
export function refusalOf({ statusCode = 500 }: Partial<FastifyError>): Refusal {
  const status = statusCode >= 400 && statusCode < 500 ? statusCode : 500;
  return { status, error: (STATUS_CODES[status] ?? 'Error').toLowerCase() };
}

/** The reply for a client that has reached a limit, for some seconds. */
export function waiting(reply: 'too-many-requests' | 'too-many-logins', seconds: number): Refusal {
  const headers = { 'retry-after': String(seconds) };
  return { ...REPLIES[reply], remedy: fill(REPLIES[reply].remedy, { seconds }), headers };
}

const FAULT_EVERY_MS = MINUTE_MS;

/** @param onFault called for internal errors, at most once a minute: a client that can cause one could flood the log */
export function handleErrors(app: FastifyInstance, clock: Clock, onFault: (fault: HttpFault) => void): void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  app.setNotFoundHandler((_request, reply) => refuse(reply, REPLIES['not-found']));
  app.setErrorHandler((error: FastifyError, { routeOptions }, reply) => {
    const refusal = refusalOf(error);
    if (refusal.status === 500 && clock.monotonic() - reportedAt >= FAULT_EVERY_MS) {
      reportedAt = clock.monotonic();
      onFault({
        code: 'no-answer',
        detail: fill(HTTP['no-answer'], { route: routeOptions.url, error: error.name }),
        cause: error,
      });
    }
    return refuse(reply, refusal);
  });
}

/** Replies in the same shape to requests that Node's parser or timeouts reject, unless a reply was already started. */
export function handleClientErrors(server: Server): void {
  const busy = new WeakSet<Duplex>();
  server.on('request', ({ socket }: IncomingMessage, response) => {
    busy.add(socket);
    response.on('close', () => busy.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET' || busy.has(socket)) {
      socket.destroy();
      return;
    }
    const status = CLIENT_ERRORS[error.code ?? ''] ?? 400;
    const { error: words } = refusalOf({ statusCode: status });
    const body = JSON.stringify({ error: words } satisfies ErrorReply);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `content-type: ${JSON_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'x-content-type-options: nosniff',
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  });
}

const CLIENT_ERRORS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};
