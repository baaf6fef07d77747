/**
 * The page's connection to the relay: receives the events, fetches replies where an event does not carry all data, and reconnects with
 * backoff when the connection is lost.
 */
import type { RelayEvent } from '../../contracts/events.js';
import { type Action, gatherPeersMs, retryDelayMs, staleAfter } from '../model/state.js';
import { getBlock, getBlocks, getPeers, getStatus, HttpError } from './api.js';

type Part = 'status' | 'peers' | 'blocks';

/** Scores and pings change without an event, and a poll notices a broken connection. */
const POLL_MS = 15_000;
/** Events of a burst are drawn together: some thousand proofs of one block come within a second. */
const DRAW_MS = 40;
/** Events come in bursts: one request serves all of a burst. */
const GATHER_MS = 120;

export class RelayConnection {
  private source: EventSource | undefined;
  private failures = 0;
  private lostSince: number | undefined;
  /** Not fetched for want of rate: fetched with the next poll. */
  private readonly stale = new Set<Part>();
  private readonly gathering = new Map<Part, ReturnType<typeof setTimeout>>();
  private peers = 0;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private polling: ReturnType<typeof setInterval> | undefined;
  /** Events that the page has not drawn yet. */
  private undrawn: RelayEvent[] = [];
  private drawing: ReturnType<typeof setTimeout> | undefined;
  /** Events received while requests were under way: the replies may not include them, so they are applied again. */
  private readonly meanwhile = new Map<symbol, RelayEvent[]>();

  constructor(private readonly dispatch: (action: Action) => void) {}

  /** Connects now, also when a retry was scheduled for later. */
  connect(): void {
    clearTimeout(this.retrying);
    this.source?.close();
    const source = new EventSource('api/v1/events');
    this.source = source;
    source.onopen = () => void this.onOpen(source);
    source.onmessage = ({ data }: MessageEvent<string>) => this.onEvent(JSON.parse(data) as RelayEvent);
    source.addEventListener('reset', () => this.ask('status', 'peers', 'blocks'));
    source.onerror = () => void this.onBroken(source);
  }

  /** Fetches a block with its results per peer. */
  async fetchBlock(hash: string): Promise<void> {
    await this.whileListening(async () => {
      try {
        this.dispatch({ type: 'block', reply: await getBlock(hash) });
      } catch (error) {
        if (!(error instanceof HttpError && (error.status === 404 || error.status === 400))) throw error;
        this.dispatch({ type: 'no-such-block', hash });
      }
    });
  }

  /** Fetches the blocks older than `after`. */
  async fetchOlder(after: string): Promise<void> {
    await this.whileListening(async () => this.dispatch({ type: 'older-blocks', reply: await getBlocks(after) }));
  }

  private async onOpen(source: EventSource): Promise<void> {
    await this.fetch(['status', 'peers', 'blocks']);
    if (this.source !== source || source.readyState !== EventSource.OPEN) return;
    this.failures = 0;
    this.lostSince = undefined;
    this.dispatch({ type: 'connection', link: { state: 'live' } });
    clearInterval(this.polling);
    this.polling = setInterval(() => this.ask('status', 'peers', ...this.stale), POLL_MS);
  }

  private onEvent(event: RelayEvent): void {
    this.undrawn.push(event);
    this.drawing ??= setTimeout(() => this.draw(), DRAW_MS);
    for (const events of this.meanwhile.values()) events.push(event);
    this.ask(...staleAfter(event));
  }

  private draw(): void {
    clearTimeout(this.drawing);
    this.drawing = undefined;
    if (this.undrawn.length === 0) return;
    const events = this.undrawn;
    this.undrawn = [];
    this.dispatch({ type: 'events', events });
  }

  private ask(...parts: readonly Part[]): void {
    for (const part of parts) {
      if (this.gathering.has(part)) continue;
      const fetch = () => {
        this.gathering.delete(part);
        this.stale.delete(part);
        void this.fetch([part]);
      };
      this.gathering.set(part, setTimeout(fetch, part === 'peers' ? gatherPeersMs(this.peers) : GATHER_MS));
    }
  }

  private async fetch(parts: readonly Part[]): Promise<void> {
    await this.whileListening(async () => void (await Promise.all(parts.map((part) => this.fetchPart(part)))));
  }

  private async fetchPart(part: Part): Promise<void> {
    try {
      if (part === 'peers') await this.fetchPeers();
      else if (part === 'blocks') this.dispatch({ type: 'blocks', reply: await getBlocks() });
      else this.dispatch({ type: 'status', reply: await getStatus(), now: Date.now() });
    } catch (error) {
      if (!isTooMany(error)) throw error;
      this.stale.add(part);
    }
  }

  private async fetchPeers(): Promise<void> {
    const reply = await getPeers();
    this.peers = reply.peers.length;
    this.dispatch({ type: 'peers', reply });
  }

  private async whileListening(work: () => Promise<void>): Promise<void> {
    const { source } = this;
    const key = Symbol('replies under way');
    const events: RelayEvent[] = [];
    this.meanwhile.set(key, events);
    try {
      await work();
      this.draw();
      if (events.length > 0) this.dispatch({ type: 'events', events });
    } catch (error) {
      if (isTooMany(error)) return;
      if (source !== undefined && source === this.source) this.onLost(error);
    } finally {
      this.meanwhile.delete(key);
    }
  }

  /** An EventSource does not report why it failed; a request does. */
  private async onBroken(source: EventSource): Promise<void> {
    if (source !== this.source) return;
    source.close();
    try {
      await getStatus();
      this.onLost(new Error('the relay closed the connection'));
    } catch (error) {
      this.onLost(error);
    }
  }

  private onLost(error: unknown): void {
    this.source?.close();
    this.source = undefined;
    clearInterval(this.polling);
    clearTimeout(this.retrying);
    this.failures += 1;
    if (error instanceof HttpError && (error.status === 401 || error.status === 403)) {
      this.dispatch({ type: 'connection', link: { state: 'unauthorised' } });
      return;
    }
    const now = Date.now();
    this.lostSince ??= now;
    const retryAt = now + retryDelayMs(this.failures);
    const reason = error instanceof HttpError ? error.message : 'the relay does not answer';
    this.dispatch({ type: 'connection', link: { state: 'lost', since: this.lostSince, retryAt, reason } });
    this.retrying = setTimeout(() => this.connect(), retryAt - now);
  }
}

function isTooMany(error: unknown): boolean {
  return error instanceof HttpError && error.status === 429;
}
