import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SECOND_MS } from '../../time.js';

/**
 * How often the watch looks, ms. A delay is known to within as much; each look is a wake-up without JavaScript, and 200 of them a
 * second are not to be seen in the processor's load.
 */
const RESOLUTION_MS = 5;
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
