import { Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { Clock } from '../../time.js';

/** Values are passed on for so long in one turn of the event loop, milliseconds. */
const SLICE_MS = 4;

/**
 * Passes values on in their order: at once, as long as whoever takes them is quick; the rest in later turns of the event loop. So what is told of one
 * block is told at once, and what is told of a thousand holds nobody up. At the end, what still waits is passed on at once.
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
      /** Passes on what waits, as far as this turn goes. */
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
