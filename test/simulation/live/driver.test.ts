import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Engine, MICROS_PER_MS } from '../../../src/simulation/engine.js';
import { Driver } from '../../../src/simulation/live/driver.js';

/** A promise that an event settles, as a port of the relay's would. */
function later(driver: Driver, ms: number): Promise<number> {
  return new Promise((resolve) => {
    driver.engine.after(ms * MICROS_PER_MS, () => {
      driver.touch();
      resolve(ms);
    });
  });
}

describe('the driver', () => {
  test('lets all promises settle that an event has touched before the next event runs', async () => {
    const driver = new Driver(new Engine());
    const order: string[] = [];
    const chain = async (): Promise<void> => {
      await later(driver, 1);
      for (let await_ = 0; await_ < 50; await_ += 1) await undefined;
      process.nextTick(() => order.push('tick'));
      order.push('promises');
    };
    const done = chain();
    driver.engine.after(MICROS_PER_MS, () => order.push('next event'));
    await driver.run(10);
    await done;
    assert.deepEqual(order, ['promises', 'tick', 'next event']);
  });

  test('stands at the end of the time that it ran for, and runs the events of that time', async () => {
    const driver = new Driver(new Engine());
    let ran = 0;
    for (const ms of [10, 10.001]) {
      driver.engine.after(ms * MICROS_PER_MS, () => {
        ran += 1;
      });
    }
    await driver.run(10);
    assert.deepEqual([driver.engine.now, ran], [10 * MICROS_PER_MS, 1]);
  });

  test('stops at the event after which the condition holds, and says when it never did', async () => {
    const driver = new Driver(new Engine());
    let value = 0;
    for (const ms of [1, 2, 3]) {
      driver.engine.after(ms * MICROS_PER_MS, () => {
        value = ms;
      });
    }
    assert.equal(await driver.until(() => value === 2, 10), true);
    assert.equal(driver.engine.now, 2 * MICROS_PER_MS);
    assert.equal(await driver.until(() => value === 9, 10), false);
    assert.equal(driver.engine.now, 12 * MICROS_PER_MS);
  });

  test('runs until a promise has settled, and gives its value or its error', async () => {
    const driver = new Driver(new Engine());
    assert.equal(await driver.settled(later(driver, 5), 10), 5);
    assert.equal(driver.engine.now, 5 * MICROS_PER_MS);
    const failing = later(driver, 1).then(() => {
      throw new Error('broken');
    });
    await assert.rejects(driver.settled(failing, 10), /broken/);
    await assert.rejects(driver.settled(later(driver, 30), 10), /not settled within 10 ms/);
  });

  test('calls the checks after each event, once its promises have settled', async () => {
    const driver = new Driver(new Engine());
    const seen: (boolean | string)[] = [];
    const end = driver.afterEach((touched) => seen.push(touched));
    driver.engine.after(1, () => seen.push('plain'));
    void later(driver, 1).then(() => seen.push('settled'));
    await driver.run(2);
    end();
    driver.engine.after(1, () => seen.push('unchecked'));
    await driver.run(1);
    assert.deepEqual(seen, ['plain', false, 'settled', true, 'unchecked']);
  });

  test('throws what an event or a check throws', async () => {
    const driver = new Driver(new Engine());
    driver.engine.after(1, () => undefined);
    driver.afterEach(() => {
      throw new Error('violated');
    });
    await assert.rejects(driver.run(1), /violated/);
  });
});
