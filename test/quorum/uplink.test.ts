import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readUplink, UplinkEstimate, type UplinkSample } from '../../src/quorum/uplink.js';
import { SeededRandom } from '../../src/simulated/seeded-random.js';

const MBIT = 1_000_000 / 8;

interface PushOf {
  readonly peers: number;
  /** Of each message. */
  readonly bytes: number;
  /** Bytes per second. */
  readonly uplink: number;
  /** The peers take up to this to process the block, milliseconds. */
  readonly processingMs?: number;
}

/** The answers to a push over an uplink, from peers that need different times for the block; every tenth takes a second. */
function answers({ peers, bytes, uplink, processingMs = 10 }: PushOf, seed = 1): UplinkSample[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: peers }, (_, n) => {
    const written = (n + 1) * bytes;
    const processing = n % 10 === 9 ? 1_000 : random.float() * processingMs;
    return { bytes: written, lateMs: (written / uplink) * 1_000 + processing };
  });
}

function isNear(actual: number | undefined, expected: number, share: number): void {
  assert.ok(actual !== undefined && Math.abs(actual / expected - 1) < share, `${actual} instead of ${expected}`);
}

describe('the speed of the uplink', () => {
  test('is read from how late the answers to a push are, whatever single peers take', () => {
    for (const mbit of [2, 20, 50]) {
      const reading = readUplink(answers({ peers: 400, bytes: 5_500, uplink: mbit * MBIT }));
      assert.ok(reading !== undefined && 'speed' in reading);
      isNear(reading.speed, mbit * MBIT, 0.05);
    }
  });

  test('is read from 20 peers with large blocks, too', () => {
    const reading = readUplink(answers({ peers: 20, bytes: 33_500, uplink: 20 * MBIT }));
    assert.ok(reading !== undefined && 'speed' in reading);
    isNear(reading.speed, 20 * MBIT, 0.2);
  });

  test('shows no limit when the push takes less time than the answers scatter', () => {
    const reading = readUplink(answers({ peers: 20, bytes: 700, uplink: 20 * MBIT, processingMs: 50 }));
    assert.ok(reading !== undefined && 'atLeast' in reading);
    assert.ok(reading.atLeast < 20 * MBIT, `${reading.atLeast}`);
  });

  test('is not read from a few answers, or from messages of no bytes', () => {
    assert.equal(readUplink(answers({ peers: 7, bytes: 33_500, uplink: MBIT })), undefined);
    assert.equal(readUplink(answers({ peers: 100, bytes: 0, uplink: MBIT })), undefined);
  });
});

describe('the speed that blocks are planned with', () => {
  const large = { peers: 400, bytes: 5_500 };

  function notes(estimate: UplinkEstimate, ...mbits: readonly number[]): void {
    for (const mbit of mbits) estimate.note(answers({ ...large, uplink: mbit * MBIT }));
  }

  test('is half as much again as measured, once three pushes have shown a limit', () => {
    const estimate = new UplinkEstimate();
    notes(estimate, 10_000, 20, 20);
    assert.equal(estimate.bytesPerSecond, undefined);
    notes(estimate, 20);
    isNear(estimate.bytesPerSecond, 30 * MBIT, 0.05);
  });

  test('is not moved by one push that met a busy line', () => {
    const estimate = new UplinkEstimate();
    notes(estimate, 40, 40, 5, 40);
    isNear(estimate.bytesPerSecond, 60 * MBIT, 0.05);
  });

  test('stays when small pushes are carried in no time', () => {
    const estimate = new UplinkEstimate();
    notes(estimate, 20, 20, 20);
    for (let push = 0; push < 10; push += 1) estimate.note(answers({ peers: 20, bytes: 700, uplink: 20 * MBIT }));
    isNear(estimate.bytesPerSecond, 30 * MBIT, 0.05);
  });

  test('follows the line when it becomes faster, and is gone when it has no limit any more', () => {
    const estimate = new UplinkEstimate();
    notes(estimate, 10, 10, 10, 10, 10);
    // Paced a fifth above the speed, a faster line shows no more than that at first.
    notes(estimate, 12, 12, 12);
    isNear(estimate.bytesPerSecond, 12 * 1.5 * MBIT, 0.05);
    notes(estimate, 10_000, 10_000, 10_000);
    assert.equal(estimate.bytesPerSecond, undefined);
  });

  test('is not given by answers that this process reads one after the other, 0.2 ms each', () => {
    const estimate = new UplinkEstimate();
    for (let push = 0; push < 5; push += 1)
      estimate.note(Array.from({ length: 1_350 }, (_, n) => ({ bytes: (n + 1) * 700, lateMs: n * 0.2 })));
    assert.equal(estimate.bytesPerSecond, undefined);
  });
});
