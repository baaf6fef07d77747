import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageThread } from '../../src/simulated/message-thread.js';

describe('the thread in which a node handles messages', () => {
  test('runs a task at once, and while it is held runs none', () => {
    const thread = new MessageThread();
    const order: number[] = [];
    thread.run(() => order.push(1));
    assert.deepEqual(order, [1]);
    const goOn = thread.hold();
    for (const task of [2, 3]) thread.run(() => order.push(task));
    assert.deepEqual(order, [1]);
    goOn();
    assert.deepEqual(order, [1, 2, 3]);
  });

  test('keeps the order when a task holds it, and lets it go in the same turn or later', () => {
    const thread = new MessageThread();
    const order: string[] = [];
    let goOn: (() => void) | undefined;
    thread.run(() => {
      order.push('holds shortly');
      thread.run(() => order.push('within'));
      thread.hold()();
      order.push('let go');
    });
    thread.run(() => {
      goOn = thread.hold();
    });
    thread.run(() => order.push('last'));
    assert.deepEqual(order, ['holds shortly', 'let go', 'within']);
    goOn?.();
    assert.deepEqual(order, ['holds shortly', 'let go', 'within', 'last']);
  });

  test('goes on after a task that throws', () => {
    const thread = new MessageThread();
    assert.throws(() =>
      thread.run(() => {
        throw new Error('broken');
      }),
    );
    let ran = false;
    thread.run(() => {
      ran = true;
    });
    assert.equal(ran, true);
  });
});
