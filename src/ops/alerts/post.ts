/**
 * One HTTP POST with a total timeout, without redirects, and with a bounded answer. Failures are values made of codes: neither the URL nor the
 * body, which may both hold secrets, is part of them.
 */

import { type Agent, request } from 'undici';
import { SENDING } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import { UNKNOWN_ERROR } from '../../messages/program.js';

export interface PostRequest {
  readonly agent: Agent;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the start to the end of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type PostAnswer =
  | { readonly ok: true; readonly status: number; readonly retryAfter?: string; readonly body: string }
  | {
      readonly ok: false;
      readonly code: 'timeout' | 'stopped' | 'no-connection' | 'too-large';
      readonly detail: string;
    };

/** Longest answer read, bytes. */
const MAX_BODY = 64 * 1024;

/** @param wantsBody false: only the status is read, and the rest is discarded */
export async function post(asked: PostRequest, wantsBody: boolean): Promise<PostAnswer> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), asked.timeoutMs);
  const stop = () => ending.abort();
  asked.signal.addEventListener('abort', stop);
  try {
    const { agent, url, headers, body } = asked;
    if (asked.signal.aborted) return { ok: false, code: 'stopped', detail: SENDING['not-sent'] };
    const answer = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: ending.signal,
    });
    const text = wantsBody ? await readBounded(answer.body) : '';
    if (!wantsBody) cutOff(answer.body);
    if (text === undefined)
      return { ok: false, code: 'too-large', detail: fill(SENDING['answer-too-long'], { max: MAX_BODY }) };
    const retryAfter = answer.headers['retry-after'];
    return {
      ok: true,
      status: answer.statusCode,
      ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
      body: text,
    };
  } catch (error) {
    if (asked.signal.aborted) return { ok: false, code: 'stopped', detail: SENDING.aborted };
    if (ending.signal.aborted) {
      return { ok: false, code: 'timeout', detail: fill(SENDING.timeout, { ms: asked.timeoutMs }) };
    }
    return { ok: false, code: 'no-connection', detail: codeOf(error) };
  } finally {
    clearTimeout(timer);
    asked.signal.removeEventListener('abort', stop);
  }
}

type Body = Awaited<ReturnType<typeof request>>['body'];

/** @returns undefined when it is too long */
async function readBounded(body: Body): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function cutOff(body: Body): void {
  // Errors of a discarded answer are ignored.
  body.on('error', () => undefined);
  body.destroy();
}

/** The code or the name of an error of Node's or undici's, such as ECONNREFUSED. Its message may quote the address. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^[A-Z][A-Z0-9_]*$/.test(code)) return code;
  return error instanceof Error && /^[A-Za-z]+$/.test(error.name) ? error.name : UNKNOWN_ERROR;
}
