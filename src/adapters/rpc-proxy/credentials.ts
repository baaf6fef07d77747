/**
 * Callers that dashd has accepted. A found block may be sent to the peers before dashd's word on it only for such a caller; pools poll
 * `getblocktemplate`, so theirs is known long before a find, at no cost. The relay's own credentials count as accepted from the start: whoever
 * presents them could ask dashd itself.
 *
 * What is kept is a digest of the `Authorization` header, keyed at random for this process: the header itself can be read neither from
 * memory nor from a core dump, and how long a comparison takes says nothing of it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What dashd's answer is judged by. */
export interface Answered {
  /** Of the request: its method and target. */
  readonly method: string;
  readonly target: string;
  /** Of the answer. */
  readonly status: number;
  readonly contentType: string | undefined;
}

/** The digest of an `Authorization` header. */
export type Credential = Buffer;

/** dashd has few users; the one that dashd has accepted least recently goes first. */
const MAX_KNOWN = 64;
/** Since dashd last accepted it, milliseconds. A pool polls every few seconds, the slowest at each new block. */
const KNOWN_MS = 3_600_000;
const UNAUTHORISED = 401;
const FORBIDDEN = 403;

export class KnownCallers {
  private readonly key = randomBytes(32);
  /** The most recently accepted last. */
  private known: { readonly credential: Credential; readonly at: number }[] = [];
  private mayHaveRestarted = false;
  /** Those of the relay's own credentials that dashd has refused. */
  private refused: Credential | undefined;

  /**
   * @param now milliseconds of a monotonic clock
   * @param own the `Authorization` header that the relay itself presents to dashd. Who knows it needs no word of dashd's, which may be
   * down since before the relay started; until dashd refuses it.
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
   * Takes note of an answer of dashd's. @returns true when it shows that dashd accepts the caller
   *
   * dashd looks at the password before it writes `Content-Type: application/json`, but only at `/` and `/wallet/`: it answers other paths
   * (its REST interface among them), other methods, and a full work queue without a look. Source: Core `httpserver.cpp`, `httprpc.cpp`.
   */
  heard(credential: Credential | undefined, { method, target, status, contentType }: Answered): boolean {
    // A dashd that was away may be another one, with another cookie: those that the last one accepted have to show themselves anew.
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

  /** dashd could not be connected to. Its callers stay known as long as it is away: for a block found meanwhile the peers are all there is. */
  dashdIsAway(): void {
    this.mayHaveRestarted = true;
  }
}
