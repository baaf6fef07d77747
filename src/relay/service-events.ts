import type { ServiceEvent } from '../contracts/events.js';

export function fault(service: ServiceEvent['service'], code: string, detail: string, at: number): ServiceEvent {
  return { type: 'service', at, service, state: 'fault', code, detail };
}

/** A socket's state. A client that was refused is a fault, the socket itself is well. */
export function socketEvent(
  service: ServiceEvent['service'],
  state: 'up' | 'down' | 'refused',
  detail: string,
  at: number,
): ServiceEvent {
  return { type: 'service', at, service, state: state === 'refused' ? 'fault' : state, code: state, detail };
}
