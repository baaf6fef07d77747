/**
 * Which peers are witnesses (docs/witnesses.md): peers that are never pushed a block, whose announcements tell how fast the network is. Pure.
 *
 * - The broadcast and the quorums come first: a witness is a peer that neither of them has or wants. While the broadcast has free slots, the
 *   candidates that it could fill them with are left to it, and witnesses are given up for it.
 * - One witness a network group: one owner is likely to control what is in it. Then they are spread over the regions of the world, and over
 *   countries.
 * - Among equals those come first that answered before, and whose network has no peer that is pushed to; peers of the pool's own dashd come last: that one gives
 *   them the block. The rest is random. Speed does not count: the figure is that of the network.
 * - A witness stays until it is lost or is of no use: a figure of other peers each time would not be comparable.
 *
 * Cost: one look at each record, in steps; of the candidates {@link MAX_CANDIDATES} are compared.
 */
import { fill } from '../messages/fill.js';
import { WITNESS_CHOSEN } from '../messages/witnesses.js';
import type { AddressFamily, PeerKey } from './address.js';
import { FITNESS } from './fitness.js';
import type { CountryOf } from './occupancy.js';
import { isProven, type PeerRecord } from './record.js';
import { regionOf } from './region.js';
import { barOf } from './standing.js';

export interface WitnessInput {
  readonly records: readonly PeerRecord[];
  /** Witnesses, connected or being connected to, in the order in which they were chosen. */
  readonly current: readonly PeerRecord[];
  /** `witnesses.count` */
  readonly max: number;
  /** Peers that are connected, or being connected to, for the broadcast or a quorum. */
  readonly pushed: ReadonlySet<PeerKey>;
  /** Slots of the broadcast that are free. */
  readonly freeSlots: number;
  /** True for a member of an active ChainLock quorum. */
  readonly isMember: (peer: PeerKey) => boolean;
  /** Not to be dialled now: they were lost a moment ago, or were of no use. */
  readonly waiting: ReadonlySet<PeerKey>;
  readonly dashdPeers?: ReadonlySet<PeerKey>;
  /** Networks where all nodes may share one address, such as regtest, have several witnesses a group. */
  readonly isLocal: boolean;
  readonly country?: CountryOf | undefined;
  /** Unix ms. */
  readonly now: number;
  /** A random number for each peer, the same each time. */
  readonly lot: (peer: PeerKey) => number;
}

export interface ChosenWitness {
  readonly record: PeerRecord;
  /** In words. */
  readonly why: string;
}

export interface WitnessPlan {
  readonly add: readonly ChosenWitness[];
  readonly drop: readonly { readonly peer: PeerKey; readonly code: 'quorum-member' | 'broadcast' }[];
}

const DIALABLE: ReadonlySet<AddressFamily> = new Set(['ipv4', 'ipv6', 'name']);
const RECORDS_A_STEP = 500;
/** The best by rank; of equals a random part, so that all regions are in it. */
export const MAX_CANDIDATES = 512;

/** The plan at once. */
export function chooseWitnesses(input: WitnessInput): WitnessPlan {
  const steps = choosingWitnesses(input);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a millisecond or so. */
export function* choosingWitnesses(input: WitnessInput): Generator<undefined, WitnessPlan> {
  const { current, max, freeSlots, isMember } = input;
  const candidates = new Candidates(input);
  let steps = 0;
  for (const record of input.records) {
    if (++steps % RECORDS_A_STEP === 0) yield;
    candidates.consider(record);
  }
  yield;
  const members = current.filter(({ key }) => isMember(key));
  const others = current.filter(({ key }) => !isMember(key));
  // What the broadcast lacks is taken from the free ones first, then from the witnesses chosen last.
  const room = candidates.count - freeSlots;
  const kept = others.slice(0, Math.max(0, Math.min(max, others.length + Math.min(0, room))));
  const add = new Spread(input, kept).pick(candidates.best(), Math.min(max - kept.length, Math.max(0, room)));
  return {
    add,
    drop: [
      ...members.map(({ key }) => ({ peer: key, code: 'quorum-member' }) as const),
      ...others.slice(kept.length).map(({ key }) => ({ peer: key, code: 'broadcast' }) as const),
    ],
  };
}

interface Candidate {
  readonly record: PeerRecord;
  /** The lowest first. */
  readonly rank: number;
  readonly lot: number;
}

/** The peers that may become witnesses, or fill a slot of the broadcast. */
class Candidates {
  count = 0;
  private kept: Candidate[] = [];
  private readonly current: ReadonlySet<PeerKey>;
  private readonly pushedGroups: ReadonlySet<string>;

  constructor(private readonly input: WitnessInput) {
    this.current = new Set(input.current.map(({ key }) => key));
    const groups = new Set<string>();
    for (const { key, group } of input.records) if (input.pushed.has(key)) groups.add(group);
    this.pushedGroups = groups;
  }

  consider(record: PeerRecord): void {
    const { pushed, isMember, waiting, dashdPeers, now, lot } = this.input;
    const { key } = record;
    if (record.protected || pushed.has(key) || this.current.has(key) || !DIALABLE.has(record.family)) return;
    if (barOf(record, now, {}, FITNESS) !== undefined) return;
    this.count += 1;
    // Such a peer is still one for the broadcast.
    if (isMember(key) || waiting.has(key)) return;
    const rank =
      (isProven(record) ? 0 : 4) +
      (dashdPeers?.has(key) === true ? 2 : 0) +
      (this.pushedGroups.has(record.group) ? 1 : 0);
    this.kept.push({ record, rank, lot: lot(key) });
    if (this.kept.length >= 2 * MAX_CANDIDATES) this.kept = this.best();
  }

  /** By rank, among equals at random, then by name. */
  best(): Candidate[] {
    return this.kept
      .sort((a, b) => a.rank - b.rank || a.lot - b.lot || (a.record.key < b.record.key ? -1 : 1))
      .slice(0, MAX_CANDIDATES);
  }
}

interface Place {
  readonly group: string;
  readonly country?: string | undefined;
  readonly region?: string | undefined;
}

/** Takes candidates one by one, each from the region and the country that have the fewest witnesses. */
class Spread {
  private readonly groups = new Map<string, number>();
  private readonly regions = new Map<string, number>();
  private readonly countries = new Map<string, number>();

  constructor(
    private readonly input: WitnessInput,
    kept: readonly PeerRecord[],
  ) {
    for (const record of kept) this.add(this.placeOf(record));
  }

  pick(candidates: readonly Candidate[], count: number): ChosenWitness[] {
    if (count <= 0) return [];
    const left = new Map(candidates.map(({ record }) => [record, this.placeOf(record)]));
    const picked: ChosenWitness[] = [];
    while (picked.length < count) {
      const [best, place] = this.next(left) ?? [];
      if (best === undefined || place === undefined) break;
      left.delete(best);
      this.add(place);
      picked.push({ record: best, why: this.why(place) });
    }
    return picked;
  }

  private next(left: ReadonlyMap<PeerRecord, Place>): readonly [PeerRecord, Place] | undefined {
    let best: readonly [PeerRecord, Place] | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [record, place] of left) {
      const crowd = this.crowd(place);
      if (crowd >= least) continue;
      [best, least] = [[record, place], crowd];
    }
    return best;
  }

  /** Infinite for a network that has a witness; otherwise the region counts before the country. A place that is not known is the last choice. */
  private crowd({ group, region, country }: Place): number {
    const inGroup = this.groups.get(group) ?? 0;
    if (inGroup > 0 && !this.input.isLocal) return Number.POSITIVE_INFINITY;
    const inRegion = region === undefined ? this.input.max : (this.regions.get(region) ?? 0);
    const inCountry = country === undefined ? 0 : (this.countries.get(country) ?? 0);
    return (inRegion * MAX_WITNESSES + inCountry) * MAX_WITNESSES + inGroup;
  }

  private add({ group, region, country }: Place): void {
    for (const [counts, key] of [
      [this.groups, group],
      [this.regions, region],
      [this.countries, country],
    ] as const)
      if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  private why({ group, region, country }: Place): string {
    return fill(WITNESS_CHOSEN, {
      group,
      region,
      inRegion: region && this.regions.get(region),
      country,
      inCountry: country && this.countries.get(country),
    });
  }

  private placeOf({ host, port, group }: PeerRecord): Place {
    const country = this.input.country?.(host, port);
    return { group, country, region: country === undefined ? undefined : regionOf(country) };
  }
}

/** `witnesses.count` at most. */
export const MAX_WITNESSES = 32;
