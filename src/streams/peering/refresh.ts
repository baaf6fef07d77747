/**
 * Reviews the set of peers: every interval, at once when too few are left, and soon when some of the chosen ones could not be reached. A
 * review prunes the book, selects, and emits the plan; `createConnections` carries it out. Only the review that is due by the interval
 * replaces peers that are connected, so that churn is bounded in time.
 */
import {
  concatMap,
  filter,
  finalize,
  interval,
  merge,
  type Observable,
  type SchedulerLike,
  Subject,
  tap,
  throttle,
  throttleTime,
  timer,
} from 'rxjs';
import type { AddressFamily } from '../../peers/address.js';
import type { CountryOf } from '../../peers/occupancy.js';
import type { BookView, OpenConnection, Plan, SelectLimits } from '../../peers/plan.js';
import { needsRefill } from '../../peers/plan.js';
import type { Weights } from '../../peers/score.js';
import { selecting } from '../../peers/select.js';
import { type Clock, type Random, SECOND_MS } from '../../time.js';
import { inSlices } from '../operators/in-slices.js';

export interface RefreshDeps {
  readonly book: BookView & { prune(now: number, live: ReadonlySet<string>): number };
  readonly live: () => readonly OpenConnection[];
  /** Called as each look begins: what is still to be noted in the book is noted then. */
  readonly prepare?: () => void;
  /** Something came about that may call for a refill: a peer lost, addresses heard of. */
  readonly wake$: Observable<unknown>;
  /** A peer that was chosen could not be reached: its slot is for the next best. */
  readonly failed$: Observable<unknown>;
  readonly intervalMs: number;
  readonly limits: SelectLimits;
  /** Asked at each look: an operator may change them while the relay runs. */
  readonly weights?: () => Weights;
  readonly tipHeight: () => number | undefined;
  readonly country?: CountryOf | undefined;
  /** As in {@link SelectInput.families}. */
  readonly families?: ReadonlySet<AddressFamily> | undefined;
  /** Peers dashd is connected to by itself. */
  readonly dashdPeers: () => ReadonlySet<string>;
  readonly random: Random;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** While peers are too few, waits end by themselves, too: a backoff is over, a network is back. */
const LOOK_AGAIN_MS = 5 * SECOND_MS;
/** So long failures are gathered. A peer that failed is in its backoff by then, and not chosen again. */
const FAILOVER_PAUSE_MS = 5 * SECOND_MS;
/** Refills are no more frequent than this, however fast peers are lost, milliseconds. */
const REFILL_PAUSE_MS = SECOND_MS;

export function refresh(deps: RefreshDeps): Observable<Plan> {
  const { book, live, wake$, failed$, intervalMs, limits, clock, random, scheduler } = deps;
  const isShort = () => needsRefill(live().filter((peer) => peer.ready && peer.protected !== true).length, limits);
  const refills$ = merge(wake$, interval(LOOK_AGAIN_MS, scheduler)).pipe(
    filter(isShort),
    throttleTime(REFILL_PAUSE_MS, scheduler, { leading: true, trailing: true }),
  );
  const failovers$ = failed$.pipe(throttleTime(FAILOVER_PAUSE_MS, scheduler, { leading: false, trailing: true }));
  let isDue = false;
  const due$ = timer(0, intervalMs, scheduler).pipe(
    tap(() => {
      isDue = true;
    }),
  );
  const looked$ = new Subject<void>();
  return merge(due$, refills$, failovers$).pipe(
    // One look at a time, and one more when something came about meanwhile.
    throttle(() => looked$, { leading: true, trailing: true }),
    concatMap(() => {
      deps.prepare?.();
      const now = clock.now();
      const tipHeight = deps.tipHeight();
      const connections = live();
      book.prune(now, new Set(connections.map(({ key }) => key)));
      const input = {
        book,
        live: connections,
        now,
        random,
        limits: isDue ? limits : { ...limits, maxRotations: 0 },
        ...(deps.weights !== undefined && { weights: deps.weights() }),
        ...(tipHeight !== undefined && { tipHeight }),
        ...(deps.country !== undefined && { country: deps.country }),
        ...(deps.families !== undefined && { families: deps.families }),
        dashdPeers: deps.dashdPeers(),
      };
      isDue = false;
      return inSlices(() => selecting(input), { clock, scheduler }).pipe(finalize(() => looked$.next()));
    }),
  );
}
