/** Keeps one stream running for each target of a list that changes. */

import {
  defer,
  finalize,
  mergeMap,
  type Observable,
  type OperatorFunction,
  observeOn,
  queueScheduler,
  Subject,
} from 'rxjs';
import { SESSION } from '../../messages/peers.js';
import type { SessionFault } from '../../session/types.js';
import type { Target } from './connection.js';

/** By peer, what ends each stream that runs. */
export type HangUps = Map<string, Subject<SessionFault>>;

/**
 * Runs one inner stream for each target, from the list that names it first until it ends by itself or a list leaves it out. One that
 * has ended is run again when a later list still names it.
 * @param hangUps may be shared by several lists: a peer whose stream runs for one is not run for another, which neither ends it
 */
export function keepEach<T>(
  hangUps: HangUps,
  run: (target: Target, hangUp$: Observable<SessionFault>) => Observable<T>,
): OperatorFunction<readonly Target[], T> {
  return (lists$) =>
    defer(() => {
      const own = new Set<string>();
      const start = (target: Target): Observable<T> => {
        const { peer } = target;
        const hangUp$ = new Subject<SessionFault>();
        hangUps.set(peer, hangUp$);
        own.add(peer);
        return run(target, hangUp$).pipe(
          finalize(() => {
            hangUps.delete(peer);
            own.delete(peer);
          }),
        );
      };
      return lists$.pipe(
        // A loss may bring a new list at once: that waits until this one is carried out.
        observeOn(queueScheduler),
        mergeMap((targets) => {
          const wanted = new Map(targets.map((target) => [target.peer, target]));
          const surplus = [...own].filter((peer) => !wanted.has(peer));
          const started = [...wanted.values()].filter(({ peer }) => !hangUps.has(peer)).map(start);
          for (const peer of surplus) hangUp(hangUps, peer, SESSION['rotated-out']);
          return started;
        }),
        mergeMap((one$) => one$),
        finalize(() => {
          for (const peer of own) hangUps.delete(peer);
        }),
      );
    });
}

/** @returns false when no stream runs for the peer */
export function hangUp(hangUps: HangUps, peer: string, detail: string): boolean {
  const hangUp$ = hangUps.get(peer);
  hangUp$?.next({ code: 'rotated-out', detail });
  hangUp$?.complete();
  return hangUp$ !== undefined;
}
