import { filter } from 'rxjs';
import type { BlockEvent, RelayEvent } from '../contracts/events.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';
import { socketReport } from './socket-report.js';

/** Publishes the events about blocks on the events socket. */
export function publishEvents({ config, openPublisher, events$, emit, clock }: RelayContext, scope: Scope): void {
  const { bind } = config.events;
  const curve = config.pool.curve.enabled ? config.pool.curve : undefined;
  const report = socketReport('events-socket', clock);
  const publisher = openPublisher({ bind, curve }, { state: (state, detail) => emit(report(state, detail)) });
  scope.add(() => publisher.close());
  scope
    .subscription()
    .add(events$.pipe(filter(isBlockEvent)).subscribe((event) => publisher.publish(JSON.stringify(event))));
}

/** A type that is not here would not be published: the compiler asks for all. */
const BLOCK_EVENTS: Readonly<Record<BlockEvent['type'], true>> = {
  received: true,
  refused: true,
  repeated: true,
  stored: true,
  proof: true,
  verdict: true,
  propagation: true,
  finality: true,
  locks: true,
  'locks-relayed': true,
};

function isBlockEvent(event: RelayEvent): event is BlockEvent {
  return Object.hasOwn(BLOCK_EVENTS, event.type);
}
