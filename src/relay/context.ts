import { asyncScheduler, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { systemClock, systemRandom } from '../adapters/system.js';
import type { Config } from '../config/config.js';
import type { RelayEvent } from '../contracts/events.js';
import type { Clock, Random } from '../time.js';
import type { Scope } from './scope.js';

/** What every part of the relay needs. */
export interface RelayContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  /** All events; completes when the relay has stopped. */
  readonly events$: Observable<RelayEvent>;
  readonly emit: (event: RelayEvent) => void;
  /** Work that a stop waits for at its end: above all the closing of sockets, which a stream's teardown cannot wait for. */
  readonly pending: Set<Promise<void>>;
}

export interface ContextOptions {
  /** Called with each event from the first on. */
  readonly listen?: (event: RelayEvent) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly scheduler?: SchedulerLike;
}

export function openContext(config: Config, options: ContextOptions, scope: Scope): RelayContext {
  const { listen, clock = systemClock, random = systemRandom, scheduler = asyncScheduler } = options;
  const events$ = new Subject<RelayEvent>();
  if (listen !== undefined) events$.subscribe(listen);
  const pending = new Set<Promise<void>>();
  scope.add(() => events$.complete());
  scope.add(() => Promise.all(pending));
  return {
    config,
    clock,
    random,
    scheduler,
    events$: events$.asObservable(),
    emit: (event) => events$.next(event),
    pending,
  };
}
