import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Engine, EngineEvent } from '../../src/simulation/engine.js';

describe('an engine', () => {
  test('runs actions in the order of their times, those of one time in the order in which they were scheduled', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (times) => {
        const engine = new Engine();
        const ran: { time: number; place: number }[] = [];
        for (const [place, time] of times.entries())
          engine.at(time, () => {
            assert.equal(engine.now, time);
            ran.push({ time, place });
          });
        engine.run();
        const expected = times.map((time, place) => ({ time, place })).sort((a, b) => a.time - b.time);
        assert.deepEqual(ran, expected);
      }),
    );
  });

  test('runs what actions schedule: now, behind all that is due now, and later', () => {
    const engine = new Engine();
    const ran: string[] = [];
    engine.at(5, () => {
      engine.after(0, () => ran.push(`third at ${engine.now}`));
      engine.after(7, () => ran.push(`fourth at ${engine.now}`));
      ran.push('first');
    });
    engine.at(5, () => ran.push('second'));
    engine.run();
    assert.deepEqual(ran, ['first', 'second', 'third at 5', 'fourth at 12']);
  });

  test('rounds to whole microseconds, and takes a time that has passed for now', () => {
    const engine = new Engine();
    const times: number[] = [];
    engine.run(10);
    engine.at(3, () => times.push(engine.now));
    engine.at(10.4, () => times.push(engine.now));
    engine.at(10.6, () => times.push(engine.now));
    engine.run();
    assert.deepEqual(times, [10, 10, 11]);
  });

  test('does not run what was cancelled, and does not stop for it', () => {
    const engine = new Engine();
    const ran: number[] = [];
    const cancel = engine.at(1, () => ran.push(1));
    engine.at(2, () => ran.push(2));
    cancel();
    assert.equal(engine.next, 2);
    assert.equal(engine.step(), true);
    assert.deepEqual([engine.now, engine.next, engine.step()], [2, undefined, false]);
    cancel();
    assert.deepEqual(ran, [2]);
  });

  test('runs up to a time, that one included, and stands at it then', () => {
    const engine = new Engine();
    const ran: number[] = [];
    for (const time of [1, 5, 6]) engine.at(time, () => ran.push(time));
    engine.run(5);
    assert.deepEqual([ran, engine.now], [[1, 5], 5]);
    engine.run(3);
    assert.equal(engine.now, 5);
    engine.run();
    assert.deepEqual([ran, engine.now], [[1, 5, 6], 6]);
  });

  test('takes events of classes of their own, which may post themselves again', () => {
    const engine = new Engine();
    const ran: number[] = [];
    class Countdown extends EngineEvent {
      constructor(private left: number) {
        super();
      }

      run(): void {
        ran.push(this.time);
        this.left -= 1;
        if (this.left > 0) engine.post(this.time + 10, this);
      }
    }
    engine.post(5, new Countdown(3));
    engine.run();
    assert.deepEqual(ran, [5, 15, 25]);
  });

  test('keeps running after an action that throws, which is the caller’s to see', () => {
    const engine = new Engine();
    const ran: number[] = [];
    engine.at(1, () => {
      throw new Error('of the action');
    });
    engine.at(2, () => ran.push(2));
    assert.throws(() => engine.run(), /of the action/);
    assert.equal(engine.now, 1);
    engine.run();
    assert.deepEqual(ran, [2]);
  });
});
