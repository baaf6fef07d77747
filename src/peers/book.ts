/**
 * The peer book: all known peers, bounded, and hard to poison.
 *
 * An entry is *kept* when a handshake of our own proved it, or dashd, the masternode list or the operator named it; it is *heard* when only
 * gossip or a DNS seed named it. The rules, and what they bound:
 *
 * - Each of the two may take three quarters of the book at most, so a quarter always belongs to the other. Hearsay never evicts
 *   a kept entry: pushing out one proven peer takes more proven or vouched ones than three quarters of the book, and each proof is a
 *   dial that we chose to make.
 * - What one peer announces is limited by a token bucket (Core's: 0.1 addresses a second, 1,000 saved up), and what one network group
 *   (/16, /32) announces by another, twice that. When a message holds more than is granted, the accepted entries are chosen at random.
 * - All that a network group has announced holds at most 1/16 of the room for hearsay (as Core's new table: 64 of 1,024 buckets);
 *   beyond, its own oldest entry is evicted. To fill the room an attacker needs nodes we talk to in 16 groups.
 * - The entries of one network group hold at most 1/32 of that room, whoever announced them.
 * - In a full book the largest group loses an entry, and a newcomer of the largest group is refused: entries of a small
 *   group are safe while any group is larger.
 *
 * Source of the pattern: Core `addrman.h` ("new" and "tried" tables). Every step is O(1) but evicting a kept entry, O(its group).
 */

import { BoundedSet } from '../common/bounded.js';
import { ADDRESS_REFUSALS } from '../contracts/codes.js';
import { HOUR_MS, MINUTE_MS, type Random } from '../time.js';
import type { NetworkName } from '../wire/network.js';
import {
  isLocalNetwork,
  isRoutable,
  keyOf,
  networkGroup,
  type PeerAddress,
  type PeerKey,
  parseAddress,
  portStanding,
  toAddress,
} from './address.js';
import { Allowances } from './allowance.js';
import { BACKOFF } from './backoff.js';
import { NODE_NETWORK } from './fitness.js';
import { GroupIndex } from './group-index.js';
import { delivered, isProven, newRecord, type Observation, observe, type PeerRecord, type Source } from './record.js';

export interface BookLimits {
  /** The maximum number of entries. */
  readonly capacity: number;
  /** Addresses one peer may announce at once, and a second. Source: Core `net_processing.cpp`. */
  readonly gossipBurst: number;
  readonly gossipPerSecond: number;
  /** How long (ms) an entry lives without a sign of life. Core's `ADDRMAN_HORIZON`. */
  readonly horizonMs: number;
  /** Failed connections after which an entry that never once connected is dropped. */
  readonly maxFailures: number;
}

const DAY_MS = 24 * HOUR_MS;

export const BOOK_LIMITS: BookLimits = {
  capacity: 20_000,
  gossipBurst: 1_000,
  gossipPerSecond: 0.1,
  horizonMs: 30 * DAY_MS,
  maxFailures: 10,
};

/** An entry of `addr` or `addrv2`. */
export interface GossipEntry {
  /** Without brackets around IPv6. */
  readonly host: string;
  readonly port: number;
  readonly services: bigint;
  /** When it was last seen, according to the sender, ms since the epoch. */
  readonly seenAt: number;
}

export type Refusal = (typeof ADDRESS_REFUSALS)[number];

/** The result of one call, by entry. */
export interface Tally {
  added: number;
  /** Known before; a newer sign of life was noted. */
  known: number;
  /** Of those added or known: dated more than ten minutes ahead, and treated as five days old. */
  futureDated: number;
  readonly refused: Record<Refusal, number>;
}

/** What a trusted source knows besides the address. */
export interface Known {
  readonly services?: bigint;
  readonly pingMs?: number;
  readonly seenAt?: number;
}

/** Core's rule: a clock that is so far ahead is wrong, but the address may be right. */
const FUTURE_MS = 10 * MINUTE_MS;
const FUTURE_DATED_AGE_MS = 5 * DAY_MS;
/** Announced times are reduced by this much, so that they never look fresher than our own observations. Core's value. */
const HEARSAY_AGE_MS = 2 * HOUR_MS;
const MAX_SHARE = 3 / 4;
const VIA_SHARE = 1 / 16;
const GROUP_SHARE = 1 / 32;
/** Members of the largest group that are compared to find the one to evict. */
const EVICTION_SAMPLE = 16;
/** Each may cost 0.1 ms before the code is compiled. */
const ENTRIES_A_STEP = 20;
const MAX_EXCLUDED = 1_000;
const MAX_ALLOWANCES = 4_096;
const VOUCHING: ReadonlySet<Source> = new Set(['local_dashd', 'dashd', 'masternode', 'configured']);

export class PeerBook {
  readonly #records = new Map<PeerKey, PeerRecord>();
  readonly #kept = new GroupIndex();
  readonly #heard = new GroupIndex();
  /** Heard entries by the group that announced them, oldest first. */
  readonly #via = new Map<string, Set<PeerKey>>();
  readonly #excluded = new BoundedSet<PeerKey>(MAX_EXCLUDED);
  readonly #perPeer: Allowances;
  readonly #perGroup: Allowances;
  readonly #totals = newTally();
  #evicted = 0;

  constructor(
    private readonly network: NetworkName,
    private readonly random: Random,
    private readonly limits: BookLimits = BOOK_LIMITS,
  ) {
    this.#perPeer = new Allowances({ burst: limits.gossipBurst, perSecond: limits.gossipPerSecond }, MAX_ALLOWANCES);
    this.#perGroup = new Allowances(
      { burst: 2 * limits.gossipBurst, perSecond: 2 * limits.gossipPerSecond },
      MAX_ALLOWANCES,
    );
  }

  get size(): number {
    return this.#records.size;
  }

  /** Entries that hearsay cannot evict. */
  get keptSize(): number {
    return this.#kept.size;
  }

  /** Since the start: entries added, refused and evicted. */
  get totals(): Readonly<Tally> & { readonly evicted: number } {
    return { ...this.#totals, refused: { ...this.#totals.refused }, evicted: this.#evicted };
  }

  get(key: PeerKey): PeerRecord | undefined {
    return this.#records.get(key);
  }

  records(): IterableIterator<PeerRecord> {
    return this.#records.values();
  }

  /**
   * Takes in what a peer announced.
   * @param from the peer that announced them; the local dashd is not limited
   * @param now ms since the epoch
   */
  gossip(from: PeerKey, entries: readonly GossipEntry[], now: number): Tally {
    const steps = this.gossiping(from, entries, now);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same in steps of under a millisecond, for a caller that must not block the event loop. */
  *gossiping(from: PeerKey, entries: readonly GossipEntry[], now: number): Generator<undefined, Tally> {
    const tally = newTally();
    const teller = this.#records.get(from);
    const via = this.#tellerGroup(from, teller);
    const granted = teller?.protected === true ? entries : this.#granted(from, via, entries, now, tally);
    const seen = new Set<PeerKey>();
    for (const [index, entry] of granted.entries()) {
      if (index > 0 && index % ENTRIES_A_STEP === 0) yield;
      const outcome = this.#gossiped(entry, from, teller?.protected === true ? undefined : via, now, seen, tally);
      if (outcome === 'added' || outcome === 'known') tally[outcome]++;
      else tally.refused[outcome]++;
    }
    this.#sumUp(tally);
    return tally;
  }

  /**
   * Adds a peer from a source other than gossip. The operator (`configured`) may name any address, dashd any address whose port is not
   * another service's; others must be at an address where a node of this network can be reached.
   * @param now ms since the epoch
   * @returns the result
   */
  hear(
    address: PeerAddress,
    source: Exclude<Source, 'local_dashd' | 'p2p_discovery'>,
    now: number,
    known: Known = {},
  ): 'added' | 'known' | Refusal {
    const refusal = this.#refuses(address, source);
    const hearsay = source === 'dns' || source === 'masternode';
    const seenAt = Math.min(known.seenAt ?? (hearsay ? now - HEARSAY_AGE_MS : now), now);
    const outcome = refusal ?? this.#note(withKnown(newRecord(address, source, now, seenAt), known, now), true);
    const tally = newTally();
    if (outcome === 'added' || outcome === 'known') tally[outcome]++;
    else tally.refused[outcome]++;
    this.#sumUp(tally);
    return outcome;
  }

  /** Makes an address the pool's own dashd: never scored, rotated, pruned, evicted or removed. */
  protect(address: PeerAddress, now: number): PeerRecord {
    const before = this.#records.get(keyOf(address)) ?? newRecord(address, 'local_dashd', now);
    if (this.#records.has(before.key)) this.#drop(before);
    const { via: _, ...known } = before;
    const record: PeerRecord = { ...known, protected: true, sources: union(before.sources, ['local_dashd']) };
    this.#excluded.delete(record.key);
    this.#put(record);
    return record;
  }

  /** Notes what was seen of a peer at `now` (ms). @returns its new record, or undefined when the book does not have it */
  observe(key: PeerKey, seen: Observation, now: number): PeerRecord | undefined {
    const before = this.#records.get(key);
    if (before === undefined) return undefined;
    const after = observe(before, seen, now, this.random);
    this.#replace(before, after);
    return after;
  }

  /** Removes a peer; it may be announced again. @returns false when it is unknown or protected */
  remove(key: PeerKey): boolean {
    const record = this.#records.get(key);
    if (record === undefined || record.protected) return false;
    this.#drop(record);
    return true;
  }

  /** Removes a peer and keeps it out until {@link readmit}: an address of a node that counts already. @returns false when it is protected */
  exclude(key: PeerKey): boolean {
    if (this.#records.get(key)?.protected === true) return false;
    this.remove(key);
    this.#excluded.add(key);
    return true;
  }

  isExcluded(key: PeerKey): boolean {
    return this.#excluded.has(key);
  }

  /** Ends the exclusion of a peer. */
  readmit(key: PeerKey): void {
    this.#excluded.delete(key);
  }

  /**
   * Removes entries without a sign of life within the horizon, and those that never connected in all attempts. Configured and protected
   * peers stay, and so do those in `live`: a connection is a sign of life, even if the clock was set.
   * @returns the number of removed entries
   */
  prune(now: number, live: Pick<ReadonlySet<PeerKey>, 'has'> = new Set()): number {
    const gone = [...this.#records.values()].filter((record) => !live.has(record.key) && this.#isDead(record, now));
    for (const record of gone) this.#drop(record);
    return gone.length;
  }

  /**
   * Adds saved or imported records under the same rules as others: a file cannot exceed the limits, nor protect a peer. Observations of the
   * book override the file.
   */
  restore(records: Iterable<PeerRecord>, now: number): Tally {
    const tally = newTally();
    for (const saved of records) {
      const outcome = this.#restored(saved, now);
      if (outcome === 'added' || outcome === 'known') tally[outcome]++;
      else tally.refused[outcome]++;
    }
    this.#sumUp(tally);
    return tally;
  }

  #restored(saved: PeerRecord, now: number): 'added' | 'known' | Refusal {
    const source = trustedSource(saved);
    const mine = this.#records.get(saved.key);
    // The rules for addresses do not apply to the pool's own dashd.
    const refusal = mine?.protected === true ? undefined : this.#refuses(saved, source);
    if (refusal !== undefined) return refusal;
    const record = notAhead(saved, now);
    if (this.#isDead(record, now)) return 'stale';
    if (mine === undefined) return this.#note(record, true);
    if (isProven(mine) || !isProven(record)) return this.#note(record, true);
    const sources = union(mine.sources, record.sources);
    this.#replace(mine, {
      ...record,
      host: mine.host,
      protected: mine.protected,
      sources,
      firstSeen: Math.min(mine.firstSeen, record.firstSeen),
    });
    return 'known';
  }

  #tellerGroup(from: PeerKey, teller: PeerRecord | undefined): string {
    if (teller !== undefined) return teller.group;
    const address = parseAddress(from);
    return address === undefined ? from : networkGroup(address);
  }

  #granted(
    from: PeerKey,
    via: string,
    entries: readonly GossipEntry[],
    now: number,
    tally: Tally,
  ): readonly GossipEntry[] {
    const ofPeer = this.#perPeer.take(from, entries.length, now);
    const ofGroup = this.#perGroup.take(via, ofPeer, now);
    tally.refused['peer-rate'] += entries.length - ofPeer;
    tally.refused['group-rate'] += ofPeer - ofGroup;
    return ofGroup === entries.length ? entries : drawn(entries, ofGroup, this.random);
  }

  #gossiped(
    entry: GossipEntry,
    from: PeerKey,
    via: string | undefined,
    now: number,
    seen: Set<PeerKey>,
    tally: Tally,
  ): 'added' | 'known' | Refusal {
    const address = toAddress(entry.host, entry.port);
    if (address === undefined) return 'malformed';
    const key = keyOf(address);
    if (seen.has(key)) return 'duplicate';
    seen.add(key);
    if ((entry.services & NODE_NETWORK) === 0n) return 'no-network-service';
    const refusal = this.#refuses(address, 'p2p_discovery');
    if (refusal !== undefined) return refusal;
    const ahead = entry.seenAt > now + FUTURE_MS;
    const seenAt = ahead
      ? now - FUTURE_DATED_AGE_MS
      : Math.min(entry.seenAt, now) - (key === from ? 0 : HEARSAY_AGE_MS);
    if (now - seenAt > this.limits.horizonMs) return 'stale';
    const record = { ...newRecord(address, 'p2p_discovery', now, seenAt), services: entry.services };
    // An entry with an impossible date may take free room, but evicts no other.
    const outcome = this.#note(via === undefined ? record : { ...record, via }, !ahead);
    if (ahead && (outcome === 'added' || outcome === 'known')) tally.futureDated++;
    return outcome;
  }

  #refuses(address: PeerAddress, source: Source): Refusal | undefined {
    if (this.#excluded.has(keyOf(address))) return 'excluded';
    if (source === 'configured' || source === 'local_dashd') return undefined;
    // dashd dials private addresses and names only if its operator configured them.
    if (source !== 'dashd' && !isRoutable(address, this.network)) return 'unroutable';
    const standing = portStanding(address.port, this.network);
    const anyPort = source === 'dashd' || source === 'masternode' || isLocalNetwork(this.network);
    return standing === 'standard' || (standing === 'other' && anyPort) ? undefined : 'non-standard-port';
  }

  /** Adds an entry, or merges it into the existing one. */
  #note(news: PeerRecord, mayEvict: boolean): 'added' | 'known' | Refusal {
    const before = this.#records.get(news.key);
    if (before !== undefined) {
      this.#replace(before, merged(before, news));
      return 'known';
    }
    const refusal = isKept(news) ? this.#roomForKept(news) : this.#roomForHeard(news, mayEvict);
    if (refusal !== undefined) return refusal;
    this.#put(news);
    return 'added';
  }

  #replace(before: PeerRecord, after: PeerRecord): void {
    if (isKept(before) === isKept(after)) {
      this.#records.set(after.key, after);
      return;
    }
    this.#drop(before);
    // Without room among the kept it becomes a heard entry; it has just freed that room.
    if (isKept(after) && this.#roomForKept(after) !== undefined) this.#put(before);
    else this.#put(after);
  }

  #put(record: PeerRecord): void {
    this.#records.set(record.key, record);
    if (isKept(record)) {
      this.#kept.add(record.group, record.key);
      return;
    }
    this.#heard.add(record.group, record.key);
    if (record.via === undefined) return;
    const announced = this.#via.get(record.via) ?? new Set();
    this.#via.set(record.via, announced.add(record.key));
  }

  #drop(record: PeerRecord): void {
    this.#records.delete(record.key);
    (isKept(record) ? this.#kept : this.#heard).delete(record.group, record.key);
    if (record.via === undefined) return;
    const announced = this.#via.get(record.via);
    announced?.delete(record.key);
    if (announced?.size === 0) this.#via.delete(record.via);
  }

  #evict(record: PeerRecord): void {
    this.#drop(record);
    this.#evicted++;
  }

  #roomForHeard(news: PeerRecord, mayEvict: boolean): Refusal | undefined {
    const most = Math.floor(this.limits.capacity * MAX_SHARE);
    if (this.#heard.members(news.group).size >= Math.max(1, Math.floor(most * GROUP_SHARE))) return 'network-quota';
    const announced = news.via === undefined ? undefined : this.#via.get(news.via);
    if (announced !== undefined && announced.size >= Math.max(1, Math.floor(most * VIA_SHARE))) {
      const oldest = this.#firstOf(announced);
      if (!mayEvict || oldest === undefined) return 'book-full';
      this.#evict(oldest);
    }
    if (this.#heard.size < most && this.size < this.limits.capacity) return undefined;
    const victim = mayEvict ? this.#heardVictim(news.group) : undefined;
    if (victim === undefined) return 'book-full';
    this.#evict(victim);
    return undefined;
  }

  #firstOf(keys: ReadonlySet<PeerKey>): PeerRecord | undefined {
    const key = keys.values().next().value;
    return key === undefined ? undefined : this.#records.get(key);
  }

  /** The worst of a few entries of the largest group; undefined when the new entry belongs to that group. */
  #heardVictim(newcomersGroup?: string): PeerRecord | undefined {
    const group = this.#heard.largest();
    if (group === undefined) return undefined;
    const members = this.#heard.members(group);
    if (newcomersGroup !== undefined && this.#heard.members(newcomersGroup).size >= members.size) return undefined;
    let worst: PeerRecord | undefined;
    let compared = 0;
    for (const key of members) {
      if (compared++ === EVICTION_SAMPLE) break;
      const record = this.#records.get(key);
      if (record !== undefined && (worst === undefined || isWorseHearsay(record, worst))) worst = record;
    }
    return worst;
  }

  #roomForKept(news: PeerRecord): Refusal | undefined {
    const most = Math.floor(this.limits.capacity * MAX_SHARE);
    if (this.#kept.size < most && this.size < this.limits.capacity) return undefined;
    const victim = (this.#kept.size < most ? this.#heardVictim() : undefined) ?? this.#keptVictim(news);
    if (victim === undefined) return 'book-full';
    this.#evict(victim);
    return undefined;
  }

  /** The least proven of the largest group; in the new entry's own group, only one that is less proven than it. */
  #keptVictim(news: PeerRecord): PeerRecord | undefined {
    const group = this.#kept.largest();
    if (group === undefined) return undefined;
    const ownIsLargest = this.#kept.members(news.group).size >= this.#kept.members(group).size;
    let worst: PeerRecord | undefined = ownIsLargest ? news : undefined;
    for (const key of this.#kept.members(ownIsLargest ? news.group : group)) {
      const record = this.#records.get(key);
      if (record === undefined || isUntouchable(record)) continue;
      if (worst === undefined || standing(record) < standing(worst)) worst = record;
    }
    return worst === news ? undefined : worst;
  }

  #isDead(record: PeerRecord, now: number): boolean {
    if (isUntouchable(record)) return false;
    if (now - record.lastSeen > this.limits.horizonMs) return true;
    return !isProven(record) && record.connections.failed >= this.limits.maxFailures;
  }

  #sumUp(tally: Tally): void {
    this.#totals.added += tally.added;
    this.#totals.known += tally.known;
    this.#totals.futureDated += tally.futureDated;
    for (const reason of ADDRESS_REFUSALS) this.#totals.refused[reason] += tally.refused[reason];
  }
}

function newTally(): Tally {
  const refused = Object.fromEntries(ADDRESS_REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>;
  return { added: 0, known: 0, futureDated: 0, refused };
}

function isUntouchable(record: PeerRecord): boolean {
  return record.protected || record.sources.includes('configured');
}

function isKept(record: PeerRecord): boolean {
  return record.protected || isProven(record) || record.sources.some((source) => VOUCHING.has(source));
}

/** Orders kept entries: delivered a block, then shook hands, then vouched for; within each the one seen last ranks highest. */
function standing(record: PeerRecord): number {
  const rank = delivered(record) > 0 ? 2 : isProven(record) ? 1 : 0;
  return rank * 1e15 + (record.lastConnected ?? record.lastSeen);
}

function isWorseHearsay(a: PeerRecord, b: PeerRecord): boolean {
  if (a.connections.failed !== b.connections.failed) return a.connections.failed > b.connections.failed;
  return a.lastSeen < b.lastSeen;
}

function trustedSource(record: PeerRecord): Source {
  for (const source of ['configured', 'dashd', 'masternode'] as const)
    if (record.sources.includes(source)) return source;
  return 'p2p_discovery';
}

/** A record from a file, without claims that only the configuration may make, and without dates in the future. */
function notAhead(record: PeerRecord, now: number): PeerRecord {
  const latest = now + BACKOFF.maxMs;
  return {
    ...record,
    protected: false,
    sources: record.sources.includes('local_dashd')
      ? union(
          record.sources.filter((source) => source !== 'local_dashd'),
          ['dashd'],
        )
      : record.sources,
    firstSeen: Math.min(record.firstSeen, now),
    lastSeen: Math.min(record.lastSeen, now),
    ...(record.lastConnected === undefined ? {} : { lastConnected: Math.min(record.lastConnected, now) }),
    backoff: { ...record.backoff, retryAt: Math.min(record.backoff.retryAt, latest) },
  };
}

/** Own observations override announced data. */
function merged(before: PeerRecord, news: PeerRecord): PeerRecord {
  const sources = union(before.sources, news.sources);
  const after: PeerRecord = {
    ...before,
    // The operator's spelling of a name is kept for the resolver.
    ...(news.sources.includes('configured') ? { host: news.host } : {}),
    sources,
    lastSeen: Math.max(before.lastSeen, news.lastSeen),
    ...(before.ping === undefined && news.ping !== undefined ? { ping: news.ping } : {}),
    ...(!isProven(before) && news.services !== undefined ? { services: news.services } : {}),
  };
  if (!isKept(after) || after.via === undefined) return after;
  const { via: _, ...vouched } = after;
  return vouched;
}

function withKnown(record: PeerRecord, known: Known, now: number): PeerRecord {
  return {
    ...record,
    ...(known.services === undefined ? {} : { services: known.services }),
    ...(known.pingMs === undefined ? {} : { ping: { minMs: known.pingMs, smoothedMs: known.pingMs, at: now } }),
  };
}

function union(before: readonly Source[], more: readonly Source[]): readonly Source[] {
  return more.every((source) => before.includes(source)) ? before : [...new Set([...before, ...more])];
}

/** `count` random entries: whoever announced them cannot choose which. */
function drawn(entries: readonly GossipEntry[], count: number, random: Random): readonly GossipEntry[] {
  const pool = [...entries];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random.float() * (pool.length - i));
    const [a, b] = [pool[i], pool[j]];
    if (a === undefined || b === undefined) break;
    pool[i] = b;
    pool[j] = a;
  }
  return pool.slice(0, count);
}
