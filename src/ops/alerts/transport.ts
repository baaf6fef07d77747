/** The interface of a channel's transport: it tries once to deliver a message, and returns the result. */

import type { buildConnector } from 'undici';
import { SENDING } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import type { Notice } from './notice.js';
import type { PostAnswer } from './post.js';

export type ChannelName = 'webhook' | 'telegram';

export interface Envelope {
  readonly notice: Notice;
  readonly id: string;
  readonly leftOut: number;
}

export type Delivery =
  | { readonly ok: true; readonly detail: string }
  | {
      readonly ok: false;
      /** Without secrets. */
      readonly detail: string;
      /** The receiver rejected the message: a retry is unlikely to help. */
      readonly rejected: boolean;
      /** The delay that the receiver asked for, milliseconds. */
      readonly retryAfterMs?: number;
    };

export interface Transport {
  readonly name: ChannelName;
  /** Tries once. Never rejects. */
  send(envelope: Envelope, signal: AbortSignal): Promise<Delivery>;
  /** Aborts requests under way. */
  close(): Promise<void>;
}

/** Who sends. */
export interface Sender {
  readonly network: string;
  /** Names this relay among others. */
  readonly instance: string;
  /** How a connection to a receiver is made; absent: directly. */
  readonly connect?: buildConnector.connector | undefined;
}

/** Timeout of one attempt, milliseconds. */
export const TIMEOUT_MS = 10_000;
/** Longest delay that a receiver can ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** @param host shown as the receiver, since the rest of the URL may hold secrets */
export function deliveryOf(answer: PostAnswer, host: string, words = ''): Delivery {
  if (!answer.ok)
    return {
      ok: false,
      rejected: false,
      detail: fill(SENDING.failed, { host, code: answer.code, detail: answer.detail }),
    };
  const { status } = answer;
  if (status >= 200 && status < 300)
    return { ok: true, detail: fill(SENDING.answered, { host, status, text: undefined }) };
  const text = status >= 300 && status < 400 ? SENDING['no-redirects'] : words || undefined;
  const retryAfterMs = secondsToMs(answer.retryAfter);
  return {
    ok: false,
    rejected: status >= 300 && status < 500 && !RETRYABLE.has(status),
    detail: fill(SENDING.answered, { host, status, text }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Request timeout, too early, too many requests: a retry may succeed. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

/** `Retry-After` in its form of seconds; a date is left alone, since clocks differ. Source: RFC 9110, 10.2.3. */
function secondsToMs(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? clampedRetryMs(Number(seconds)) : undefined;
}

/** @param seconds a receiver's wish */
export function clampedRetryMs(seconds: number): number {
  return Math.min(Math.max(0, seconds) * 1_000, MAX_RETRY_AFTER_MS);
}
