/** The other relays that are there: each sends news every few seconds, and is gone once it was silent for three times that. */
import type { PeerTrips } from '../../cluster/share.js';
import type { ClusterRelay, RelayNews } from '../../contracts/cluster.js';
import { type Clock, dated, type Moment, momentOf, SECOND_MS } from '../../time.js';

/** Beyond that there is something else than a pool's relays. */
export const MAX_RELAYS = 32;
/** Between two messages of a relay. */
export const NEWS_EVERY_MS = 10 * SECOND_MS;
export const SILENT_MS = 3 * NEWS_EVERY_MS;

interface Heard {
  readonly news: RelayNews;
  readonly trips: PeerTrips;
  readonly at: Moment;
}

export class Roster {
  private readonly heard = new Map<string, Heard>();

  constructor(private readonly clock: Clock) {}

  /** @returns whether the relay is new, back with another connection, or one too many */
  note(relay: string, news: RelayNews): 'new' | 'back' | 'known' | 'too-many' {
    const before = this.heard.get(relay);
    if (before === undefined && this.heard.size >= MAX_RELAYS) return 'too-many';
    const trips = new Map(news.peers.map(([peer, ms]) => [peer, ms ?? undefined]));
    this.heard.set(relay, { news, trips, at: momentOf(this.clock) });
    if (before === undefined) return 'new';
    return before.news.since === news.since ? 'known' : 'back';
  }

  /** Removes relays that are silent. @returns their names */
  expire(): readonly string[] {
    const before = this.clock.monotonic() - SILENT_MS;
    const silent = [...this.heard].filter(([, { at }]) => at.monotonicAt < before).map(([relay]) => relay);
    for (const relay of silent) this.heard.delete(relay);
    return silent;
  }

  names(): readonly string[] {
    return [...this.heard.keys()].sort();
  }

  trips(): ReadonlyMap<string, PeerTrips> {
    return new Map([...this.heard].map(([relay, { trips }]) => [relay, trips]));
  }

  list(): readonly ClusterRelay[] {
    return this.names().flatMap((relay) => {
      const heard = this.heard.get(relay);
      if (heard === undefined) return [];
      const { news, trips, at } = heard;
      return [{ relay, self: false, version: news.version, heardAt: dated(at, this.clock), peers: trips.size }];
    });
  }
}
