/**
 * To which members of the active quorums connections are made, kept and given up. Pure; `streams/quorum/` carries it out.
 *
 * - Near members come before far ones. A block is locked by 60 % of its quorum, so the signers that are farther than that are of no use: with
 *   400 connections from Europe the time to 240 signers is 4 and 7 % less (15 KB), and 1 and 3 % (300 KB), than with members of several quorums first,
 *   near or far (simulated, two latency tables, 100 networks).
 * - Of both, members of several active quorums come first: they are signers more often, and stay members for longer.
 * - Among the members of as many quorums, the quorum with the fewest connections comes first: any of them may sign the next block.
 * - A connection stays while its masternode is a member of an active quorum. So a rotation of quorums (mainnet: one of four every 288
 *   blocks) costs only the connections to members of the one that retires, and a few swaps.
 *
 * Cost: for each connection that is begun, one look at each combination of quorums that has members; 1,350 members take about a millisecond.
 */
import type { QUORUM_CONNECT, QUORUM_DISCONNECT, QUORUM_SKIP } from '../messages/quorums.js';
import type { Hash } from '../wire/reader.js';

/** A masternode that may be connected to. */
export interface Reachable {
  readonly masternode: Hash;
  /** `host:port` */
  readonly peer: string;
  /** The network that one owner is likely to control (/16, /32). */
  readonly group: string;
  /** The active quorums that it is a valid member of; one or more. */
  readonly quorums: readonly Hash[];
}

export interface ConnectInput {
  /** One entry for each masternode. */
  readonly members: readonly Reachable[];
  /** Quorum connections, made or being made, by `host:port`. */
  readonly connected: ReadonlySet<string>;
  /** Peers that are connected for another reason: they are reached already. */
  readonly elsewhere: ReadonlySet<string>;
  /** Members that another relay of the cluster is connected to: they are reached already. */
  readonly left?: (peer: string) => boolean;
  /** Peers not to be dialled now: they failed, or were lost, a moment ago. */
  readonly waiting: ReadonlySet<string>;
  /** Quorum connections at most. */
  readonly max: number;
  /** Connections to one network group at most. */
  readonly maxPerGroup: number;
  /** Connections that this plan may begin. */
  readonly maxNew: number;
  /** Connections that this plan may give up for a nearer member, or one of more quorums. */
  readonly maxSwaps: number;
  /** A number for each peer, the lowest first among equals: random, so that relays choose differently, or what was learned of the peer. */
  readonly lot: (peer: string) => number;
  /** There and back, milliseconds; undefined where it is not known, as for all unless given. */
  readonly roundTripMs?: ((peer: string) => number | undefined) | undefined;
}

/**
 * This share of the members whose round trip is known is near: those who lock a block, and some more, since a few are slow or away. With 0.65
 * the time to 240 signers is 1 % longer, with 0.75 half a per cent, as the mean of two block sizes and two latency tables (simulated, 20 networks).
 */
const NEAR_SHARE = 0.7;
/** Fewer known round trips say little of what is near. */
const MIN_KNOWN = 50;

export type QuorumConnectCode = keyof typeof QUORUM_CONNECT;
export type QuorumDisconnectCode = keyof typeof QUORUM_DISCONNECT;
export type QuorumSkipCode = keyof typeof QUORUM_SKIP;

export interface ConnectPlan {
  readonly connect: readonly { readonly peer: string; readonly code: QuorumConnectCode }[];
  readonly disconnect: readonly { readonly peer: string; readonly code: QuorumDisconnectCode }[];
  readonly keep: readonly string[];
  readonly skipped: Readonly<Record<QuorumSkipCode, number>>;
  /** Why a member has no connection; undefined for one that has, or gets, one, and for a peer that is no member. */
  whyNot(peer: string): QuorumSkipCode | undefined;
}

export function planConnections(input: ConnectInput): ConnectPlan {
  const { max, maxNew, maxPerGroup, lot } = input;
  const byPeer = distinct(input.members);
  const places = new Places(maxPerGroup);
  for (const member of reachedElsewhere(byPeer, input)) places.reach(member);
  const keep: Reachable[] = [];
  const disconnect: { readonly peer: string; readonly code: QuorumDisconnectCode }[] = [];
  for (const peer of input.connected) {
    const member = byPeer.get(peer);
    const code = member === undefined ? 'not-a-member' : keepFault(places, member, keep.length, max);
    if (member === undefined || code !== undefined) disconnect.push({ peer, code: code ?? 'not-a-member' });
    else keep.push(places.occupy(member));
  }
  const skipped: Record<QuorumSkipCode, number> = {
    'connected-elsewhere': 0,
    'other-relay': 0,
    'same-address': input.members.length - byPeer.size,
    waiting: 0,
    'group-share': 0,
    'over-max': 0,
    'ramp-up': 0,
  };
  const candidates = [...byPeer.values()].filter(({ peer }) => {
    if (input.connected.has(peer)) return false;
    const bar = barOf(peer, input);
    if (bar !== undefined) skipped[bar] += 1;
    return bar === undefined;
  });
  const worthOf = worthBy(byPeer, input);
  const ranks = ranked(candidates, lot, worthOf);
  const connect: { readonly peer: string; readonly code: QuorumConnectCode }[] = [];
  const free = Math.max(0, max - keep.length);
  while (connect.length < Math.min(free, maxNew)) {
    const member = next(ranks, places);
    if (member === undefined) break;
    places.occupy(member);
    connect.push({ peer: member.peer, code: member.quorums.length > 1 ? 'several-quorums' : 'spread' });
  }
  if (free === 0) swap(input, { ranks, places, keep, connect, disconnect, worthOf });
  skipped['group-share'] = places.refused.size;
  const left = candidates.length - connect.length - places.refused.size;
  skipped['ramp-up'] = Math.min(left, Math.max(0, free - connect.length));
  skipped['over-max'] = left - skipped['ramp-up'];
  const kept = keep.map(({ peer }) => peer);
  const served = new Set([...kept, ...connect.map(({ peer }) => peer)]);
  const whyNot = (peer: string): QuorumSkipCode | undefined => {
    if (served.has(peer) || !byPeer.has(peer)) return undefined;
    const bar = barOf(peer, input);
    if (bar !== undefined) return bar;
    if (places.refused.has(peer)) return 'group-share';
    return skipped['ramp-up'] > 0 ? 'ramp-up' : 'over-max';
  };
  return { connect, disconnect, keep: kept, skipped, whyNot };
}

const NOBODY = (): boolean => false;

/** Members that are connected for another reason, or to another relay of the cluster. */
function reachedElsewhere(
  byPeer: ReadonlyMap<string, Reachable>,
  { elsewhere, left = NOBODY }: ConnectInput,
): readonly Reachable[] {
  return [...byPeer.values()].filter(({ peer }) => elsewhere.has(peer) || left(peer));
}

function barOf(peer: string, { elsewhere, left = NOBODY, waiting }: ConnectInput): QuorumSkipCode | undefined {
  if (elsewhere.has(peer)) return 'connected-elsewhere';
  if (left(peer)) return 'other-relay';
  return waiting.has(peer) ? 'waiting' : undefined;
}

/** One entry for each address: of several masternodes at one address, the one in the most quorums counts. */
function distinct(members: readonly Reachable[]): Map<string, Reachable> {
  const byPeer = new Map<string, Reachable>();
  for (const member of members) {
    const before = byPeer.get(member.peer);
    if (before === undefined || before.quorums.length < member.quorums.length) byPeer.set(member.peer, member);
  }
  return byPeer;
}

function keepFault(places: Places, member: Reachable, kept: number, max: number): QuorumDisconnectCode | undefined {
  if (kept >= max) return 'over-max';
  return places.fits(member) ? undefined : 'group-share';
}

/** How many connections each network group and each quorum has. */
class Places {
  readonly #groups = new Map<string, number>();
  readonly #quorums = new Map<Hash, number>();

  /** Candidates whose network had no slot left. */
  readonly refused = new Set<string>();

  constructor(private readonly maxPerGroup: number) {}

  fits({ group }: Reachable): boolean {
    return (this.#groups.get(group) ?? 0) < this.maxPerGroup;
  }

  /** Counts a connection that takes no slot. */
  reach(member: Reachable | undefined): void {
    for (const quorum of member?.quorums ?? []) add(this.#quorums, quorum, 1);
  }

  occupy(member: Reachable): Reachable {
    add(this.#groups, member.group, 1);
    this.reach(member);
    return member;
  }

  leave(member: Reachable): void {
    add(this.#groups, member.group, -1);
    for (const quorum of member.quorums) add(this.#quorums, quorum, -1);
  }

  /** Connections to the least connected of the quorums. */
  least(quorums: readonly Hash[]): number {
    return Math.min(...quorums.map((quorum) => this.#quorums.get(quorum) ?? 0));
  }
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** The more a connection to a member is worth, the greater. */
type WorthOf = (member: Reachable) => number;

/** A near member of one quorum is worth more than a far one of all. One of unknown distance counts as near, so that it becomes known. */
function worthBy(byPeer: ReadonlyMap<string, Reachable>, { roundTripMs }: ConnectInput): WorthOf {
  const known = [...byPeer.keys()].flatMap((peer) => roundTripMs?.(peer) ?? []).sort((a, b) => a - b);
  const limit = known.length < MIN_KNOWN ? undefined : known[Math.floor(NEAR_SHARE * known.length)];
  const most = Math.max(0, ...[...byPeer.values()].map(({ quorums }) => quorums.length));
  return ({ peer, quorums }) => {
    const isFar = limit !== undefined && (roundTripMs?.(peer) ?? 0) > limit;
    return quorums.length + (isFar ? 0 : most);
  };
}

/** The members of the same quorums that are worth the same, in the order of their lots. */
interface Combination {
  readonly quorums: readonly Hash[];
  readonly members: Reachable[];
}

/** The combinations by what they are worth, the most first. */
function ranked(candidates: readonly Reachable[], lot: ConnectInput['lot'], worthOf: WorthOf): Combination[][] {
  const combinations = new Map<string, Combination & { readonly worth: number }>();
  for (const member of candidates) {
    const worth = worthOf(member);
    const key = `${worth} ${[...member.quorums].sort().join()}`;
    const combination = combinations.get(key) ?? { worth, quorums: member.quorums, members: [] };
    combination.members.push(member);
    combinations.set(key, combination);
  }
  const ranks: Combination[][] = [];
  for (const combination of combinations.values()) {
    const lots = new Map(combination.members.map(({ peer }) => [peer, lot(peer)]));
    // The next is taken from the end.
    combination.members.sort((a, b) => (lots.get(b.peer) ?? 0) - (lots.get(a.peer) ?? 0) || (a.peer < b.peer ? 1 : -1));
    const rank = ranks[combination.worth] ?? [];
    ranks[combination.worth] = rank;
    rank.push(combination);
  }
  return ranks.filter((rank) => rank !== undefined).reverse();
}

/** Takes the best member whose network has a slot left; those without are dropped. */
function next(ranks: readonly Combination[][], places: Places): Reachable | undefined {
  for (const rank of ranks) {
    for (;;) {
      const combination = leastConnected(rank, places);
      const member = combination?.members.pop();
      if (member === undefined) break;
      if (places.fits(member)) return member;
      places.refused.add(member.peer);
    }
  }
  return undefined;
}

function leastConnected(rank: readonly Combination[], places: Places): Combination | undefined {
  let best: Combination | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const combination of rank) {
    const connections = combination.members.length === 0 ? Number.POSITIVE_INFINITY : places.least(combination.quorums);
    if (connections >= fewest) continue;
    best = combination;
    fewest = connections;
  }
  return best;
}

interface Draft {
  readonly ranks: readonly Combination[][];
  readonly places: Places;
  readonly keep: Reachable[];
  readonly connect: { readonly peer: string; readonly code: QuorumConnectCode }[];
  readonly disconnect: { readonly peer: string; readonly code: QuorumDisconnectCode }[];
  readonly worthOf: WorthOf;
}

/** Gives slots of members that are worth little to those that are worth more. */
function swap({ maxNew, maxSwaps }: ConnectInput, { ranks, places, keep, connect, disconnect, worthOf }: Draft): void {
  const limit = Math.min(maxNew, maxSwaps);
  if (limit === 0) return;
  keep.sort((a, b) => worthOf(b) - worthOf(a));
  while (connect.length < limit) {
    const worst = keep.at(-1);
    const better = worst === undefined ? undefined : next(ranks, places);
    if (worst === undefined || better === undefined || worthOf(better) <= worthOf(worst)) return;
    keep.pop();
    places.leave(worst);
    places.occupy(better);
    disconnect.push({ peer: worst.peer, code: 'outweighed' });
    connect.push({ peer: better.peer, code: 'swap' });
  }
}
