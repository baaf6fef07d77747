/**
 * Carries out which peers this relay leaves to the others of its cluster (cluster/share.ts), for each of its two lists: the peers of the book,
 * and the members of quorums. It hangs up on a few at a time, and only on what another relay is connected to already. It judges its own
 * connections by what it told the others of them, not by what it knows by now: then a peer that several have is given up by all but one.
 */
import type { Observable } from 'rxjs';
import { floorOf, KEPT_MS, type PeerTrips, shareOut } from '../../cluster/share.js';
import { BoundedMap } from '../../common/bounded.js';
import type { Connections } from '../connections/connections.js';

/** Peers that this relay is not to connect to, since another one has them. */
export interface LeftPeers {
  has(peer: string, list: PeerList): boolean;
  /** Emits when others may be connected to than before. */
  readonly changes$: Observable<void>;
}

export type PeerList = 'book' | 'quorum';

export interface PeerSharesDeps {
  readonly relay: string;
  readonly table: Pick<Connections, 'slots' | 'live'>;
  /** The smallest that was measured to a connected peer, ms. */
  readonly roundTripOf: (peer: string) => number | undefined;
  readonly drop: (peer: string) => unknown;
  /** Called when others may be connected to than before. */
  readonly freed: () => void;
  /** Of each list: connections at most, and those that are kept whatever the others have. */
  readonly limits: Readonly<Record<PeerList, { readonly max: number; readonly least: number }>>;
}

/** Hung up on at once: the other relay has them, and the lists are filled again a few at a time. */
const MAX_YIELDED = 8;
/** Round trips that are remembered: more than there are masternodes. */
const MAX_MEASURED = 4_096;
const LISTS: readonly PeerList[] = ['book', 'quorum'];
const NONE: ReadonlySet<string> = new Set();

export class PeerShares {
  private readonly measured = new BoundedMap<string, number>(MAX_MEASURED);
  private readonly floors: Record<PeerList, number> = { book: 0, quorum: 0 };
  /** What the others were told last. */
  private told: PeerTrips = new Map();
  private left: Readonly<Record<PeerList, ReadonlySet<string>>> = { book: NONE, quorum: NONE };

  constructor(private readonly deps: PeerSharesDeps) {}

  /** How many are left to others. */
  get count(): number {
    return new Set([...this.left.book, ...this.left.quorum]).size;
  }

  has(peer: string, list: PeerList): boolean {
    return this.left[list].has(peer);
  }

  /** How many connections it has, of both lists. */
  get size(): number {
    return LISTS.reduce((sum, list) => sum + this.connected(list).length, 0);
  }

  /**
   * The connections of both lists, for the other relays: they and this one decide by these numbers until it tells again. Of a list with no
   * more than this relay keeps in any case it gives none up, so the others have to.
   */
  tell(): PeerTrips {
    const { table, roundTripOf } = this.deps;
    const told = new Map<string, number | undefined>();
    for (const list of LISTS) {
      const peers = this.connected(list);
      const isKept = peers.length <= this.floors[list];
      for (const peer of peers) {
        const ms = table.live.has(peer) ? roundTripOf(peer) : undefined;
        if (ms !== undefined) this.measured.renew(peer, ms);
        told.set(peer, ms !== undefined && isKept ? KEPT_MS : ms);
      }
    }
    this.told = told;
    return told;
  }

  /** The others have said whom they are connected to, or connections of this relay have changed. */
  review(others: ReadonlyMap<string, PeerTrips>): void {
    const before = this.left;
    const [book, quorum] = [this.shares('book', others), this.shares('quorum', others)];
    const yielded = [...book.yielded, ...quorum.yielded].slice(0, MAX_YIELDED);
    // What is given up is left to the other at once: the plan that follows the loss would connect to it again.
    this.left = { book: new Set([...book.left, ...yielded]), quorum: new Set([...quorum.left, ...yielded]) };
    for (const peer of yielded) this.deps.drop(peer);
    const isNews = (list: PeerList): boolean => [...before[list]].some((peer) => !this.left[list].has(peer));
    if (LISTS.some(isNews)) this.deps.freed();
  }

  private shares(list: PeerList, others: ReadonlyMap<string, PeerTrips>): ReturnType<typeof shareOut> {
    const { relay, limits, table } = this.deps;
    const { max, least } = limits[list];
    const own = new Map(
      this.connected(list).map((peer) => [peer, table.live.has(peer) ? this.told.get(peer) : undefined]),
    );
    const measured = (peer: string): number | undefined => this.measured.get(peer);
    const floor = floorOf(max, others.size + 1, least);
    this.floors[list] = floor;
    return shareOut({ relay, own, others, measured, floor });
  }

  /** Those made or being made. A witness is sent no block: two relays may have the same. */
  private connected(list: PeerList): string[] {
    return [...this.deps.table.slots].flatMap(([peer, { target }]) => {
      const isShared = !target.protected && target.witness !== true;
      return isShared && (target.quorum === true ? 'quorum' : 'book') === list ? [peer] : [];
    });
  }
}
