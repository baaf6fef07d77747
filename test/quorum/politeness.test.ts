import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failuresAfter, maxPerGroup, maxSwaps, waitAfter } from '../../src/quorum/politeness.js';
import { HOUR_MS, MINUTE_MS } from '../../src/time.js';

test('a node that failed or hung up waits for a minute at least, then twice as long each time, up to an hour and a half', () => {
  const waits = [1, 2, 3, 7, 30].map((failures) => waitAfter(failures, 0) / MINUTE_MS);
  assert.deepEqual(waits, [1, 2, 4, 60, 60]);
  assert.equal(waitAfter(0, 0), MINUTE_MS);
  assert.equal(waitAfter(9, 0.999) < 1.5 * HOUR_MS, true);
});

test('a connection that lasted for ten minutes was no failure', () => {
  assert.deepEqual([failuresAfter(5, 10 * MINUTE_MS), failuresAfter(5, MINUTE_MS), failuresAfter(0, 0)], [0, 6, 1]);
});

test('a network gets a quarter of the connections, but for small numbers and where all nodes share an address', () => {
  assert.deepEqual([maxPerGroup(400, false), maxPerGroup(10, false), maxPerGroup(400, true)], [100, 8, 400]);
});

test('a change of quorums gives up one connection in twenty for members of more quorums', () => {
  assert.deepEqual([maxSwaps(400), maxSwaps(1_350), maxSwaps(3)], [20, 68, 1]);
});
