import { Observable, type SchedulerLike } from 'rxjs';
import type { Clock } from '../../time.js';

/** Work on the event loop is done in pieces of this many milliseconds, so that a block that comes meanwhile waits no longer. */
const SLICE_MS = 2;

/** Runs a long calculation to its end, letting others have their turn between slices; unsubscribing abandons it. */
export function inSlices<T>(
  begin: () => Generator<unknown, T>,
  { clock, scheduler }: { readonly clock: Pick<Clock, 'monotonic'>; readonly scheduler: SchedulerLike },
): Observable<T> {
  return new Observable((subscriber) => {
    const steps = begin();
    return scheduler.schedule(function () {
      const until = clock.monotonic() + SLICE_MS;
      try {
        let step = steps.next();
        while (step.done !== true && clock.monotonic() < until) step = steps.next();
        if (step.done !== true) {
          this.schedule();
          return;
        }
        subscriber.next(step.value);
        subscriber.complete();
      } catch (error) {
        // A scheduler would throw it at the process.
        subscriber.error(error);
      }
    });
  });
}
