import { Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { Clock } from '../../time.js';

/** Milliseconds for which values are passed on in one turn of the event loop. */
const SLICE_MS = 4;

/**
 * Passes values on in order: at once as long as the subscribers are quick, the rest in later turns of the event loop. So the events of one
 * block are emitted at once, and those of a thousand do not hold the event loop. When the source completes, all that wait are passed on at once.
 */
export function overTurns<T>({
  clock,
  scheduler,
}: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
}): OperatorFunction<T, T> {
  return (source$) =>
    new Observable((subscriber) => {
      let waiting: T[] = [];
      let spentMs = 0;
      let turn: Subscription | undefined;

      const pass = (value: T): void => {
        const from = clock.monotonic();
        subscriber.next(value);
        spentMs += clock.monotonic() - from;
      };
      /** Passes on waiting values until this turn's time is used up. */
      const drain = (): void => {
        turn = undefined;
        spentMs = 0;
        let passed = 0;
        for (const value of waiting) {
          if (spentMs >= SLICE_MS) break;
          passed += 1;
          pass(value);
        }
        waiting = waiting.slice(passed);
        schedule();
      };
      const schedule = (): void => {
        if (spentMs > 0 || waiting.length > 0) turn ??= scheduler.schedule(drain);
      };
      const subscription = source$.subscribe({
        next(value) {
          if (waiting.length > 0 || spentMs >= SLICE_MS) waiting.push(value);
          else pass(value);
          schedule();
        },
        error: (error) => subscriber.error(error),
        complete() {
          turn?.unsubscribe();
          for (const value of waiting) subscriber.next(value);
          waiting = [];
          subscriber.complete();
        },
      });
      return () => {
        turn?.unsubscribe();
        subscription.unsubscribe();
      };
    });
}
