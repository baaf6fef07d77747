/** The proxy's own error replies, in the form of dashd's, for requests that dashd did not answer. */
import type { ServerResponse } from 'node:http';
import type { Call, Calls } from './json-rpc-calls.js';

/** JSON-RPC's internal error: dashd has no code for an unreachable dashd. */
const INTERNAL_ERROR = -32603;

/**
 * An error for each call, with its id: an array for a batch, otherwise one object.
 * @param detailOf the message for the call at an index
 */
export function errorBody(calls: Calls, detailOf: (index: number) => string): string {
  const one = ({ id }: Pick<Call, 'id'>, index: number) =>
    `{"result":null,"error":${JSON.stringify({ code: INTERNAL_ERROR, message: detailOf(index) })},"id":${id}}`;
  if (calls.kind !== 'calls') return `${one({ id: 'null' }, 0)}\n`;
  const answers = calls.calls.map(one);
  return calls.isBatch ? `[${answers.join(',')}]\n` : `${answers[0]}\n`;
}

/** Sends an error reply, unless an answer has begun or the caller has disconnected. */
export function answerError(response: ServerResponse, status: number, body: string, mayStay = true): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...(mayStay ? [] : ['Connection', 'close']),
  ]);
  response.end(body);
}
