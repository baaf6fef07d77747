/** Limits of the HTTP service: no client can slow down the delivery of a block or exhaust memory or descriptors. */
import { MINUTE_MS, SECOND_MS } from '../../time.js';

export interface HttpLimits {
  readonly connections: {
    readonly max: number;
    /** From one address, so that a single client cannot block the health checks; reverse proxies are exempt. */
    readonly maxPerAddress: number;
    /** Time to receive a request's head and the whole request, milliseconds. */
    readonly headMs: number;
    readonly requestMs: number;
    /** Time between two requests, and without any progress of one, milliseconds. */
    readonly idleMs: number;
    readonly maxRequests: number;
    /** Bytes. */
    readonly maxHead: number;
  };
  /** Per client. */
  readonly requests: { readonly max: number; readonly windowMs: number };
  /** Delay of the reply 429, milliseconds. */
  readonly refusalMs: number;
  /** Failed logins per client, beyond which no password is checked for the rest of the window. */
  readonly failures: { readonly max: number; readonly windowMs: number };
  readonly events: {
    readonly maxStreams: number;
    /** Of them by one client. */
    readonly maxPerClient: number;
    /**
     * Unsent bytes, beyond which a client is disconnected: the events of one block to 1,350 peers are 1.7 MB. All clients are sent the same
     * buffers, so that slow ones do not add up.
     */
    readonly maxBacklog: number;
    /** Past events kept for clients that reconnect. */
    readonly keptEvents: number;
    readonly keptBytes: number;
    readonly heartbeatMs: number;
  };
  /** A cached reply may be this old, milliseconds, unless an event came since. */
  readonly freshMs: number;
  /** Requests under way may take this long when the service closes, milliseconds. */
  readonly closeMs: number;
}

export const LIMITS: HttpLimits = {
  connections: {
    max: 512,
    maxPerAddress: 128,
    headMs: 10 * SECOND_MS,
    requestMs: 15 * SECOND_MS,
    // Longer than the dashboard's poll interval and Prometheus's usual scrape interval.
    idleMs: 35 * SECOND_MS,
    maxRequests: 10_000,
    maxHead: 16 * 1024,
  },
  // Three busy dashboards and a scrape.
  requests: { max: 400, windowMs: 10 * SECOND_MS },
  refusalMs: 100,
  failures: { max: 20, windowMs: MINUTE_MS },
  events: {
    maxStreams: 64,
    maxPerClient: 16,
    maxBacklog: 3 * 1024 * 1024,
    keptEvents: 1_000,
    keptBytes: 512 * 1024,
    heartbeatMs: 15 * SECOND_MS,
  },
  freshMs: 250,
  closeMs: 800,
};
