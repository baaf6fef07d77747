/**
 * The credentials that dashd has accepted. Only for such a caller is a block sent to peers before dashd has answered. Pools poll
 * `getblocktemplate`, so theirs are known long before they find a block. The relay's own credentials count as accepted from the start, since
 * they are valid for dashd.
 *
 * Only an HMAC of the `Authorization` header is kept, with a random key of this process: the header is not in memory afterwards, and
 * comparisons take constant time.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The parts of a request and dashd's answer that show whether dashd accepted the caller. */
export interface Answered {
  /** The request's method and target. */
  readonly method: string;
  readonly target: string;
  /** The answer's status. */
  readonly status: number;
  readonly contentType: string | undefined;
}

/** The HMAC of an `Authorization` header. */
export type Credential = Buffer;

/** dashd has few users. The least recently accepted credential is dropped first. */
const MAX_KNOWN = 64;
/** Validity since dashd last accepted a credential, milliseconds. Pools poll at least at each new block. */
const KNOWN_MS = 3_600_000;
const UNAUTHORISED = 401;
const FORBIDDEN = 403;

export class KnownCallers {
  private readonly key = randomBytes(32);
  /** In the order of acceptance, the latest last. */
  private known: { readonly credential: Credential; readonly at: number }[] = [];
  private mayHaveRestarted = false;
  /** The relay's own credential, when dashd has rejected it. */
  private refused: Credential | undefined;

  /**
   * @param now milliseconds of a monotonic clock
   * @param own the `Authorization` header that the relay sends to dashd. It is accepted without an answer from dashd, which may have been down
   * since the relay started, until dashd rejects it.
   */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly own: () => string | undefined = () => undefined,
  ) {}

  /** @returns undefined for a request without an `Authorization` header */
  credentialOf(authorization: string | undefined): Credential | undefined {
    return authorization === undefined ? undefined : createHmac('sha256', this.key).update(authorization).digest();
  }

  has(credential: Credential | undefined): boolean {
    if (credential === undefined) return false;
    const since = this.now() - KNOWN_MS;
    this.known = this.known.filter(({ at }) => at > since);
    const isAccepted = this.known.filter((one) => timingSafeEqual(one.credential, credential)).length > 0;
    return this.isOwn(credential) || isAccepted;
  }

  private isOwn(credential: Credential): boolean {
    const own = this.credentialOf(this.own());
    if (own === undefined || !timingSafeEqual(own, credential)) return false;
    return this.refused === undefined || !timingSafeEqual(this.refused, credential);
  }

  /**
   * Records an answer of dashd. @returns true when it shows that dashd accepts the caller
   *
   * dashd checks the password before it sends `Content-Type: application/json`, but only at `/` and `/wallet/`. It answers other paths (such
   * as its REST interface), other methods, and a full work queue without checking it. Source: Core `httpserver.cpp`, `httprpc.cpp`.
   */
  heard(credential: Credential | undefined, { method, target, status, contentType }: Answered): boolean {
    // After a restart dashd may have another cookie: credentials must be accepted again.
    if (this.mayHaveRestarted) this.known = [];
    this.mayHaveRestarted = false;
    if (credential === undefined || method !== 'POST') return false;
    const isRefused = status === UNAUTHORISED || status === FORBIDDEN;
    const isJson = contentType?.toLowerCase().startsWith('application/json') ?? false;
    const isAccepted = !isRefused && isJson && (target === '/' || target.startsWith('/wallet/'));
    if (!isRefused && !isAccepted) return false;
    if (isRefused && this.isOwn(credential)) this.refused = credential;
    else if (isAccepted && this.refused !== undefined && timingSafeEqual(this.refused, credential))
      this.refused = undefined;
    this.known = this.known.filter((one) => !timingSafeEqual(one.credential, credential));
    if (isAccepted) this.known.push({ credential, at: this.now() });
    if (this.known.length > MAX_KNOWN) this.known.shift();
    return isAccepted;
  }

  /** dashd is unreachable. Its callers stay known in the meantime, because a block found now can only be sent to the peers. */
  dashdIsAway(): void {
    this.mayHaveRestarted = true;
  }
}
