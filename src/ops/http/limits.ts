/** How much the pages may cost. Whatever comes over HTTP, blocks come first. */
import { MINUTE_MS, SECOND_MS } from '../../time.js';

export interface HttpLimits {
  readonly connections: {
    readonly max: number;
    /** From one address, so that no single visitor keeps the health checks out; reverse proxies are exempt. */
    readonly maxPerAddress: number;
    /** A request's head must have come within this time, milliseconds; the rest likewise. */
    readonly headMs: number;
    readonly requestMs: number;
    /** Between two requests, and without any progress of one. Milliseconds. */
    readonly idleMs: number;
    readonly maxRequests: number;
    /** Bytes. */
    readonly maxHead: number;
  };
  /** Per visitor. */
  readonly requests: { readonly max: number; readonly windowMs: number };
  /** So long who asks too often waits for the refusal, milliseconds. */
  readonly refusalMs: number;
  /** Wrong passwords per visitor, beyond which no password is looked at for the rest of the window. */
  readonly failures: { readonly max: number; readonly windowMs: number };
  readonly events: {
    readonly maxClients: number;
    /** Of them by one visitor. */
    readonly maxPerVisitor: number;
    /** Bytes not taken yet, beyond which a client is cut off. */
    readonly maxBacklog: number;
    /** Of the past, for those who come back. */
    readonly keptEvents: number;
    readonly keptBytes: number;
    readonly heartbeatMs: number;
  };
  /** A reply may be this old, milliseconds, as long as nothing was told since. */
  readonly freshMs: number;
  /** What is under way when the service closes has this long, milliseconds. */
  readonly closeMs: number;
}

export const LIMITS: HttpLimits = {
  connections: {
    max: 512,
    maxPerAddress: 128,
    headMs: 10 * SECOND_MS,
    requestMs: 15 * SECOND_MS,
    // Longer than the dashboard's pauses and Prometheus' usual ones.
    idleMs: 35 * SECOND_MS,
    maxRequests: 10_000,
    maxHead: 16 * 1024,
  },
  // Three busy dashboards and a scrape.
  requests: { max: 400, windowMs: 10 * SECOND_MS },
  refusalMs: 100,
  failures: { max: 20, windowMs: MINUTE_MS },
  events: {
    maxClients: 64,
    maxPerVisitor: 16,
    maxBacklog: 1024 * 1024,
    keptEvents: 1_000,
    keptBytes: 512 * 1024,
    heartbeatMs: 15 * SECOND_MS,
  },
  freshMs: 250,
  closeMs: 800,
};
