import type { Gauges } from '../observation.js';
import type { Invariant } from './invariant.js';

/** @param limits the most that each quantity may reach */
export function bounded(limits: Gauges): Invariant {
  const names = Object.keys(limits) as (keyof Gauges)[];
  return {
    name: 'bounded',
    rule: 'Sockets, peers, files and timers stay within their limits',
    open: () => ({
      gauges({ gauges }) {
        const over = names.find((name) => gauges[name] > limits[name]);
        return over === undefined ? undefined : `${over}: ${gauges[over]}, at most ${limits[over]} are allowed`;
      },
    }),
  };
}
