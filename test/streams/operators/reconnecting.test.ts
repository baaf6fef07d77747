import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defer, EMPTY, type Observable, of } from 'rxjs';
import { reconnecting } from '../../../src/streams/operators/reconnecting.js';
import { gather } from '../../support/gather.js';
import { marbles, Time } from '../../support/virtual-time.js';

/** 2, 4, 8 … frames. */
const doubling = (failures: number) => 2 ** (failures + 1);
const isReady = (value: string) => value === 'r';

describe('reconnecting', () => {
  it('subscribes again whenever the source completes, waiting longer each time', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const source$ = cold('-a|');
      const result$ = source$.pipe(reconnecting({ delayMs: doubling, succeeded: isReady, scheduler }));
      expectObservable(result$, '^------------------------!').toBe('-a---a-----a---------a---');
      expectSubscriptions(source$.subscriptions).toBe(['^-!', '----^-!', '----------^-!', '--------------------^-!']);
    });
  });

  it('counts failures from the last success', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const attempts = ['|', '|', 'r--|', '|', '|', '-r'].map((attempt) => cold(attempt));
      const turns = attempts.values();
      const source$ = defer((): Observable<string> => turns.next().value ?? EMPTY);
      const result$ = source$.pipe(reconnecting({ delayMs: doubling, succeeded: isReady, scheduler }));
      // Pauses of 2 and 4, the success, then again of 2, 4 and 8.
      expectObservable(result$, '^-------------------------!').toBe('------r-----------------r--');
      const subscriptions = [
        '(^!)',
        '--(^!)',
        '------^--!',
        '-----------(^!)',
        '---------------(^!)',
        '-----------------------^--!',
      ];
      attempts.forEach((attempt, i) => {
        expectSubscriptions(attempt.subscriptions).toBe(subscriptions[i] ?? '');
      });
    });
  });

  it('goes on for ever with a source that completes as soon as it is subscribed to', async () => {
    const time = new Time();
    let attempts = 0;
    const source$ = defer(() => {
      attempts += 1;
      return of('a');
    });
    const { values, stop } = gather(
      source$.pipe(reconnecting({ delayMs: () => 1, succeeded: isReady, scheduler: time.scheduler })),
    );
    await time.pass(500);
    assert.deepEqual([attempts, values.length], [501, 501]);
    stop();
    assert.equal(time.pending, 0);
    await time.pass(500);
    assert.equal(attempts, 501);
  });

  it('leaves no timer behind when it is unsubscribed from in a pause', async () => {
    const time = new Time();
    const { stop } = gather(
      EMPTY.pipe(reconnecting({ delayMs: () => 1_000, succeeded: () => false, scheduler: time.scheduler })),
    );
    await time.pass(500);
    assert.equal(time.pending, 1);
    stop();
    assert.equal(time.pending, 0);
  });

  it('counts for each subscriber by itself', () => {
    marbles(({ cold, expectObservable, scheduler }) => {
      const result$ = cold('a|').pipe(reconnecting({ delayMs: doubling, succeeded: isReady, scheduler }));
      expectObservable(result$, '^-----!').toBe('a--a---');
      expectObservable(result$, '----^-----!').toBe('----a--a---');
    });
  });

  it("passes an error on: that is a programmer's, not a connection's", () => {
    marbles(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const source$ = cold('-a#');
      expectObservable(source$.pipe(reconnecting({ delayMs: doubling, succeeded: isReady, scheduler }))).toBe('-a#');
      expectSubscriptions(source$.subscriptions).toBe('^-!');
    });
  });
});
