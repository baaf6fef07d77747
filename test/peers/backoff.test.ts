import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BACKOFF,
  type Backoff,
  mayDial,
  onDial,
  onFailure,
  onHandshake,
  onIsolation,
  onMisconduct,
  READY,
} from '../../src/peers/backoff.js';
import { NOW, seeded } from './support.js';

const never = { float: () => 0, u64: () => 0n };

function failed(times: number, random = never): Backoff {
  let backoff = READY;
  for (let i = 0; i < times; i++) backoff = onFailure(backoff, NOW, random);
  return backoff;
}

test('waits double, and the breaker opens at its threshold', () => {
  const waits = [1, 2, 3, 4].map((times) => failed(times).retryAt - NOW);
  assert.deepEqual(waits, [10_000, 20_000, 40_000, 80_000]);
  assert.equal(failed(4).state, 'closed');
  assert.deepEqual(failed(5), { state: 'open', failures: 5, retryAt: NOW + BACKOFF.openMs });
  assert.equal(failed(6).retryAt, NOW + 2 * BACKOFF.openMs);
  assert.equal(failed(500).retryAt, NOW + BACKOFF.maxMs);
});

test('a breaker whose time is over lets one dial through', () => {
  const open = failed(5);
  assert.equal(mayDial(open, open.retryAt - 1), false);
  assert.equal(mayDial(open, open.retryAt), true);
  const trial = onDial(open, open.retryAt);
  assert.equal(trial.state, 'half-open');
  assert.equal(mayDial(trial, open.retryAt + 1), false);
  assert.equal(mayDial(trial, open.retryAt + BACKOFF.trialMs), true, 'a trial never reported back is given up');
  assert.equal(onFailure(trial, open.retryAt, never).state, 'open');
  assert.equal(onFailure(trial, NOW, never).retryAt, NOW + 2 * BACKOFF.openMs);
});

test('a handshake closes the breaker but keeps the account until the connection has lasted', () => {
  const closed = onHandshake(failed(5));
  assert.deepEqual(closed, { state: 'closed', failures: 5, retryAt: 0 });
  assert.equal(onFailure(closed, NOW, never).state, 'open');
});

test('misconduct opens the breaker at once, and for longer each time', () => {
  const first = onMisconduct(READY, NOW, never);
  assert.deepEqual(first, { state: 'open', failures: BACKOFF.threshold, retryAt: NOW + BACKOFF.openMs });
  assert.equal(onMisconduct(onHandshake(first), NOW, never).retryAt, NOW + 2 * BACKOFF.openMs);
});

test('a dial that failed while nobody could be reached is repeated within a minute, and counts for nothing', () => {
  const before = onHandshake(failed(3));
  assert.deepEqual(onIsolation(before, NOW, never), { state: 'closed', failures: 3, retryAt: NOW + BACKOFF.trialMs });
});

test('a first dial changes nothing', () => {
  assert.equal(onDial(READY, NOW), READY);
  assert.ok(mayDial(READY, 0));
});

test('any history gives a finite wait between half of the bound and the bound', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), fc.integer(), (times, seed) => {
      const wait = failed(times, seeded(seed)).retryAt - NOW;
      const whole = failed(times).retryAt - NOW;
      assert.ok(Number.isFinite(wait) && wait > whole * (1 - BACKOFF.jitter) - 1 && wait <= whole);
      assert.ok(whole <= BACKOFF.maxMs);
    }),
    { numRuns: 50 },
  );
});

test('a wait that was begun by a clock hours ahead is over once the clock is right again', () => {
  const hours = 3 * 3_600_000;
  const begunAhead = (times: number) => {
    let backoff = READY;
    for (let i = 0; i < times; i++) backoff = onFailure(backoff, NOW + hours, never);
    return backoff;
  };
  for (const times of [1, 2, 3, 4, 5, 6]) assert.equal(mayDial(begunAhead(times), NOW), true, `${times} failures`);
  assert.equal(mayDial(onDial(begunAhead(5), NOW + hours), NOW), true);
});
