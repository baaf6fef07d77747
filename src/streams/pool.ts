/**
 * The connections: what is wanted (`targets$`) against what is live. The protected dashd is not among the targets and in no list that
 * could drop it: it is connected to from the start and for ever. Every other peer comes and goes with the targets.
 */
import {
  asyncScheduler,
  EMPTY,
  endWith,
  finalize,
  ignoreElements,
  map,
  merge,
  mergeMap,
  Observable,
  type SchedulerLike,
  Subject,
  share,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import type { PushBlock, Remote, SessionFault } from '../session/types.js';
import { MINUTE_MS, type Random, SECOND_MS } from '../time.js';
import { type ConnectionDeps, type ConnectionEvent, connection, type PushOrder, type Target } from './connection.js';
import { reconnecting } from './operators/reconnecting.js';

export type PoolEvent = { readonly target: Target; readonly at: number; readonly event: ConnectionEvent };

/** A peer that has finished its handshake. */
export interface LivePeer {
  readonly target: Target;
  readonly remote: Remote;
  readonly since: number;
}

export interface PoolDeps extends Omit<ConnectionDeps, 'orders$' | 'ticks$' | 'hangUp$'> {
  readonly protectedPeer: Target | undefined;
  /** All the other peers wanted now; each value replaces the one before. */
  readonly targets$: Observable<readonly Target[]>;
  readonly scheduler?: SchedulerLike;
}

export interface PeerPool {
  /** Hot while subscribed: connects on subscription, hangs up on teardown. */
  readonly events$: Observable<PoolEvent>;
  readonly live: ReadonlyMap<string, LivePeer>;
  /** Writes the block to the sockets before it returns. */
  push(block: PushBlock, only?: ReadonlySet<string>): void;
  /**
   * Hangs up on a peer, which stays away until a list of targets has left it out and a later one names it again: a list that
   * merely still has it is no new wish. A protected peer is never dropped: false, and nothing happens.
   */
  drop(peer: string): boolean;
}

const TICK_MS = SECOND_MS;
/** The pool's own dashd is near and needed: come back fast, and keep at it. */
const PROTECTED_BACKOFF_MS = { first: 250, last: 5 * SECOND_MS };
const BACKOFF_MS = { first: SECOND_MS, last: 10 * MINUTE_MS };

export function createPool(deps: PoolDeps): PeerPool {
  const { protectedPeer, clock, scheduler = asyncScheduler } = deps;
  const live = new Map<string, LivePeer>();
  const orders$ = new Subject<PushOrder>();
  const drops$ = new Subject<string>();
  const ticks$ = timer(TICK_MS, TICK_MS, scheduler).pipe(share());

  const keep = (target: Target, hangUp$: Observable<SessionFault> = EMPTY): Observable<PoolEvent> =>
    connection(target, { ...deps, orders$, ticks$, hangUp$ }).pipe(
      reconnecting<ConnectionEvent>({
        delayMs: backoff(target.protected ? PROTECTED_BACKOFF_MS : BACKOFF_MS, deps.context.random),
        succeeded: (event) => event.type === 'ready',
        scheduler,
      }),
      map((event) => ({ target, at: clock.now(), event })),
      tap((news) => track(live, news)),
      finalize(() => live.delete(target.peer)),
    );

  const wanted$ = deps.targets$.pipe(
    keepEach(
      (target) => target.peer !== protectedPeer?.peer,
      // The connection's own end comes first, so that it is told; then there is no coming back.
      (target, hangUp$) => keep(target, hangUp$).pipe(takeUntil(hangUp$.pipe(ignoreElements(), endWith(true)))),
      drops$,
    ),
  );

  return {
    events$: merge(protectedPeer === undefined ? EMPTY : keep(protectedPeer), wanted$).pipe(share()),
    live,
    push: (block, only) => orders$.next(only === undefined ? { block } : { block, only }),
    drop(peer) {
      if (peer === protectedPeer?.peer) return false;
      drops$.next(peer);
      return true;
    },
  };
}

/** Exponential from `first` to `last`, of which the upper half is left to chance: peers lost together do not come back together. */
function backoff({ first, last }: { first: number; last: number }, random: Random): (failures: number) => number {
  return (failures) => Math.min(last, first * 2 ** Math.min(failures, 30)) * (0.5 + random.float() / 2);
}

function track(live: Map<string, LivePeer>, { target, at, event }: PoolEvent): void {
  if (event.type === 'ready') live.set(target.peer, { target, remote: event.remote, since: at });
  if (event.type === 'lost') live.delete(target.peer);
}

/** Runs one inner stream for each target that is wanted, from the list in which it first stands to the first in which it does not. */
function keepEach(
  admits: (target: Target) => boolean,
  run: (target: Target, hangUp$: Observable<SessionFault>) => Observable<PoolEvent>,
  drops$: Observable<string>,
): (targets$: Observable<readonly Target[]>) => Observable<PoolEvent> {
  return (targets$) =>
    new Observable((subscriber) => {
      const running = new Map<string, Subject<SessionFault>>();
      const stop = (peer: string) => {
        const hangUp$ = running.get(peer);
        hangUp$?.next({ code: 'rotated out', detail: 'no longer wanted' });
        hangUp$?.complete();
      };
      const started$ = targets$.pipe(
        mergeMap((targets) => {
          const wanted = new Map(targets.filter(admits).map((target) => [target.peer, target]));
          for (const peer of [...running.keys()].filter((peer) => !wanted.has(peer))) {
            stop(peer);
            running.delete(peer);
          }
          const fresh = [...wanted.values()].filter(({ peer }) => !running.has(peer));
          return fresh.map((target) => {
            const hangUp$ = new Subject<SessionFault>();
            running.set(target.peer, hangUp$);
            return run(target, hangUp$);
          });
        }),
        mergeMap((one$) => one$),
      );
      const subscription = started$.subscribe(subscriber);
      subscription.add(drops$.subscribe(stop));
      return subscription;
    });
}
