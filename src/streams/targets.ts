/** The peers wanted, from what is configured and what was found: the configured ones first, and never more than there is room for. */
import { map, type OperatorFunction, pipe, scan } from 'rxjs';
import type { Target } from './connection.js';
import type { Address } from './ports.js';

/** A peer's name: `host:port`, IPv6 in brackets. */
export function peerName({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Gathers lists of addresses into the list of targets.
 * @param room how many peers there may be beside the protected one
 */
export function targets(room: number): OperatorFunction<readonly Address[], readonly Target[]> {
  return pipe(
    scan((known, found) => {
      const fresh = found
        .map((address): Target => ({ ...address, peer: peerName(address), protected: false }))
        .filter(({ peer }) => !known.has(peer));
      return new Map([...known, ...fresh.map((target) => [target.peer, target] as const)]);
    }, new Map<string, Target>()),
    map((known) => [...known.values()].slice(0, room)),
  );
}
