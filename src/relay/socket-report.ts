import type { ServiceEvent } from '../contracts/events.js';
import { reportOn } from '../streams/service-events.js';
import type { Clock } from '../time.js';

/** Makes an event of a socket's state. That a client was refused is a fault; the socket itself is well. */
export function socketReport(
  service: ServiceEvent['service'],
  clock: Pick<Clock, 'now'>,
): (state: 'up' | 'down' | 'refused', detail: string) => ServiceEvent {
  const report = reportOn(service, clock);
  return (state, detail) => report(state === 'refused' ? 'fault' : state, state, detail);
}
