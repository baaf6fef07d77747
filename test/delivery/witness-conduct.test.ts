import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Propagation, Sight } from '../../src/contracts/propagation.js';
import {
  afterBlock,
  afterUnknown,
  type Conduct,
  misconductOf,
  NEW_CONDUCT,
  SLOW_MS,
} from '../../src/delivery/witness-conduct.js';

const PEER = '192.0.2.1:9999';
const counted = (seenMs: number): Sight => ({ peer: PEER, state: 'counted', way: 'inv', announcedMs: seenMs, seenMs });
const EARLY: Sight = { peer: PEER, state: 'early', way: 'inv', announcedMs: 1, seenMs: -10 };
const UNSEEN: Sight = { peer: PEER, state: 'unseen' };

/** Five witnesses, of which `early` announced it too soon. */
function block(more: Partial<Propagation> = {}, early = 0): Propagation {
  const sights = Array.from({ length: 5 }, (_, n) => (n < early ? EARLY : counted(200)));
  return { own: true, witnesses: 5 - early, seen: 4, medianMs: 200, sights, ...more };
}

function after(sights: readonly Sight[], propagation = block()): Conduct {
  return sights.reduce((conduct, sight) => afterBlock(conduct, sight, propagation), NEW_CONDUCT);
}

describe('the conduct of a witness', () => {
  it('is of use as long as its announcements count, late or not', () => {
    const conduct = after([counted(200), UNSEEN, counted(200 + SLOW_MS), EARLY, counted(200)]);
    assert.equal(misconductOf(conduct), undefined);
    const { counted: count, early, unseen } = conduct;
    assert.deepEqual([count, early, unseen], [3, 1, 1]);
  });

  for (const [code, sight] of [
    ['silent', UNSEEN],
    ['slow', counted(200 + SLOW_MS)],
  ] as const) {
    it(`is ${code} after three blocks in a row that half of the others had`, () => {
      assert.equal(misconductOf(after([sight, sight])), undefined);
      assert.deepEqual(misconductOf(after([sight, sight, sight])), { code, count: 3 });
      assert.equal(misconductOf(after([sight, sight, counted(200), sight])), undefined);
      const unspread = { own: true, witnesses: 5, seen: 1, sights: block().sights };
      assert.equal(misconductOf(after([sight, sight, sight], unspread)), undefined, 'a block that did not spread');
    });
  }

  it('is early after three announcements in a row that were not possible, unless most were: then the block went out another way', () => {
    assert.deepEqual(misconductOf(after([EARLY, EARLY, EARLY], block({}, 2))), { code: 'early', count: 3 });
    assert.equal(misconductOf(after([EARLY, EARLY, EARLY], block({}, 3))), undefined);
  });

  it('announces unknown blocks after eight of them without one that counts', () => {
    const times = (count: number, from = NEW_CONDUCT) =>
      Array.from({ length: count }).reduce<Conduct>((conduct) => afterUnknown(conduct), from);
    assert.equal(misconductOf(times(7)), undefined);
    assert.deepEqual(misconductOf(times(8)), { code: 'unknown-blocks', count: 8 });
    const kept = times(7, afterBlock(times(7), counted(200), block()));
    assert.equal(misconductOf(kept), undefined);
    assert.equal(kept.unknown, 14);
  });
});
