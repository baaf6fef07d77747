import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockTimes } from '../../../src/streams/locks/lock-times.js';
import { hashOf } from '../../session/support.js';
import { START, Time } from '../../support/virtual-time.js';

describe('the time to a ChainLock', () => {
  it('counts from the arrival of the block, and from its being the tip of dashd', async () => {
    const time = new Time();
    const times = new LockTimes(time.clock);
    await time.pass(20);
    times.came(hashOf(1), START, 7);
    times.isTip(hashOf(1));
    await time.pass(300);
    times.isTip(hashOf(1));
    times.isLocked(hashOf(1));
    await time.pass(1_000);
    assert.deepEqual(times.get(hashOf(1)), { height: 7, ageMs: 1_320, locked: true });
    times.isLocked(hashOf(1));
    assert.deepEqual(times.chainLock(hashOf(1)), { ms: 320, sinceTipMs: 300, seen: 'feed' });
  });

  it('counts from the arrival where dashd had the ChainLock before the block was reported', async () => {
    const time = new Time();
    const times = new LockTimes(time.clock);
    await time.pass(300);
    times.isLocked(hashOf(1));
    await time.pass(200);
    times.came(hashOf(1), START);
    assert.equal(times.get(hashOf(1))?.locked, true);
    await time.pass(20_000);
    assert.deepEqual(times.chainLock(hashOf(1)), { ms: 300, seen: 'feed' });
  });

  it('is that of a later block whose ChainLock came first', async () => {
    const time = new Time();
    const times = new LockTimes(time.clock);
    times.came(hashOf(1), START);
    await time.pass(500);
    times.isLocked(hashOf(2));
    await time.pass(1_000);
    assert.deepEqual(times.chainLock(hashOf(1)), { ms: 500, seen: 'feed' });
  });

  it('is known to be no more than so much where dashd was asked', async () => {
    const time = new Time();
    const times = new LockTimes(time.clock);
    times.isLocked(hashOf(0));
    times.came(hashOf(1), START);
    await time.pass(9_000);
    assert.deepEqual(times.chainLock(hashOf(1)), { ms: 9_000, seen: 'asked' });
  });

  it('is not known of a block from before the start', () => {
    const times = new LockTimes(new Time().clock);
    times.isLocked(hashOf(1));
    assert.equal(times.chainLock(hashOf(1)), undefined);
    assert.equal(times.get(hashOf(1)), undefined);
  });
});
