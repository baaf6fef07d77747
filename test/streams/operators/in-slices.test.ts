import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asyncScheduler, lastValueFrom, type SchedulerAction, type SchedulerLike, timer } from 'rxjs';
import { inSlices } from '../../../src/streams/operators/in-slices.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';

/** A calculation of so many steps, each of which takes some time by a clock of its own. */
function work(steps: number, stepMs: number) {
  const begun: number[] = [];
  function* calculation(): Generator<undefined, string> {
    for (let step = 0; step < steps; step += 1) {
      begun.push(step);
      yield;
    }
    return 'done';
  }
  return { time: new Time(), begun, clock: { monotonic: () => begun.length * stepMs }, calculation };
}

describe('in slices', () => {
  it('gives the result, and does nothing before somebody subscribes nor in the turn in which they do', async () => {
    const { time, begun, clock, calculation } = work(3, 0);
    const result$ = inSlices(calculation, { clock, scheduler: time.scheduler });
    await time.pass(10);
    assert.equal(time.pending, 0);
    const result = gather(result$);
    assert.deepEqual(begun, []);
    await time.pass(0);
    assert.deepEqual([begun, result.values, result.completed], [[0, 1, 2], ['done'], true]);
    assert.equal(time.pending, 0);
  });

  it('runs for 2 ms of the clock at a time', async () => {
    const { time, begun, clock, calculation } = work(100, 0.5);
    const turns: number[] = [];
    const scheduler = counting(time.scheduler, () => turns.push(clock.monotonic()));
    const result = gather(inSlices(calculation, { clock, scheduler }));
    await time.pass(0);
    assert.deepEqual([begun.length, result.values], [100, ['done']]);
    const lengths = turns.map((began, i) => (turns[i + 1] ?? clock.monotonic()) - began);
    assert.deepEqual(lengths, [...Array.from({ length: 25 }, () => 2), 0]);
  });

  it('takes one step in a turn when a step alone is too long', async () => {
    const { time, begun, clock, calculation } = work(5, 7);
    const turns: number[] = [];
    gather(inSlices(calculation, { clock, scheduler: counting(time.scheduler, () => turns.push(begun.length)) }));
    await time.pass(0);
    assert.deepEqual(turns, [0, 1, 2, 3, 4, 5]);
  });

  it('lets others have their turn between slices of real time', async () => {
    const clock = { monotonic: () => performance.now() };
    let others = 0;
    const beat = timer(0, 1).subscribe(() => {
      others += 1;
    });
    function* busy(): Generator<undefined, number> {
      const begun = others;
      // For as long as nobody else has had three turns; without slices that is for ever.
      while (others < begun + 3) yield;
      return others - begun;
    }
    const turns = await lastValueFrom(inSlices(busy, { clock, scheduler: asyncScheduler }));
    beat.unsubscribe();
    assert.equal(turns, 3);
  });

  it('is abandoned by unsubscribing: between slices, before the first, and from within a step', async () => {
    const { time, begun, clock, calculation } = work(100, 1);
    const afterFive = counting(time.scheduler, () => {
      if (begun.length === 8) time.scheduler.schedule(() => result.stop());
    });
    const result = gather(inSlices(calculation, { clock, scheduler: afterFive }));
    await time.pass(0);
    assert.deepEqual([begun.length, result.values, result.completed, time.pending], [10, [], false, 0]);

    const other = work(100, 1);
    const early = gather(inSlices(other.calculation, { clock: other.clock, scheduler: other.time.scheduler }));
    early.stop();
    await other.time.pass(0);
    assert.deepEqual([other.begun, other.time.pending], [[], 0]);

    const third = new Time();
    let steps = 0;
    const within = gather(
      inSlices(
        function* () {
          for (;;) {
            steps += 1;
            within.stop();
            yield;
          }
        },
        { clock: { monotonic: () => steps }, scheduler: third.scheduler },
      ),
    );
    await third.pass(0);
    assert.ok(steps <= 2, `${steps} steps`);
    assert.equal(third.pending, 0);
  });

  it('gives a calculation that throws to whoever listens, not to the scheduler', async () => {
    for (const at of [0, 1, 5]) {
      const time = new Time();
      let step = 0;
      function* broken(): Generator<undefined, string> {
        for (; step < at; step += 1) yield;
        throw new Error('a bug');
      }
      const errors: unknown[] = [];
      inSlices(broken, { clock: { monotonic: () => step }, scheduler: time.scheduler }).subscribe({
        error: (error) => errors.push(error),
      });
      const other = gather(timer(1, time.scheduler));
      await time.pass(1);
      assert.deepEqual([errors.map(String), other.values.length, time.pending], [['Error: a bug'], 1, 0]);
    }
  });

  it('begins anew for each subscriber', async () => {
    const { time, clock, calculation, begun } = work(2, 0);
    const result$ = inSlices(calculation, { clock, scheduler: time.scheduler });
    const results = [gather(result$), gather(result$)];
    await time.pass(0);
    assert.deepEqual(
      results.map(({ values }) => values),
      [['done'], ['done']],
    );
    assert.deepEqual(begun, [0, 1, 0, 1]);
  });
});

/** The scheduler, reporting each piece of work as it begins. */
function counting(scheduler: SchedulerLike, onTurn: () => void): SchedulerLike {
  return {
    now: () => scheduler.now(),
    schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay?: number, state?: T) {
      return scheduler.schedule<T>(
        function (this: SchedulerAction<T>, given) {
          onTurn();
          work.call(this, given as T);
        },
        delay,
        state,
      );
    },
  };
}
