import {
  connect,
  filter,
  type MonoTypeOperatorFunction,
  merge,
  type Observable,
  skipUntil,
  takeLast,
  takeUntil,
} from 'rxjs';

/**
 * Holds some values until `open$` emits, then passes them on in order, and all that follow at once.
 * @param isHeld false for a value that passes at any time
 * @param max of more than so many the oldest are lost
 */
export function heldUntil<T>(
  open$: Observable<unknown>,
  isHeld: (value: T) => boolean,
  max: number,
): MonoTypeOperatorFunction<T> {
  return connect((value$) => {
    const held$ = value$.pipe(filter(isHeld));
    return merge(
      value$.pipe(filter((value) => !isHeld(value))),
      held$.pipe(takeUntil(open$), takeLast(max)),
      held$.pipe(skipUntil(open$)),
    );
  });
}
