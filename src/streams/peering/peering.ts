/**
 * Which peers there are to be: the book, where it hears of peers, what is noted in it, and the plan that comes of it.
 *
 *   sources, gossip ─► book ─► refresh (select → plan) ─► targets$ ─► connections
 *                       ▲                                                   │
 *                       └──────────────── bookkeeping ◄─────────────────────┘
 */

import {
  concatMap,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  merge,
  type Observable,
  type SchedulerLike,
  Subject,
  share,
  skip,
  tap,
} from 'rxjs';
import type { BlockEvent, GossipEvent, PlanEvent, ServiceEvent } from '../../contracts/events.js';
import { fill } from '../../messages/fill.js';
import { PEERS } from '../../messages/peers.js';
import { type AddressFamily, keyOf } from '../../peers/address.js';
import type { PeerBook } from '../../peers/book.js';
import type { CountryOf } from '../../peers/occupancy.js';
import { needsRefill, type OpenConnection, type Plan, type SelectLimits } from '../../peers/plan.js';
import type { PeerRecord } from '../../peers/record.js';
import type { Weights } from '../../peers/score.js';
import { type Clock, dated, type Random } from '../../time.js';
import type { ChainTip } from '../broadcast/tip.js';
import type { LeftPeers } from '../cluster/peer-shares.js';
import type { Target } from '../connections/connection.js';
import type { Connections, PeerNews } from '../connections/connections.js';
import { type IsProxied, isAlone } from '../connections/isolation.js';
import { inSlices } from '../operators/in-slices.js';
import { reportOn } from '../service-events.js';
import { Bookkeeper, type Gossip } from './bookkeeping.js';
import { type RefreshDeps, refresh } from './refresh.js';
import { type SourceDeps, type SourceNews, sources } from './sources.js';

export interface PeeringDeps extends Omit<SourceDeps, 'isThin'> {
  readonly book: PeerBook;
  readonly tip: ChainTip;
  readonly limits: SelectLimits;
  readonly weights: () => Weights;
  readonly country?: CountryOf | undefined;
  /** The kinds of addresses that can be dialled; all but onions unless given. */
  readonly families?: ReadonlySet<AddressFamily> | undefined;
  readonly isProxied?: IsProxied | undefined;
  /** Between refreshes, milliseconds. */
  readonly intervalMs: number;
  /** True for a witness: it is no candidate for the broadcast. */
  readonly isWitness?: (peer: string) => boolean;
  /** The connections that there are. */
  readonly connections: Pick<Connections, 'slots' | 'live'>;
  /** Peers that this relay leaves to others of its cluster; absent where it works alone. */
  readonly left?: LeftPeers | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
}

export interface Peering {
  readonly targets$: Observable<readonly Target[]>;
  readonly events$: Observable<PlanEvent | GossipEvent | ServiceEvent>;
  /** Those of the last plan, by `host:port`. */
  targets(): ReadonlySet<string>;
  /** Peers that the pool's own dashd is connected to. */
  dashdPeers(): ReadonlySet<string>;
  notePeer(news: PeerNews): void;
  noteBlock(event: BlockEvent): void;
}

/** With fewer peers known than could be connected to twice over, strangers are worth asking. */
const THIN = 2;
const HEARD_A_STEP = 50;

export function createPeering(deps: PeeringDeps): Peering {
  const { book, tip, limits, clock, scheduler } = deps;
  const isIsolated = (lost: Target): boolean => isAlone(lost, deps.connections.live.values(), deps.isProxied);
  const bookkeeper = new Bookkeeper({ book, tip, clock, scheduler, isIsolated });
  const lost$ = new Subject<void>();
  const failed$ = new Subject<void>();
  let dashdPeers: ReadonlySet<string> = new Set();
  let targets: ReadonlySet<string> = new Set();

  const news$ = sources({ ...deps, isThin: () => book.size < THIN * limits.max }).pipe(share());
  const heard$ = news$.pipe(
    filter((news) => news.type === 'heard'),
    tap(({ source, peers }) => {
      if (source === 'dashd') dashdPeers = new Set(peers.map(({ address }) => keyOf(address)));
    }),
    concatMap((news) => inSlices(() => hear(book, news, clock.now()), { clock, scheduler })),
  );

  const gossip$ = bookkeeper.tallies$.pipe(share());

  const plans$ = refresh({
    ...deps,
    book: besideOthers(deps),
    live: () => openConnections(deps.connections, clock),
    prepare: () => bookkeeper.catchUp(),
    wake$: merge(lost$, heard$, gossip$, deps.left?.changes$ ?? EMPTY),
    failed$,
    tipHeight: () => (tip.height > 0 ? tip.height : undefined),
    dashdPeers: () => dashdPeers,
  }).pipe(share());

  return {
    targets$: plans$.pipe(
      map((plan) => targetsOf(plan, book, deps.connections)),
      tap((wanted) => {
        targets = new Set(wanted.map(({ peer }) => peer));
      }),
    ),
    targets: () => targets,
    dashdPeers: () => dashdPeers,
    events$: merge(
      news$.pipe(filter((news) => news.type === 'service')),
      gossip$.pipe(map((gossip) => gossipEvent(gossip, clock.now()))),
      plans$.pipe(map((plan) => planEvent(plan, book.size, clock.now()))),
      plans$.pipe(shortage(limits, clock)),
    ),
    notePeer(news) {
      const { target, event } = news;
      // A witness announces blocks before it has validated them: that is no measure beside others.
      if (target.witness === true && event.type === 'announced') return;
      bookkeeper.onPeer(news);
      if (event.type !== 'lost' || target.quorum === true || target.witness === true) return;
      lost$.next();
      if (!event.wasReady && !event.ours && !target.protected) failed$.next();
    },
    noteBlock: (event) => bookkeeper.onBlock(event),
  };
}

function* hear(book: PeerBook, { source, peers }: SourceNews, now: number): Generator<undefined, void> {
  for (const [index, { address, known }] of peers.entries()) {
    if (index % HEARD_A_STEP === HEARD_A_STEP - 1) yield;
    book.hear(address, source, now, known);
  }
}

/** Quorum connections are no business of the book's: they are neither counted nor given up by its plans. */
function openConnections({ slots, live }: Pick<Connections, 'slots' | 'live'>, clock: Clock): OpenConnection[] {
  return [...slots.values()].flatMap(({ target, since }) =>
    target.quorum === true
      ? []
      : [
          {
            key: target.peer,
            connectedAt: dated(since, clock),
            ready: live.has(target.peer),
            protected: target.protected,
          },
        ],
  );
}

/** The book without the peers that have a quorum connection or one from another relay, or are witnesses: one connection a node. */
function besideOthers({
  book,
  connections: { slots },
  isWitness = () => false,
  left,
}: PeeringDeps): RefreshDeps['book'] {
  const isFree = ({ key }: PeerRecord) =>
    slots.get(key)?.target.quorum !== true && !isWitness(key) && left?.has(key, 'book') !== true;
  return {
    get: (key) => book.get(key),
    *records() {
      for (const record of book.records()) if (isFree(record)) yield record;
    },
    prune: (now) => book.prune(now, { has: (key) => slots.has(key) || isWitness(key) }),
  };
}

/** Whom the plan wants: those it adds, and those it keeps and that were not lost while it was made. */
function targetsOf(plan: Plan, book: PeerBook, { slots }: Pick<Connections, 'slots'>): Target[] {
  const kept = plan.keep.filter(({ peer }) => slots.has(peer));
  return [...kept, ...plan.connect].flatMap(({ peer }) => {
    const record = book.get(peer);
    if (record === undefined || record.protected) return [];
    return [{ peer, host: record.host, port: record.port, protected: false }];
  });
}

function planEvent({ connect, disconnect, keep, targets, skipped }: Plan, known: number, at: number): PlanEvent {
  const planned = ({ peer, reason }: Plan['connect'][number] | Plan['disconnect'][number]) => ({
    peer,
    code: reason.code,
    reason: reason.text,
  });
  return {
    type: 'plan',
    at,
    connect: connect.map(planned),
    disconnect: disconnect.map(planned),
    kept: keep.length,
    targets,
    known,
    skipped: counted(skipped),
  };
}

/** Without what did not occur. */
function counted(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function gossipEvent({ from, tally }: Gossip, at: number): GossipEvent {
  const { added, known, futureDated } = tally;
  return { type: 'gossip', at, peer: from, added, known, futureDated, refused: counted(tally.refused) };
}

/** Reports when peers become too few, and when they are enough again. The first plan, made before any connection, says nothing. */
function shortage(limits: SelectLimits, clock: Clock): (plans$: Observable<Plan>) => Observable<ServiceEvent> {
  const report = reportOn('peers', clock);
  return (plans$) =>
    plans$.pipe(
      skip(1),
      map(({ targets, skipped }) => ({ targets, skipped, isShort: needsRefill(targets, limits) })),
      distinctUntilChanged((a, b) => a.isShort === b.isShort),
      map(({ targets, skipped, isShort }): ServiceEvent => {
        const detail = fill(PEERS.targets, {
          targets,
          min: limits.min,
          skipped: isShort ? barred(skipped) : undefined,
        });
        return isShort ? report('down', 'below-min', detail) : report('up', 'enough', detail);
      }),
    );
}

/** Why those that are known are not connected to, in a few words. */
function barred(skipped: Plan['skipped']): string | undefined {
  const reasons = Object.entries(counted(skipped)).map(([code, count]) => `${count} ${code}`);
  return reasons.length === 0 ? undefined : reasons.join(', ');
}
