import { fill } from '../messages/fill.js';
import { CONNECT, DISCONNECT, KEEP } from '../messages/peers.js';
import type { PeerKey } from './address.js';
import type { Candidate, Tier } from './candidates.js';
import { LEARNING_TRIAL_MS } from './learned.js';
import { Occupancy } from './occupancy.js';
import {
  type ConnectCode,
  type DisconnectCode,
  type KeepCode,
  needsRefill,
  type OpenConnection,
  type Plan,
  type Planned,
  type Reason,
  type SelectInput,
} from './plan.js';
import type { PeerRecord } from './record.js';
import { WEIGHTS } from './score.js';

/** A slot with its connection. */
export interface Slot {
  readonly live: OpenConnection;
  readonly record: PeerRecord;
  readonly score: number;
  /** The points of its score for what was learned of it. */
  readonly learned: number;
  /** What they may turn out to be. */
  readonly bounds: { readonly least: number; readonly most: number };
  readonly target: boolean;
  /** dashd is connected to it by itself: what is pushed to it adds no reach. */
  readonly reached: boolean;
  readonly unfit: string | undefined;
}

/** Whether a peer is the local dashd, as either side knows it. */
export function isProtected(record: PeerRecord | undefined, live: OpenConnection | undefined): boolean {
  return record?.protected === true || live?.protected === true;
}

/** Makes one plan; {@link plan} is called once. The order of its steps is that of `select.ts`. */
export class Planner {
  readonly #connect: Planned<ConnectCode>[] = [];
  readonly #disconnect: Planned<DisconnectCode>[] = [];
  readonly #keep: Planned<KeepCode>[] = [];
  readonly #taken: Occupancy;
  /** Worst first. */
  #slots: Slot[];
  #rotations = 0;
  #newAreSpared = false;
  /** Candidates that replace others: dashd's own peers do not, since they add no reach. */
  readonly #challengers: readonly Tier[];
  readonly #strangers: readonly Tier[];
  /** Points for what was learned, of the worst peer that is not on trial. */
  readonly #leastLearned: number;

  constructor(
    private readonly input: SelectInput,
    slots: readonly Slot[],
    private readonly tiers: readonly Tier[],
    private readonly lastResort: readonly Tier[],
  ) {
    this.#taken = new Occupancy(input.country);
    this.#strangers = tiers.slice(2, 3);
    this.#challengers = [...tiers.slice(0, 1), ...this.#strangers];
    this.#slots = [...slots].sort(worstFirst);
    for (const slot of this.#slots) this.#taken.add(slot.record, 1);
    const settled = this.#slots.filter((slot) => !this.#isFirst(slot));
    this.#leastLearned = Math.min(...settled.map(({ learned }) => learned));
  }

  plan(candidates: number, skipped: Plan['skipped']): Plan {
    const targets = this.#slots.filter((slot) => slot.target).length;
    this.#settleOutsiders();
    this.#dropSurplus();
    this.#fill(targets);
    this.#rotate();
    return {
      connect: this.#connect,
      disconnect: this.#disconnect,
      keep: this.#keep,
      targets,
      candidates,
      skipped,
    };
  }

  /** Connections without a slot: the protected peer, and peers that the book no longer has. */
  #settleOutsiders(): void {
    const inSlots = new Set(this.#slots.map((slot) => slot.live.key));
    for (const peer of this.input.live) {
      if (inSlots.has(peer.key)) continue;
      if (isProtected(this.input.book.get(peer.key), peer)) {
        this.#kept(peer.key, 'protected', KEEP.protected);
      } else {
        this.#dropped(peer.key, { code: 'not-in-book', text: DISCONNECT['not-in-book'] });
      }
    }
  }

  #dropSurplus(): void {
    const { max } = this.input.limits;
    const surplus = Math.max(0, this.#slots.length - max);
    for (const slot of this.#slots.slice(0, surplus)) {
      this.#leave(slot, {
        code: 'over-max',
        text: fill(DISCONNECT['over-max'], { count: this.#slots.length, max, score: points(slot.score) }),
      });
    }
    this.#slots = this.#slots.slice(surplus);
  }

  #fill(targets: number): void {
    const { limits } = this.input;
    let free = limits.max - this.#slots.length;
    if (free <= 0) return;
    const refill = needsRefill(targets, limits);
    const explore = refill ? 0 : Math.min(free, Math.max(0, limits.exploration - this.#explorers(this.#slots)));
    for (let i = 0; i < explore; i++) if (this.#fillNext('exploration', true, 0)) free--;
    const code = refill ? 'below-min' : 'free-slot';
    const resort = this.lastResort.reduce((sum, tier) => sum + tier.size, 0);
    const reserved = Math.min(resort, Math.ceil(free / 2));
    free -= reserved;
    free = reserved + this.#fillWith(code, free);
    free = this.#fillWith('last-resort', free);
    if (reserved > 0) this.#fillWith(code, free);
  }

  /** @returns the slots that are still free */
  #fillWith(code: ConnectCode, count: number): number {
    const { limits } = this.input;
    let free = count;
    // The caps are raised one by one, and only for slots that would stay empty.
    const widest = Math.max(limits.groupCeiling - limits.perGroup, limits.countryCeiling - limits.perCountry, 0);
    for (let extra = 0; extra <= widest && free > 0; extra++) {
      while (free > 0 && this.#fillNext(code, false, extra)) free--;
    }
    return free;
  }

  #fillNext(code: ConnectCode, untried: boolean, extra: number): boolean {
    const { limits } = this.input;
    const perGroup = Math.max(limits.perGroup, Math.min(limits.perGroup + extra, limits.groupCeiling));
    const perCountry = Math.max(limits.perCountry, Math.min(limits.perCountry + extra, limits.countryCeiling));
    const fits = (record: PeerRecord) => this.#taken.fits(record, perGroup, perCountry);
    const chosen = code === 'last-resort' ? takeFrom(this.lastResort, 0, fits) : this.#take(0, untried, fits);
    if (chosen === undefined) return false;
    const text = fill(CONNECT['last-resort'], { score: points(chosen.score), bar: chosen.bar });
    this.#join(chosen, { code, text });
    return true;
  }

  /** Peers in their first connection, and only for a short time: nothing is known about them yet. */
  #explorers(slots: readonly Slot[]): number {
    return slots.filter((slot) => this.#isNew(slot)).length;
  }

  /** A trial is over when it is known that the peer is worse than all others, or better than one of them. */
  #isNew(slot: Slot): boolean {
    const { live, bounds } = slot;
    const { weights = WEIGHTS } = this.input;
    const isKnown =
      weights.learned > 0 && live.ready && (bounds.most < this.#leastLearned || bounds.least > this.#leastLearned);
    return this.#isFirst(slot) && !isKnown;
  }

  #isFirst({ record, live }: Slot): boolean {
    const { now, limits, weights = WEIGHTS } = this.input;
    const trialMs = weights.learned === 0 ? limits.explorationMs : Math.min(limits.explorationMs, LEARNING_TRIAL_MS);
    return record.connections.succeeded <= 1 && now - live.connectedAt < trialMs;
  }

  #rotate(): void {
    const staying: Slot[] = [];
    for (const slot of this.#slots) {
      const objection = this.#mayLeave(slot) ? this.#objection(slot) : undefined;
      if (objection === undefined || !this.#replace(slot, objection)) staying.push(slot);
    }
    // If nearly all are new, as after the first start, new peers are not spared.
    this.#newAreSpared = this.#explorers(staying) <= this.input.limits.exploration;
    const slots: Slot[] = [];
    for (const slot of staying) if (!this.#isChallengeable(slot) || !this.#challenge(slot)) slots.push(slot);
    const explorer = this.#exploreInstead(slots);
    for (const slot of slots) if (slot !== explorer) this.#keepSlot(slot);
  }

  #isChallengeable(slot: Slot): boolean {
    return this.#mayLeave(slot) && !(this.#newAreSpared && this.#isNew(slot));
  }

  #mayLeave(slot: Slot): boolean {
    const { now, limits } = this.input;
    return slot.live.ready && now - slot.live.connectedAt >= limits.settleMs;
  }

  #objection({ record, unfit, reached }: Slot): Reason<DisconnectCode> | undefined {
    const { limits } = this.input;
    if (unfit !== undefined) return { code: 'unfit', text: unfit };
    if (reached) return { code: 'reached-by-dashd', text: DISCONNECT['reached-by-dashd'] };
    const inGroup = this.#taken.group(record.group);
    if (inGroup > limits.perGroup)
      return {
        code: 'group-crowded',
        text: fill(DISCONNECT['group-crowded'], { count: inGroup, group: record.group }),
      };
    const country = this.#taken.countryOf(record);
    const inCountry = country === undefined ? 0 : this.#taken.country(country);
    if (inCountry > limits.perCountry)
      return { code: 'country-crowded', text: fill(DISCONNECT['country-crowded'], { count: inCountry, country }) };
    return undefined;
  }

  #replace(slot: Slot, reason: Reason<DisconnectCode>): boolean {
    const better = (record: PeerRecord) =>
      reason.code === 'unfit' || reason.code === 'reached-by-dashd'
        ? this.#isNoWorseSpread(record, slot.record)
        : this.#isWithinCapsWithout(record, slot.record);
    return this.#swap(slot, 0, false, better, () => reason);
  }

  #challenge(slot: Slot): boolean {
    const { margin } = this.input.limits;
    return this.#swap(
      slot,
      slot.score + margin,
      false,
      (record) => this.#isNoWorseSpread(record, slot.record),
      (challenger) => ({
        code: 'outscored',
        text: fill(DISCONNECT.outscored, {
          score: points(slot.score),
          peer: challenger.record.key,
          better: points(challenger.score),
        }),
      }),
    );
  }

  /** Gives the worst settled slot to a peer never tried, when no slot is free for one. */
  #exploreInstead(slots: readonly Slot[]): Slot | undefined {
    const { limits } = this.input;
    if (this.#slots.length < limits.max || this.#explorers(slots) >= limits.exploration) return undefined;
    const worst = slots.find((slot) => this.#isChallengeable(slot));
    if (worst === undefined) return undefined;
    const swapped = this.#swap(
      worst,
      0,
      true,
      (record) => this.#isNoWorseSpread(record, worst.record),
      () => ({
        code: 'exploration',
        text: fill(DISCONNECT.exploration, { score: points(worst.score) }),
      }),
    );
    return swapped ? worst : undefined;
  }

  #swap(
    slot: Slot,
    least: number,
    untried: boolean,
    fits: (record: PeerRecord) => boolean,
    because: (challenger: Candidate) => Reason<DisconnectCode>,
  ): boolean {
    if (this.#rotations >= this.input.limits.maxRotations) return false;
    const challenger = takeFrom(untried ? this.#strangers : this.#challengers, least, fits);
    if (challenger === undefined) return false;
    this.#rotations++;
    this.#leave(slot, because(challenger), challenger.record.key);
    const text = fill(CONNECT.rotation, { score: points(challenger.score), peer: slot.live.key });
    this.#join(challenger, { code: untried ? 'exploration' : 'rotation', text }, slot.live.key);
    return true;
  }

  #isWithinCapsWithout(record: PeerRecord, leaving: PeerRecord): boolean {
    const { limits } = this.input;
    this.#taken.add(leaving, -1);
    const fits = this.#taken.fits(record, limits.perGroup, limits.perCountry);
    this.#taken.add(leaving, 1);
    return fits;
  }

  /** Within the caps, or as the replacement of a peer of the same group or country. */
  #isNoWorseSpread(record: PeerRecord, leaving: PeerRecord): boolean {
    if (this.#isWithinCapsWithout(record, leaving)) return true;
    const { limits } = this.input;
    const country = this.#taken.countryOf(record);
    const groupHolds = record.group === leaving.group || this.#taken.group(record.group) < limits.perGroup;
    const countryHolds =
      country === undefined ||
      country === this.#taken.countryOf(leaving) ||
      this.#taken.country(country) < limits.perCountry;
    return groupHolds && countryHolds;
  }

  #take(least: number, untried: boolean, fits: (record: PeerRecord) => boolean): Candidate | undefined {
    return takeFrom(untried ? this.tiers.slice(2) : this.tiers, least, fits);
  }

  #join(candidate: Candidate, reason: Reason<ConnectCode>, other?: PeerKey): void {
    this.#taken.add(candidate.record, 1);
    this.#connect.push({ peer: candidate.record.key, reason, ...(other === undefined ? {} : { other }) });
  }

  #leave(slot: Slot, reason: Reason<DisconnectCode>, other?: PeerKey): void {
    this.#taken.add(slot.record, -1);
    this.#dropped(slot.live.key, reason, other);
  }

  #keepSlot(slot: Slot): void {
    const { key, ready } = slot.live;
    if (!ready) this.#kept(key, 'connecting', KEEP.connecting);
    else if (!this.#mayLeave(slot)) this.#kept(key, 'young', KEEP.young);
    else if (this.#objection(slot) === undefined && !this.#isChallengeable(slot)) {
      this.#kept(key, 'on-trial', KEEP['on-trial']);
    } else if (this.#objection(slot) === undefined)
      this.#kept(key, 'good', fill(KEEP.good, { score: points(slot.score) }));
    else if (this.#rotations >= this.input.limits.maxRotations) {
      this.#kept(key, 'rotation-limit', fill(KEEP['rotation-limit'], { count: this.#rotations }));
    } else this.#kept(key, 'no-replacement', fill(KEEP['no-replacement'], { reason: this.#objection(slot)?.text }));
  }

  #kept(peer: PeerKey, code: KeepCode, text: string): void {
    this.#keep.push({ peer, reason: { code, text } });
  }

  #dropped(peer: PeerKey, reason: Reason<DisconnectCode>, other?: PeerKey): void {
    this.#disconnect.push({ peer, reason, ...(other === undefined ? {} : { other }) });
  }
}

function takeFrom(tiers: readonly Tier[], least: number, fits: (record: PeerRecord) => boolean): Candidate | undefined {
  for (const tier of tiers) {
    const candidate = tier.take(least, fits);
    if (candidate !== undefined) return candidate;
  }
  return undefined;
}

/** Unfit ones first, then those not connected yet, then by score. */
function worstFirst(a: Slot, b: Slot): number {
  const unfit = Number(b.unfit !== undefined) - Number(a.unfit !== undefined);
  const unready = Number(a.live.ready) - Number(b.live.ready);
  return unfit || unready || a.score - b.score || (a.live.key < b.live.key ? -1 : 1);
}

function points(score: number): string {
  return score.toFixed(0);
}
