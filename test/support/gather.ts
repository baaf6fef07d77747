import type { Observable } from 'rxjs';

/** Subscribes, and keeps what the stream emits. */
export function gather<T>(stream$: Observable<T>): { readonly values: T[]; completed: boolean; stop(): void } {
  const values: T[] = [];
  const gathered = { values, completed: false, stop: () => subscription.unsubscribe() };
  const subscription = stream$.subscribe({
    next: (value) => values.push(value),
    complete: () => {
      gathered.completed = true;
    },
  });
  return gathered;
}
