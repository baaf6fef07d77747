import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SECOND_MS } from '../../time.js';

/**
 * Sampling interval, ms; a delay is reported up to this much too short. Each sample wakes the process: 200 samples a second took 0.5 % of
 * a core, more than everything else in an idle relay.
 */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/**
 * Reports once a second the longest time (s) for which the event loop was blocked within that second: the delay that an arriving block could have
 * had. Reported per second, since a maximum that is reset by each scrape would be wrong with two Prometheus servers.
 *
 * It does not keep the process alive.
 */
export function watchEventLoop(report: (seconds: number) => void): { close(): void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const timer = setInterval(() => {
    // Node measures from one sample to the next, which includes the sampling interval itself.
    report(Math.max(0, delays.max / NS_PER_MS - RESOLUTION_MS) / SECOND_MS);
    delays.reset();
  }, SECOND_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
