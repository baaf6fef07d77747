import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Scope } from '../../src/relay/scope.js';
import { Time } from '../support/virtual-time.js';

function setUp() {
  const closed: string[] = [];
  const closing = (name: string) => async () => {
    await nextTurn();
    closed.push(name);
  };
  return { scope: new Scope(), closed, closing };
}

describe('a scope', () => {
  test('closes in reverse order, each when the one before it is closed', async () => {
    const { scope, closed, closing } = setUp();
    scope.add(closing('first'));
    scope.add(() => closed.push('second'));
    scope.add(closing('third'));
    assert.deepEqual(await scope.close(), []);
    assert.deepEqual(closed, ['third', 'second', 'first']);
  });

  test('closes a nested scope at its place, whatever was added to it later', async () => {
    const { scope, closed, closing } = setUp();
    scope.add(closing('before'));
    const nested = scope.nested();
    scope.add(closing('after'));
    nested.add(closing('late'));
    nested.add(closing('later'));
    await scope.close();
    assert.deepEqual(closed, ['after', 'later', 'late', 'before']);
  });

  test('ends a subscription at its place', async () => {
    const { scope, closed, closing } = setUp();
    const subscription = scope.subscription();
    scope.add(closing('after'));
    subscription.add(() => closed.push('subscription'));
    await scope.close();
    assert.deepEqual(closed, ['after', 'subscription']);
  });

  test('closes everything when one fails, and returns all errors, those of nested scopes as well', async () => {
    const { scope, closed, closing } = setUp();
    scope.add(closing('first'));
    scope.nested().add(() => assert.fail('nested'));
    scope.add(() => Promise.reject(new Error('last')));
    const faults = await scope.close();
    assert.deepEqual(
      faults.map((error) => (error as Error).message),
      ['last', 'nested'],
    );
    assert.deepEqual(closed, ['first']);
  });

  test('closes once, however often it is asked to', async () => {
    const { scope, closed, closing } = setUp();
    scope.add(closing('first'));
    await Promise.all([scope.close(), scope.close()]);
    await scope.close();
    assert.deepEqual(closed, ['first']);
  });

  test('does not wait for what does not close in time', async () => {
    const { scope } = setUp();
    scope.add(() => new Promise(() => undefined));
    scope.add(() => assert.fail('known by then'));
    const time = new Time();
    const faults: unknown[][] = [];
    void scope.closeWithin(10, time.scheduler).then((met) => faults.push([...met]));
    await time.pass(9);
    assert.equal(faults.length, 0);
    await time.pass(1);
    assert.equal(faults[0]?.length, 1);
  });
});
