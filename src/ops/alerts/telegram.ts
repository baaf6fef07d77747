/** The Telegram channel. The bot's token is part of the URL, so errors show only the host. */

import { Agent } from 'undici';
import { z } from 'zod';
import type { AlertsConfig } from '../../config/config.js';
import { COURSE, SENDING } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import { type PostAnswer, post } from './post.js';
import { clean, cut } from './text.js';
import {
  clampedRetryMs,
  type Delivery,
  deliveryOf,
  type Envelope,
  type Sender,
  TIMEOUT_MS,
  type Transport,
} from './transport.js';

/** Bot API, `sendMessage`: UTF-16 units are the strictest way to count its "characters". */
export const MAX_TEXT = 4_096;
const MAX_DESCRIPTION = 200;

export interface TelegramDeps extends Sender {
  readonly timeoutMs?: number;
}

/** Bot API, "Making requests": every answer is one of these. */
const Answer = z.object({
  ok: z.boolean(),
  description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().nonnegative().optional() }).optional(),
});

export function createTelegram(config: NonNullable<AlertsConfig['telegram']>, deps: TelegramDeps): Transport {
  const { token, chat, api } = config;
  const { timeoutMs = TIMEOUT_MS, connect = { timeout: timeoutMs } } = deps;
  const agent = new Agent({ connections: 1, connect });
  // A token consists of digits, a colon and letters; anything else is escaped, so that it cannot change the URL.
  const path = `/bot${encodeURIComponent(token).replaceAll('%3A', ':')}/sendMessage`;
  const url = `${api.replace(/\/+$/, '')}${path}`;
  const { host } = new URL(api);
  return {
    name: 'telegram',
    async send(envelope, signal) {
      const message = {
        chat_id: chat,
        text: messageText(envelope, deps),
        link_preview_options: { is_disabled: true },
      };
      const answer = await post({ agent, url, headers: {}, body: JSON.stringify(message), timeoutMs, signal }, true);
      return read(answer, host, token);
    },
    close: () => agent.destroy(),
  };
}

function read(answer: PostAnswer, host: string, token: string): Delivery {
  if (!answer.ok) return deliveryOf(answer, host);
  const parsed = Answer.safeParse(parseJson(answer.body));
  const { description = '', parameters } = parsed.success ? parsed.data : {};
  const words = clean(description.replaceAll(token, '***'), MAX_DESCRIPTION);
  const judged = deliveryOf(answer, host, words);
  // A captive portal, for example, may answer 200.
  if (judged.ok && !(parsed.success && parsed.data.ok)) {
    return {
      ok: false,
      rejected: false,
      detail: fill(SENDING['not-telegram'], { host, status: answer.status }),
    };
  }
  const after = parameters?.retry_after;
  return judged.ok || after === undefined ? judged : { ...judged, retryAfterMs: clampedRetryMs(after) };
}

const SIGNS = { critical: '🔴', warning: '🟡', resolved: '🟢' } as const;

/** Plain text; nothing in it is markup. */
function messageText({ notice, leftOut }: Envelope, { network, instance }: Sender): string {
  const { state, severity, title, repeat, text } = notice;
  const isOver = state === 'resolved';
  const word = isOver ? 'RESOLVED' : severity.toUpperCase();
  const lines = [
    `${SIGNS[isOver ? 'resolved' : severity]} ${word}: ${title}${repeat > 0 && !isOver ? ' (still)' : ''}`,
    `${instance}, ${network}`,
    text,
    ...(leftOut === 0 ? [] : [fill(COURSE['left-out'], { count: leftOut })]),
  ];
  return cut(lines.join('\n'), MAX_TEXT);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
