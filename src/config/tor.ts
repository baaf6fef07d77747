/** What goes through Tor: the one place that says so, for the relay, the alerts and the rules of the configuration. */
import { isInside, isOnion } from '../address/host.js';

export const TOR_MODES = ['off', 'onion', 'all'] as const;

/**
 * `off`: nothing; onion addresses are not reached. `onion`: onion addresses only. `all`: everything; no name is resolved here and nothing is
 * dialled directly, except what the operator placed on this machine or in a private network.
 */
export type TorMode = (typeof TOR_MODES)[number];

/**
 * Whether a service of the operator's (a receiver of alerts) is reached through Tor.
 * @param host canonical
 */
export function isThroughTor(mode: TorMode, host: string): boolean {
  return mode !== 'off' && (isOnion(host) || (mode === 'all' && !isInside(host)));
}
