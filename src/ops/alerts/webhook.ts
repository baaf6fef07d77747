/** Alerts as JSON to an address of the operator's choice, signed if there is a secret. What is sent stands in docs/alerts.md. */
import { createHmac } from 'node:crypto';
import { Agent } from 'undici';
import { hrefOf, parseHttpUrl } from '../../address/http-url.js';
import type { AlertsConfig } from '../../config/config.js';
import type { Clock } from '../../time.js';
import { post } from './post.js';
import { type Envelope, judge, type Sender, TIMEOUT_MS, type Transport } from './transport.js';

export interface WebhookDeps extends Sender {
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** The payload's version. Fields are added within one, never renamed. */
const PAYLOAD_VERSION = 1;
const MAX_CONNECTIONS = 2;

export function createWebhook(config: NonNullable<AlertsConfig['webhook']>, deps: WebhookDeps): Transport {
  const { clock, timeoutMs = TIMEOUT_MS } = deps;
  const agent = new Agent({ connections: MAX_CONNECTIONS, connect: { timeout: timeoutMs } });
  const { url, host, authorization } = taken(config.url);
  return {
    name: 'webhook',
    async send(envelope, signal) {
      const body = JSON.stringify(payload(envelope, deps));
      const headers = {
        'user-agent': 'blockcast',
        'idempotency-key': envelope.id,
        ...(authorization === undefined ? {} : { authorization }),
        ...(config.secret === undefined
          ? {}
          : { 'x-blockcast-signature': signature(config.secret, Math.floor(clock.now() / 1_000), body) }),
      };
      return judge(await post({ agent, url, headers, body, timeoutMs, signal }, false), host);
    },
    close: () => agent.destroy(),
  };
}

/**
 * HMAC-SHA-256 of `<t>.<body>`, keyed with the secret. The time is signed with the body, so that nobody who saw a message can send it once
 * more later: the receiver refuses what is older than it likes.
 * @param t seconds since the Unix epoch
 */
export function signature(secret: string, t: number, body: string): string {
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

export function payload({ notice, id, leftOut }: Envelope, { network, instance }: Sender) {
  const { key, alert, state, severity, title, text, at, since, lastedMs, repeat, details, remedy, docs } = notice;
  return {
    version: PAYLOAD_VERSION,
    id,
    key,
    alert,
    state,
    severity,
    title,
    text,
    at,
    since,
    ...(lastedMs === undefined ? {} : { lastedMs }),
    repeat,
    details,
    remedy,
    docs,
    network,
    instance,
    leftOut,
  };
}

/** Credentials in an address are sent as a header: undici leaves them out. */
function taken(text: string): { readonly url: string; readonly host: string; readonly authorization?: string } {
  const parsed = parseHttpUrl(text);
  if (!parsed.ok) throw new Error(`the webhook's address ${parsed.problem}`);
  const { authority, credentials } = parsed.url;
  const target = { url: hrefOf(parsed.url), host: authority };
  if (credentials === undefined) return target;
  const encoded = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return { ...target, authorization: `Basic ${encoded}` };
}
