import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CongestionWindow, segmentsOf } from '../../../src/simulation/net/window.js';

const ROUND_TRIP = 80_000;
const TIMEOUT = 280_000;

/** Sends all that there is room for, in rounds of a round trip. @returns the size of each round's window */
function rounds(window: CongestionWindow, count: number, from = 0): readonly number[] {
  return Array.from({ length: count }, (_, round) => {
    const now = from + round * ROUND_TRIP;
    const room = window.room(now, TIMEOUT);
    window.take(room, now, now + ROUND_TRIP);
    return room;
  });
}

describe('a congestion window', () => {
  test('doubles with each full round', () => {
    assert.deepEqual(rounds(new CongestionWindow(), 5), [10, 20, 40, 80, 160]);
  });

  test('has no room until the acknowledgement of the first segment of the round', () => {
    const window = new CongestionWindow();
    window.take(4, 100, 100 + ROUND_TRIP);
    window.take(6, 50_000, 50_000 + ROUND_TRIP);
    assert.deepEqual([window.room(60_000, TIMEOUT), window.opensAt], [0, 100 + ROUND_TRIP]);
    assert.equal(window.room(100 + ROUND_TRIP, TIMEOUT), 20);
  });

  test('loses 30 % with a loss, rounded down, and stays there; two segments are left in any case', () => {
    const window = new CongestionWindow();
    rounds(window, 2);
    window.lost();
    assert.deepEqual(rounds(window, 3, 2 * ROUND_TRIP), [14, 14, 14]);
    for (let loss = 0; loss < 20; loss += 1) window.lost();
    assert.deepEqual(rounds(window, 1, 5 * ROUND_TRIP), [2]);
  });

  test('is at most the initial one after a pause longer than the timeout, and grows again', () => {
    const grown = new CongestionWindow();
    rounds(grown, 3);
    assert.deepEqual(rounds(grown, 2, 2 * ROUND_TRIP + TIMEOUT + 1), [10, 20]);
    const shrunk = new CongestionWindow();
    rounds(shrunk, 1);
    shrunk.lost();
    assert.deepEqual(rounds(shrunk, 2, TIMEOUT + 1), [7, 14]);
    const paused = new CongestionWindow();
    rounds(paused, 2);
    assert.deepEqual(rounds(paused, 1, ROUND_TRIP + TIMEOUT), [40]);
  });
});

test('a message has a segment for each 1,448 bytes, and at least one', () => {
  assert.deepEqual([1, 1_448, 1_449, 14_480, 14_481].map(segmentsOf), [1, 1, 2, 10, 11]);
});
