import { defer, type MonoTypeOperatorFunction, repeat, type SchedulerLike, tap, timer } from 'rxjs';

export interface Reconnecting<T> {
  /** The pause before the next attempt, milliseconds, after so many failures in a row (0 for the first). */
  readonly delayMs: (failures: number) => number;
  /** True for the value that shows that an attempt succeeded: the count of failures starts anew. */
  readonly succeeded: (value: T) => boolean;
  readonly scheduler: SchedulerLike;
}

/** Subscribes again whenever the source completes, without end. A connection completes when it is over. */
export function reconnecting<T>({ delayMs, succeeded, scheduler }: Reconnecting<T>): MonoTypeOperatorFunction<T> {
  return (source$) =>
    defer(() => {
      let failures = 0;
      return source$.pipe(
        tap((value) => {
          if (succeeded(value)) failures = 0;
        }),
        repeat({
          delay: () => {
            failures += 1;
            return timer(delayMs(failures - 1), scheduler);
          },
        }),
      );
    });
}
