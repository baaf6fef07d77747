import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FairTurns, type Work } from '../../../src/streams/connections/fair-turns.js';

/** An event loop that turns when it is asked to, in which each step of work takes half a millisecond. */
class Loop {
  now = 0;
  readonly done: string[] = [];
  private readonly due: (() => void)[] = [];
  readonly turns = new FairTurns(
    () => this.now,
    (go) => this.due.push(go),
  );

  work(name: string, steps: number): Work {
    let left = steps;
    return {
      step: () => {
        this.now += 0.5;
        this.done.push(name);
        left -= 1;
        return left > 0;
      },
      done: () => this.done.push(`${name} done`),
    };
  }

  /** @returns what was done in this turn */
  turn(): string {
    this.done.length = 0;
    for (const go of this.due.splice(0)) go();
    return this.done.join(' ');
  }
}

describe('turns of the event loop, shared by connections', () => {
  it('are taken at once while there is time', () => {
    const loop = new Loop();
    assert.equal(loop.turns.offer(loop.work('a', 1)), true);
    assert.deepEqual(loop.done, ['a']);
  });

  it('have a millisecond for all together: what is left waits for the next, and is served in turn', () => {
    const loop = new Loop();
    assert.equal(loop.turns.offer(loop.work('a', 5)), false);
    assert.equal(loop.turns.offer(loop.work('b', 2)), false);
    assert.equal(loop.turns.offer(loop.work('c', 1)), false);
    assert.deepEqual(loop.done, ['a', 'a']);
    assert.equal(loop.turn(), 'a b');
    assert.equal(loop.turn(), 'c c done a');
    assert.equal(loop.turn(), 'b b done a a done');
    assert.equal(loop.turn(), '');
  });

  it('count from the first offer: bytes take time to be read before they are offered', () => {
    const loop = new Loop();
    assert.equal(loop.turns.offer(loop.work('a', 1)), true);
    loop.now += 0.5;
    assert.equal(loop.turns.offer(loop.work('b', 1)), false);
    assert.deepEqual(loop.done, ['a']);
    assert.equal(loop.turn(), 'b b done');
  });

  it('begin anew with each turn', () => {
    const loop = new Loop();
    assert.equal(loop.turns.offer(loop.work('a', 2)), true);
    assert.equal(loop.turns.offer(loop.work('a', 1)), false, 'this turn is over');
    loop.turn();
    loop.turn();
    assert.equal(loop.turns.offer(loop.work('b', 1)), true);
  });

  it('give one who offers again no second place', () => {
    const loop = new Loop();
    const a = loop.work('a', 6);
    assert.equal(loop.turns.offer(a), false);
    assert.equal(loop.turns.offer(a), false);
    assert.equal(loop.turn(), 'a a');
  });

  it('forget whoever leaves', () => {
    const loop = new Loop();
    const a = loop.work('a', 6);
    loop.turns.offer(a);
    loop.turns.leave(a);
    assert.equal(loop.turn(), '');
  });

  it('cost nothing while nobody has work', () => {
    const loop = new Loop();
    loop.turns.offer(loop.work('a', 1));
    loop.turn();
    assert.equal(loop.turn(), '');
  });
});
