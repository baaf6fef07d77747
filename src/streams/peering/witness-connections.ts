/**
 * Which peers are connected to as witnesses: the choice (`peers/witness-choice.ts`) is made when the broadcast has its plan, when a witness is lost, and
 * every few seconds while some are missing. The connections themselves are made by `createConnections`, which pushes nothing to them.
 */
import { auditTime, concatMap, filter, interval, merge, Observable, type SchedulerLike, Subject, share } from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import type { WitnessEvent, WitnessLoss } from '../../contracts/propagation.js';
import { fill } from '../../messages/fill.js';
import { WITNESS_LOST } from '../../messages/witnesses.js';
import type { PeerKey } from '../../peers/address.js';
import type { PeerBook } from '../../peers/book.js';
import { lottery } from '../../peers/candidates.js';
import type { CountryOf } from '../../peers/occupancy.js';
import { type ChosenWitness, choosingWitnesses, type WitnessPlan } from '../../peers/witness-choice.js';
import { type Clock, HOUR_MS, MINUTE_MS, type Random, SECOND_MS } from '../../time.js';
import type { Target } from '../connections/connection.js';
import type { ConnectionTable, PeerNews } from '../connections/connections.js';
import { inSlices } from '../operators/in-slices.js';

export interface WitnessConnectionsDeps {
  readonly book: Pick<PeerBook, 'records'>;
  /** `witnesses.count`; 1 or more. */
  readonly max: number;
  /** All other connections. */
  readonly others: Pick<ConnectionTable, 'slots'>;
  /** What the broadcast's last plan wants. */
  readonly broadcast: {
    readonly max: number;
    /** By `host:port`. */
    targets(): ReadonlySet<string>;
    dashdPeers(): ReadonlySet<string>;
  };
  /** True for a member of an active ChainLock quorum. */
  readonly isMember: (peer: PeerKey) => boolean;
  /** All nodes may share one address. */
  readonly isLocal: boolean;
  readonly country: CountryOf;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
}

/** A loss is made up for this soon at most. */
const PLAN_PAUSE_MS = SECOND_MS;
/** While witnesses are missing. */
const LOOK_AGAIN_MS = 10 * SECOND_MS;
/** A node is not dialled again at once: it would be no witness meanwhile, and nodes take that amiss. */
const WAIT_AFTER_LOSS_MS = 10 * MINUTE_MS;
const WAIT_AFTER_MISCONDUCT_MS = 24 * HOUR_MS;
const MAX_WAITS = 4_096;

export class WitnessConnections {
  /** Each value is all that are wanted; plans begin with the first subscription. */
  readonly targets$: Observable<readonly Target[]>;
  readonly events$: Observable<WitnessEvent>;
  private readonly wanted = new Map<PeerKey, ChosenWitness>();
  /** Until when, on the monotonic clock. */
  private readonly waits = new BoundedMap<PeerKey, number>(MAX_WAITS);
  private isReady = false;
  private readonly changed$ = new Subject<void>();
  private readonly planned$ = new Subject<readonly Target[]>();
  private readonly news$ = new Subject<WitnessEvent>();
  /** Drawn when it is needed: a relay without candidates draws no random number for them. */
  private lot: ((peer: PeerKey) => number) | undefined;

  constructor(private readonly deps: WitnessConnectionsDeps) {
    const { clock, scheduler } = deps;
    this.events$ = this.news$.asObservable();
    const looks$ = interval(LOOK_AGAIN_MS, scheduler).pipe(filter(() => this.wanted.size < deps.max));
    const plans$ = merge(this.changed$, looks$).pipe(
      auditTime(PLAN_PAUSE_MS, scheduler),
      filter(() => this.isReady && !this.isSettled()),
      concatMap(() => inSlices(() => this.choose(), { clock, scheduler })),
    );
    this.targets$ = new Observable<readonly Target[]>((subscriber) => {
      const all = this.planned$.subscribe(subscriber);
      all.add(plans$.subscribe((plan) => this.carryOut(plan)));
      return all;
    }).pipe(share());
  }

  has(peer: PeerKey): boolean {
    return this.wanted.has(peer);
  }

  /** Those that are wanted, with the reasons. */
  get chosen(): readonly ChosenWitness[] {
    return [...this.wanted.values()];
  }

  /** The broadcast has made a plan: before the first, nobody is chosen. */
  notePlan(): void {
    this.isReady = true;
    this.changed$.next();
  }

  /** The members of the quorums may be others. */
  noteQuorums(): void {
    this.changed$.next();
  }

  notePeer({ target: { peer }, event }: PeerNews): void {
    const chosen = this.wanted.get(peer);
    if (chosen === undefined) return;
    if (event.type === 'ready') this.tell(peer, 'connected', 'chosen', chosen.why);
    if (event.type !== 'lost') return;
    this.wanted.delete(peer);
    this.wait(peer, WAIT_AFTER_LOSS_MS);
    this.tell(peer, 'lost', 'disconnected', fill(WITNESS_LOST.disconnected, event.fault));
    this.changed$.next();
  }

  /** Replaces a witness that is of no use. */
  replace(peer: PeerKey, code: Exclude<WitnessLoss, 'disconnected'>, reason: string): void {
    if (!this.release(peer, code, reason)) return;
    this.wait(peer, WAIT_AFTER_MISCONDUCT_MS);
    this.publish();
    this.changed$.next();
  }

  /** Nothing to be chosen, and nothing to be given up: the usual case, told without a look at the book. */
  private isSettled(): boolean {
    if (this.wanted.size < this.deps.max || this.freeSlots() > 0) return false;
    for (const peer of this.wanted.keys()) if (this.deps.isMember(peer)) return false;
    return true;
  }

  private freeSlots(): number {
    const { broadcast } = this.deps;
    return Math.max(0, broadcast.max - broadcast.targets().size);
  }

  private choose(): Generator<undefined, WitnessPlan> {
    const { book, max, others, broadcast, isMember, isLocal, country, clock, random } = this.deps;
    this.lot ??= lottery(random);
    return choosingWitnesses({
      records: [...book.records()],
      current: this.chosen.map(({ record }) => record),
      max,
      pushed: new Set([...others.slots.keys(), ...broadcast.targets()]),
      freeSlots: this.freeSlots(),
      isMember,
      waiting: this.waiting(),
      dashdPeers: broadcast.dashdPeers(),
      isLocal,
      country,
      now: clock.now(),
      lot: this.lot,
    });
  }

  private carryOut({ add, drop }: WitnessPlan): void {
    for (const { peer, code } of drop) this.release(peer, code, WITNESS_LOST[code]);
    for (const chosen of add) {
      if (this.wanted.size < this.deps.max) this.wanted.set(chosen.record.key, chosen);
    }
    if (add.length + drop.length > 0) this.publish();
  }

  private release(peer: PeerKey, code: Exclude<WitnessLoss, 'disconnected'>, reason: string): boolean {
    if (!this.wanted.delete(peer)) return false;
    this.tell(peer, 'lost', code, reason);
    return true;
  }

  private publish(): void {
    this.planned$.next(
      this.chosen.map(({ record: { key, host, port } }) => ({
        peer: key,
        host,
        port,
        protected: false,
        witness: true,
      })),
    );
  }

  private tell(peer: PeerKey, state: WitnessEvent['state'], code: WitnessEvent['code'], reason: string): void {
    this.news$.next({ type: 'witness', at: this.deps.clock.now(), peer, state, code, reason });
  }

  private wait(peer: PeerKey, ms: number): void {
    this.waits.renew(peer, this.deps.clock.monotonic() + ms);
  }

  private waiting(): Set<PeerKey> {
    const now = this.deps.clock.monotonic();
    return new Set([...this.waits].flatMap(([peer, until]) => (until > now ? [peer] : [])));
  }
}
