import type { ServiceEvent } from '../contracts/events.js';
import type { Clock } from '../time.js';

/** Makes an event about one service, dated now. */
export type ServiceReport = (state: ServiceEvent['state'], code: string, detail: string) => ServiceEvent;

export function reportOn(service: ServiceEvent['service'], clock: Pick<Clock, 'now'>): ServiceReport {
  return (state, code, detail) => ({ type: 'service', at: clock.now(), service, state, code, detail });
}
