/** What the proxy says itself, where dashd cannot be heard: in dashd's own shape, so that its callers can read it. */
import type { ServerResponse } from 'node:http';
import type { Call, Calls } from './json-rpc-calls.js';

/** JSON-RPC's internal error. dashd has none of its own for "there is no dashd", and callers take any code for a failure. */
const INTERNAL_ERROR = -32603;

/**
 * An error for each call, with its id, as dashd would answer: an array for a batch, one object otherwise.
 * @param detailOf what to say of the call at an index
 */
export function errorBody(calls: Calls, detailOf: (index: number) => string): string {
  const one = ({ id }: Pick<Call, 'id'>, index: number) =>
    `{"result":null,"error":${JSON.stringify({ code: INTERNAL_ERROR, message: detailOf(index) })},"id":${id}}`;
  if (calls.kind !== 'calls') return `${one({ id: 'null' }, 0)}\n`;
  const answers = calls.calls.map(one);
  return calls.isBatch ? `[${answers.join(',')}]\n` : `${answers[0]}\n`;
}

/** Does nothing where an answer has begun, or nobody is there to hear it. */
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
