import { Observable, type SchedulerLike } from 'rxjs';
import type { Clock } from '../../time.js';

/** Milliseconds of one slice: a block that arrives meanwhile waits no longer than this. */
const SLICE_MS = 2;

/** Runs a long calculation to its end, in slices between which the event loop does other work. Unsubscribing abandons it. */
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
