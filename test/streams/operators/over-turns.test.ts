import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { overTurns } from '../../../src/streams/operators/over-turns.js';
import { gather } from '../../support/gather.js';

/** A listener that takes so long for each value, milliseconds. */
function listening(eachMs: number) {
  let now = 0;
  const scheduler = new VirtualTimeScheduler();
  const source$ = new Subject<number>();
  const taken = gather(source$.pipe(overTurns({ clock: { monotonic: () => now }, scheduler })));
  const push = taken.values.push.bind(taken.values);
  taken.values.push = (...values) => {
    now += eachMs;
    return push(...values);
  };
  return { source$, scheduler, taken };
}

describe('values over turns of the event loop', () => {
  it('are passed on at once while that takes no time', () => {
    const { source$, taken, scheduler } = listening(0);
    for (let n = 0; n < 1_000; n += 1) source$.next(n);
    assert.equal(taken.values.length, 1_000);
    assert.equal(scheduler.actions.length, 0, 'nothing is left to be done');
  });

  it('wait for later turns once a turn is used up, and keep their order', () => {
    const { source$, taken, scheduler } = listening(1);
    for (let n = 0; n < 100; n += 1) source$.next(n);
    assert.equal(taken.values.length, 4);
    scheduler.flush();
    assert.deepEqual(
      [...taken.values],
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it('are all passed on at the end', () => {
    const { source$, taken } = listening(1);
    for (let n = 0; n < 100; n += 1) source$.next(n);
    source$.complete();
    assert.equal(taken.values.length, 100);
    assert.equal(taken.completed, true);
  });
});
