/** The result of a `submitblock`, read from dashd's answer while it is forwarded to the caller. */

import type { IncomingMessage } from 'node:http';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { RPC } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { readAnswer } from '../rpc.js';

/** A complete answer, or why there is none. */
export type Reply =
  | { readonly ok: true; readonly status: number; readonly text: string }
  | Extract<RpcAnswer, { readonly ok: false }>;

/** Limit of an answer: a batch may contain other calls, such as `getblock`. Parsing takes 10 ms. */
const MAX_REPLY_BYTES = 1024 * 1024;

/** Reads an answer beside other readers. If it is the only reader, the caller must resume the stream. */
export function readReply(reply: IncomingMessage, then: (reply: Reply) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isDone = false;
  const done = (heard: Reply): void => {
    if (!isDone) then(heard);
    isDone = true;
  };
  reply.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_REPLY_BYTES) chunks.push(chunk);
  });
  reply.once('end', () => {
    const status = reply.statusCode ?? 0;
    if (size <= MAX_REPLY_BYTES) done({ ok: true, status, text: Buffer.concat(chunks).toString() });
    else done({ ok: false, code: 'too-large', detail: fill(RPC['answer-too-large'], { max: MAX_REPLY_BYTES }) });
  });
  reply.once('close', () => done({ ok: false, code: 'unreachable', detail: RPC['answer-incomplete'] }));
}

/** @param place the index of the call in a batch; undefined for a single call */
export function submitResult(reply: Reply, place: number | undefined): RpcAnswer {
  if (!reply.ok) return reply;
  const { status, text } = reply;
  const answers = place === undefined || status !== 200 ? undefined : answersIn(text);
  if (answers === undefined || place === undefined) return readAnswer(status, text);
  return readAnswer(status, JSON.stringify(answers[place] ?? null));
}

function answersIn(text: string): readonly unknown[] | undefined {
  try {
    const answers: unknown = JSON.parse(text);
    return Array.isArray(answers) ? answers : undefined;
  } catch {
    return undefined;
  }
}
