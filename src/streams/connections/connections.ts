/**
 * The connections to peers, kept in line with the list of targets (`targets$`). The pool's own dashd is protected: it is on no list that
 * could drop it, is connected to from the start, and dialled again whenever it is lost. Every other peer comes and goes with the targets, a few dials at a time.
 */

import {
  EMPTY,
  endWith,
  finalize,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type Observable,
  type OperatorFunction,
  observeOn,
  pipe,
  queueScheduler,
  type SchedulerLike,
  Subject,
  share,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import { exponentialMs, jittered } from '../../common/backoff.js';
import { SESSION } from '../../messages/peers.js';
import { questionOf } from '../../session/push.js';
import type { PushBlock, Remote, SessionFault } from '../../session/types.js';
import { type Clock, type Moment, momentOf, SECOND_MS } from '../../time.js';
import { reconnecting } from '../operators/reconnecting.js';
import { Semaphore, withPermit } from '../operators/semaphore.js';
import type { NextTurn } from '../ports.js';
import { awakeTime } from './awake.js';
import { type ConnectionDeps, type ConnectionEvent, connection, type Target } from './connection.js';
import { FairTurns } from './fair-turns.js';
import { type Audience, Multicast, type Settle } from './multicast.js';

export interface PeerNews extends Moment {
  readonly target: Target;
  readonly event: ConnectionEvent;
}

/** A peer that has finished its handshake. */
export interface ConnectedPeer {
  readonly target: Target;
  readonly remote: Remote;
  /** The other end, as the operating system has it: `address:port`. */
  readonly endpoint?: string | undefined;
  readonly since: Moment;
}

/** A connection, made or being made. */
export interface ConnectionSlot {
  readonly target: Target;
  readonly since: Moment;
}

/** The connections by peer: those made or being made, and of those the ones that have finished their handshake. */
export interface ConnectionTable {
  readonly slots: Map<string, ConnectionSlot>;
  readonly live: Map<string, ConnectedPeer>;
}

/** For {@link createConnections} to fill, and for those who decide on its targets to read. */
export function connectionTable(): ConnectionTable {
  return { slots: new Map(), live: new Map() };
}

export interface ConnectionsDeps extends Omit<ConnectionDeps, 'awake' | 'turns' | 'multicast' | 'ticks$' | 'hangUp$'> {
  readonly clock: Clock;
  readonly protectedPeer: Target | undefined;
  /** All the other peers wanted now; each value replaces the one before. */
  readonly targets$: Observable<readonly Target[]>;
  readonly table?: ConnectionTable;
  readonly scheduler: SchedulerLike;
  readonly nextTurn: NextTurn;
}

export interface Connections {
  /** Connects on the first subscription, hangs up on all when the last one ends. Shared by all subscribers. */
  readonly events$: Observable<PeerNews>;
  readonly slots: ReadonlyMap<string, ConnectionSlot>;
  readonly live: ReadonlyMap<string, ConnectedPeer>;
  /**
   * Writes the block to the sockets before it returns, in the order that was arranged.
   * @returns a function for the rest, to be called in the same turn of the event loop once nothing is more urgent: the sessions record
   * the block, and send `getheaders` and their pings behind it. It returns what was written to whom
   */
  push(block: PushBlock, audience: Audience): Settle;
  /** Sets the order of writes: see {@link Multicast.arrange}. */
  arrange(peers: readonly string[]): void;
  /**
   * Hangs up on a peer; a later list of targets that names it connects to it again.
   * @returns false, and does nothing, when there is no such connection or the peer is protected: that one is never dropped
   */
  drop(peer: string): boolean;
}

const TICK_MS = SECOND_MS;
/** Pauses before the pool's own dashd is dialled again: it is near, and needed. */
const PROTECTED_FIRST_WAIT_MS = 250;
const PROTECTED_LONGEST_WAIT_MS = 5 * SECOND_MS;
/** Dials under way at once, the protected one not counted: more would look like a port scan, and slow each other down. */
const MAX_DIALS = 8;

export function createConnections(deps: ConnectionsDeps): Connections {
  const { protectedPeer, clock, scheduler, nextTurn } = deps;
  const { slots, live } = deps.table ?? connectionTable();
  const dials = new Semaphore<ConnectionEvent>(MAX_DIALS, (event) => event.type === 'ready');
  const multicast = new Multicast();
  const hangUps = new Map<string, Subject<SessionFault>>();
  const turns = new FairTurns(() => clock.monotonic(), nextTurn);
  const awake = awakeTime(clock);
  const ticks$ = timer(TICK_MS, TICK_MS, scheduler).pipe(share());

  const connect = (target: Target, hangUp$: Observable<SessionFault> = EMPTY): Observable<ConnectionEvent> =>
    connection(target, { ...deps, awake, turns, multicast, ticks$, hangUp$ });
  const tracked = (target: Target): OperatorFunction<ConnectionEvent, PeerNews> =>
    pipe(
      map((event) => ({ target, ...momentOf(clock), event })),
      tap((news) => track(slots, live, news)),
      finalize(() => {
        slots.delete(target.peer);
        live.delete(target.peer);
      }),
    );

  const protectedWait = (failures: number) =>
    jittered(exponentialMs(PROTECTED_FIRST_WAIT_MS, PROTECTED_LONGEST_WAIT_MS, failures), 0.5, deps.context.random);
  const protected$ =
    protectedPeer === undefined
      ? EMPTY
      : connect(protectedPeer).pipe(
          reconnecting<ConnectionEvent>({
            delayMs: protectedWait,
            succeeded: (event) => event.type === 'ready',
            scheduler,
          }),
          tracked(protectedPeer),
        );

  // One attempt each: the next list says whether a peer that was lost is wanted again.
  const wanted$ = deps.targets$.pipe(
    map((targets) => targets.filter(({ peer }) => peer !== protectedPeer?.peer)),
    keepEach(hangUps, (target, hangUp$) => {
      // The connection's own end comes first, so that it emits `lost`; one that still waits for its permit just leaves.
      const gone$ = hangUp$.pipe(ignoreElements(), endWith(true));
      return connect(target, hangUp$).pipe(withPermit(dials), takeUntil(gone$), tracked(target));
    }),
  );

  return {
    events$: merge(protected$, wanted$).pipe(share()),
    slots,
    live,
    push: (block, audience) => multicast.push(block, audience, (one) => questionOf(deps.context.network.magic, one)),
    arrange: (peers) => multicast.arrange(peers),
    drop: (peer) => hangUp(hangUps, peer, 'dropped'),
  };
}

function track(slots: Map<string, ConnectionSlot>, live: Map<string, ConnectedPeer>, news: PeerNews): void {
  const { target, at, monotonicAt, event } = news;
  const since = { at, monotonicAt };
  if (event.type === 'dialling') slots.set(target.peer, { target, since });
  if (event.type === 'ready') live.set(target.peer, { target, remote: event.remote, endpoint: event.endpoint, since });
  if (event.type !== 'lost') return;
  live.delete(target.peer);
  // Its slot is free before `lost` is emitted: a plan made because of that must not count it.
  slots.delete(target.peer);
}

/**
 * Runs one inner stream for each target, from the list that names it first until it ends by itself or a list leaves it out. One that
 * has ended is run again when a later list still names it.
 * @param hangUps by peer, what ends each stream that runs
 */
function keepEach(
  hangUps: Map<string, Subject<SessionFault>>,
  run: (target: Target, hangUp$: Observable<SessionFault>) => Observable<PeerNews>,
): OperatorFunction<readonly Target[], PeerNews> {
  return pipe(
    // A loss may bring a new list at once: that waits until this one is carried out.
    observeOn(queueScheduler),
    mergeMap((targets) => {
      const wanted = new Map(targets.map((target) => [target.peer, target]));
      const surplus = [...hangUps.keys()].filter((peer) => !wanted.has(peer));
      const started = [...wanted.values()]
        .filter(({ peer }) => !hangUps.has(peer))
        .map((target) => {
          const hangUp$ = new Subject<SessionFault>();
          hangUps.set(target.peer, hangUp$);
          return run(target, hangUp$).pipe(finalize(() => hangUps.delete(target.peer)));
        });
      for (const peer of surplus) hangUp(hangUps, peer, SESSION['rotated-out']);
      return started;
    }),
    mergeMap((one$) => one$),
    finalize(() => hangUps.clear()),
  );
}

function hangUp(hangUps: ReadonlyMap<string, Subject<SessionFault>>, peer: string, detail: string): boolean {
  const hangUp$ = hangUps.get(peer);
  hangUp$?.next({ code: 'rotated-out', detail });
  hangUp$?.complete();
  return hangUp$ !== undefined;
}
