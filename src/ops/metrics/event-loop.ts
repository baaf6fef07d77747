import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SECOND_MS } from '../../time.js';

/**
 * How often the watch looks, ms: a delay is told as up to so much shorter than it was. Each look wakes the process, and 200 a second were
 * the most that an idle relay did: 0.5 % of a core.
 */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/**
 * Tells, once a second, the longest time (s) for which the event loop was held within that second: what a block coming in could have
 * had to wait. Told second by second, since a maximum that is reset when it is read would show each of two readers half.
 *
 * It keeps no process alive.
 */
export function watchEventLoop(tell: (seconds: number) => void): { close(): void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const timer = setInterval(() => {
    // Node counts from one look to the next, of which the resolution is the part that was meant.
    tell(Math.max(0, delays.max / NS_PER_MS - RESOLUTION_MS) / SECOND_MS);
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
