/** What a channel is made of: something that takes a message to its receiver, once, and says what came of it. */

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
      /** The receiver understood and does not want it: more of the same is unlikely to help. */
      readonly refused: boolean;
      /** The receiver's wish, milliseconds. */
      readonly retryAfterMs?: number;
    };

export interface Transport {
  readonly name: ChannelName;
  /** Tries once. Never rejects. */
  send(envelope: Envelope, signal: AbortSignal): Promise<Delivery>;
  /** Cuts off what is under way. */
  close(): Promise<void>;
}

/** Who sends. */
export interface Sender {
  readonly network: string;
  /** Names this relay among others. */
  readonly instance: string;
}

/** How long one attempt may take, from the first byte to the last. */
export const TIMEOUT_MS = 10_000;
/** Nobody is waited for longer, whatever they wish. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** @param host shown as the receiver; of the address nothing else may be */
export function judge(answer: PostAnswer, host: string, words = ''): Delivery {
  if (!answer.ok) return { ok: false, refused: false, detail: `${host}: ${answer.code}: ${answer.detail}` };
  const { status } = answer;
  if (status >= 200 && status < 300) return { ok: true, detail: `${host} answered ${status}` };
  const why = status >= 300 && status < 400 ? ': redirects are not followed' : words === '' ? '' : `: ${words}`;
  const retryAfterMs = secondsToMs(answer.retryAfter);
  return {
    ok: false,
    refused: status >= 300 && status < 500 && !PATIENCE.has(status),
    detail: `${host} answered ${status}${why}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Request timeout, too early, too many requests: not this message is wrong, but its moment. */
const PATIENCE: ReadonlySet<number> = new Set([408, 425, 429]);

/** `Retry-After` in its form of seconds; a date is left alone, since clocks differ. Source: RFC 9110, 10.2.3. */
function secondsToMs(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? patient(Number(seconds)) : undefined;
}

/** @param seconds a receiver's wish */
export function patient(seconds: number): number {
  return Math.min(Math.max(0, seconds) * 1_000, MAX_RETRY_AFTER_MS);
}
