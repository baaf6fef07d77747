import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplaySubject, Subject } from 'rxjs';
import { heldUntil } from '../../../src/streams/operators/held-until.js';
import { gather } from '../../support/gather.js';

function held(max: number) {
  const open$ = new ReplaySubject<void>(1);
  const value$ = new Subject<number>();
  const gathered = gather(value$.pipe(heldUntil(open$, (value) => value > 0, max)));
  return { open$, value$, ...gathered };
}

describe('heldUntil', () => {
  it('passes values on in order once it is opened, and what follows at once', () => {
    const { open$, value$, values, stop } = held(2);
    value$.next(1);
    value$.next(2);
    assert.deepEqual(values, []);
    open$.next();
    assert.deepEqual(values, [1, 2]);
    value$.next(3);
    open$.next();
    assert.deepEqual(values, [1, 2, 3]);
    stop();
    assert.equal(value$.observed || open$.observed, false);
  });

  it('holds the newest when there are too many', () => {
    const { open$, value$, values } = held(2);
    for (const value of [1, 2, 3]) value$.next(value);
    open$.next();
    assert.deepEqual(values, [2, 3]);
  });

  it('passes what is not to be held', () => {
    const { value$, values } = held(2);
    for (const value of [0, 1, 0]) value$.next(value);
    assert.deepEqual(values, [0, 0]);
  });

  it('holds nothing when it was opened before', () => {
    const open$ = new ReplaySubject<void>(1);
    open$.next();
    const value$ = new Subject<number>();
    const { values } = gather(value$.pipe(heldUntil(open$, () => true, 2)));
    value$.next(1);
    assert.deepEqual(values, [1]);
  });
});
