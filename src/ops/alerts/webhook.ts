/** The webhook channel: alerts as JSON to a URL, signed when a secret is set. docs/alerts.md describes the payload. */
import { createHmac } from 'node:crypto';
import { Agent } from 'undici';
import { hrefOf, parseHttpUrl } from '../../address/http-url.js';
import type { AlertsConfig } from '../../config/config.js';
import type { Clock } from '../../time.js';
import { post } from './post.js';
import { deliveryOf, type Envelope, type Sender, TIMEOUT_MS, type Transport } from './transport.js';

export interface WebhookDeps extends Sender {
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** The payload's version. Fields are added within one, never renamed. */
const PAYLOAD_VERSION = 1;
const MAX_CONNECTIONS = 2;

export function createWebhook(config: NonNullable<AlertsConfig['webhook']>, deps: WebhookDeps): Transport {
  const { clock, timeoutMs = TIMEOUT_MS, connect = { timeout: timeoutMs } } = deps;
  const agent = new Agent({ connections: MAX_CONNECTIONS, connect });
  const { url, host, authorization } = targetOf(config.url);
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
      return deliveryOf(await post({ agent, url, headers, body, timeoutMs, signal }, false), host);
    },
    close: () => agent.destroy(),
  };
}

/**
 * HMAC-SHA-256 of `<t>.<body>`, keyed with the secret. The signed time lets the receiver reject replayed messages.
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

/** Credentials in the URL are sent as a header, since undici ignores them. */
function targetOf(text: string): { readonly url: string; readonly host: string; readonly authorization?: string } {
  const parsed = parseHttpUrl(text);
  if (!parsed.ok) throw new Error(`the webhook's URL ${parsed.problem}`);
  const { authority, credentials } = parsed.url;
  const target = { url: hrefOf(parsed.url), host: authority };
  if (credentials === undefined) return target;
  const encoded = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return { ...target, authorization: `Basic ${encoded}` };
}
