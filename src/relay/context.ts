import { type Observable, Subject } from 'rxjs';
import type { bindPull } from '../adapters/zmq.js';
import type { examine } from '../block/gate.js';
import type { Config } from '../config/config.js';
import type { RelayEvent } from '../contracts/events.js';
import type { SelectLimits } from '../peers/plan.js';
import { type Ports, systemPorts } from './ports.js';
import type { Scope } from './scope.js';

export interface RelayOptions {
  readonly userAgent: string;
  /** Called with each event from the first on. */
  readonly listen?: (event: RelayEvent) => void;
  /** The pool's socket, when it is bound already. */
  readonly pool?: ReturnType<typeof bindPull>;
  /** Limits of peer selection other than the configured ones: a demo's time runs faster. */
  readonly limits?: Partial<SelectLimits>;
  /** The gate's check of a body. A test sets one that knows less than ours, as ours will after the next upgrade of the network. */
  readonly examine?: typeof examine;
}

/** Each port that is not given is the system's. */
export interface RelayDeps extends RelayOptions, Partial<Ports> {}

/** What every part of the relay needs. */
export interface RelayContext extends RelayOptions, Ports {
  readonly config: Config;
  /** All events; completes when the relay has stopped. */
  readonly events$: Observable<RelayEvent>;
  readonly emit: (event: RelayEvent) => void;
  /** Work that a stop waits for at its end: above all the closing of sockets, which a stream's teardown cannot wait for. */
  readonly pending: Set<Promise<void>>;
}

export function openContext(config: Config, deps: RelayDeps, scope: Scope): RelayContext {
  const events$ = new Subject<RelayEvent>();
  if (deps.listen !== undefined) events$.subscribe(deps.listen);
  const pending = new Set<Promise<void>>();
  scope.add(() => events$.complete());
  scope.add(() => Promise.all(pending));
  return {
    ...systemPorts,
    ...deps,
    config,
    events$: events$.asObservable(),
    emit: (event) => events$.next(event),
    pending,
  };
}
