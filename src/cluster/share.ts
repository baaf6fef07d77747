/**
 * Which relay of a cluster is connected to which peer: each peer by one relay, the nearest by measured round trips. Pure; `streams/cluster/`
 * carries it out. All relays decide by the same news, their own included, so they decide alike, without asking each other.
 *
 * - Of relays that are connected to the same peer, the nearest keeps it. Round trips that hardly differ count as equal: then a hash of relay
 *   and peer decides, which spreads the peers evenly and does not change with the next measurement.
 * - A peer that another relay has is not connected to, unless it is far from that relay and was never measured from here: then this relay
 *   tries it once, and the nearer of the two keeps it.
 * - Whatever others claim, a relay keeps `floor` connections of its own. So one that lies about its round trips can take some peers, not all.
 *   It tells {@link KEPT_MS} of them, and the others leave them to it, however near they are.
 */

/** `host:port` → round trip, ms; undefined while it is being connected to. */
export type PeerTrips = ReadonlyMap<string, number | undefined>;

export interface ShareInput {
  /** This relay's name. */
  readonly relay: string;
  /** Its connections, without the pool's own dashd, with the round trips that it told the others last; undefined where it has told none yet. */
  readonly own: PeerTrips;
  /** Those of the other relays that were heard lately. */
  readonly others: ReadonlyMap<string, PeerTrips>;
  /** Round trips that were measured from here before, also to peers that are not connected now, ms. */
  readonly measured: (peer: string) => number | undefined;
  /** No connection is given up, and none left to others, while there are so few. */
  readonly floor: number;
}

export interface Shares {
  /** Peers of other relays that this one is not to connect to. */
  readonly left: ReadonlySet<string>;
  /** Connections to be given up now, as another relay is nearer: those first that it keeps in any case, then the farthest. */
  readonly yielded: readonly string[];
}

/** Told in place of the round trip to a peer that the relay keeps in any case. A measured one, however small, is longer. */
export const KEPT_MS = 0;

/** Differences below this, or below a fifth, are noise, ms. */
const NOISE_MS = 3;
const NOISE_SHARE = 0.2;
/** A peer this far from the relay that has it may be nearer to another, ms: regions are farther apart than that, networks of one are not. */
const FAR_MS = 40;

/**
 * What a relay keeps whatever others claim: half of what it would have if its connections were shared out evenly, and `least` in any case.
 * @param max connections at most
 * @param relays how many there are, this one included
 */
export function floorOf(max: number, relays: number, least: number): number {
  return Math.max(least, Math.ceil(max / (2 * relays)));
}

export function shareOut({ relay, own, others, measured, floor }: ShareInput): Shares {
  const left = new Set<string>();
  const rivals = new Map<string, Rival[]>();
  for (const [name, trips] of others) {
    for (const [peer, ms] of trips) {
      if (own.has(peer)) rivals.set(peer, [...(rivals.get(peer) ?? []), { relay: name, ms }]);
      else if (!isWorthTrying(measured(peer), ms)) left.add(peer);
    }
  }
  const isKept = (peer: string): number => Number(rivals.get(peer)?.some(({ ms }) => ms === KEPT_MS) === true);
  const yielded = [...rivals]
    .filter(([peer, ofPeer]) => isNearer(peer, ofPeer, { relay, ms: own.get(peer) }))
    .map(([peer]) => peer)
    .sort((a, b) => isKept(b) - isKept(a) || (own.get(b) ?? 0) - (own.get(a) ?? 0) || (a < b ? -1 : 1))
    .slice(0, Math.max(0, own.size - floor));
  return { left: own.size >= floor ? left : NONE, yielded };
}

const NONE: ReadonlySet<string> = new Set();

interface Rival {
  readonly relay: string;
  readonly ms: number | undefined;
}

/** @param before as measured from here @param theirs as the relay says that has it */
function isWorthTrying(before: number | undefined, theirs: number | undefined): boolean {
  if (theirs === undefined) return false;
  return before === undefined ? theirs > FAR_MS : before < theirs && !isSame(before, theirs);
}

/** Whether another relay keeps the peer. Nothing is left to one that has yet to connect, nor by one that has yet to tell its round trip. */
function isNearer(peer: string, rivals: readonly Rival[], own: Rival): boolean {
  const ready = rivals.filter(({ ms }) => ms !== undefined);
  if (own.ms === undefined || ready.length === 0) return false;
  const all = [own, ...ready];
  const least = Math.min(...all.map(({ ms }) => ms ?? Number.POSITIVE_INFINITY));
  const nearest = all.filter(({ ms }) => ms !== undefined && (ms === least || isSame(ms, least)));
  const [keeper] = nearest.sort((a, b) => lot(a.relay, peer) - lot(b.relay, peer) || (a.relay < b.relay ? -1 : 1));
  return keeper !== own;
}

function isSame(a: number, b: number): boolean {
  if (a === KEPT_MS || b === KEPT_MS) return a === b;
  return Math.abs(a - b) <= Math.max(NOISE_MS, NOISE_SHARE * Math.max(a, b));
}

/** FNV-1a of relay and peer, mixed once more, as neighbouring ports differ in a bit: the same number at every relay. */
function lot(relay: string, peer: string): number {
  let hash = 0x811c_9dc5;
  for (const char of `${relay} ${peer}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
