import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interval, take, timer } from 'rxjs';
import { Engine, MICROS_PER_MS } from '../../../src/simulation/engine.js';
import { VirtualClock } from '../../../src/simulation/live/virtual-clock.js';
import { VirtualProcess } from '../../../src/simulation/live/virtual-process.js';

function setUp() {
  const engine = new Engine();
  const clock = new VirtualClock(engine);
  let touches = 0;
  const process = new VirtualProcess(engine, clock, () => {
    touches += 1;
  });
  const seen: number[] = [];
  const note = (): void => {
    seen.push(engine.now / MICROS_PER_MS);
  };
  return { engine, clock, process, seen, note, touches: () => touches };
}

describe('the scheduler of a virtual process', () => {
  test('runs an action after its delay, in whole milliseconds and after one at least, as setInterval does', () => {
    const { engine, process, seen, note } = setUp();
    for (const delay of [250, 2.9, 0, Number.POSITIVE_INFINITY]) process.scheduler.schedule(note, delay);
    engine.run();
    assert.deepEqual(seen, [1, 1, 2, 250]);
  });

  test('repeats an action that schedules itself, until it is unsubscribed', () => {
    const { engine, process, seen, note } = setUp();
    const repeating = process.scheduler.schedule(function () {
      note();
      this.schedule(undefined, 20);
    }, 10);
    engine.run(55 * MICROS_PER_MS);
    repeating.unsubscribe();
    engine.run();
    assert.deepEqual(seen, [10, 30, 50]);
  });

  test('runs an action that is scheduled within another after the actions of the same time', () => {
    const { engine, process } = setUp();
    const order: string[] = [];
    process.scheduler.schedule(() => {
      order.push('first');
      process.scheduler.schedule(() => order.push('within'), 0);
    }, 5);
    process.scheduler.schedule(() => order.push('second'), 6);
    engine.run();
    assert.deepEqual(order, ['first', 'second', 'within']);
  });

  test('carries the timers of RxJS', () => {
    const { engine, process, seen, note } = setUp();
    interval(100, process.scheduler).pipe(take(3)).subscribe(note);
    timer(50, 1_000, process.scheduler).pipe(take(2)).subscribe(note);
    engine.run();
    assert.deepEqual(seen, [50, 100, 200, 300, 1_050]);
  });

  test('has the time of the wall clock, which may jump', () => {
    const { engine, clock, process } = setUp();
    const before = process.scheduler.now();
    engine.run(7_000);
    clock.jump(-1_000);
    assert.equal(process.scheduler.now() - before, 7 - 1_000);
    assert.equal(clock.monotonic(), 7);
  });
});

describe('a virtual process', () => {
  test('runs nothing once it is killed, timers and turns of the event loop included', () => {
    const { engine, process, seen, note, touches } = setUp();
    let killed = 0;
    process.killed$.subscribe(() => {
      killed += 1;
    });
    process.scheduler.schedule(note, 5);
    process.nextTurn(note);
    process.kill();
    process.kill();
    process.enter(note);
    engine.run();
    assert.deepEqual([seen, killed, touches()], [[], 1, 0]);
  });

  test('that is stopped runs what was due when it goes on, a periodic timer once', () => {
    const { engine, process, seen, note } = setUp();
    interval(10, process.scheduler).pipe(take(3)).subscribe(note);
    engine.at(15 * MICROS_PER_MS, () => process.stop());
    engine.at(95 * MICROS_PER_MS, () => process.goOn());
    engine.run();
    assert.deepEqual(seen, [10, 95, 105]);
  });

  test('tells the driver of each time that its code has run', () => {
    const { engine, process, touches } = setUp();
    process.nextTurn(() => undefined);
    engine.after(0, () => undefined);
    engine.run();
    assert.equal(touches(), 1);
  });
});
