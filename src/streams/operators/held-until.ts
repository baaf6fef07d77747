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
 * Holds some values until `open$` emits, then emits them in order, and each later value at once.
 * @param isHeld false for a value that is never held
 * @param max values held; the oldest are dropped beyond that
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
