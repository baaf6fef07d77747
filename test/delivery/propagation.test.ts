import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Announcement, propagationOf, seenAt } from '../../src/delivery/propagation.js';

const names = (count: number) => Array.from({ length: count }, (_, n) => `192.0.${n}.1:9999`);

/** @param times when each witness announced the block, ms after its origin; undefined for one that did not */
function spread(times: readonly (number | undefined)[], more: { own?: boolean; roundTripMs?: number } = {}) {
  const { own = true, roundTripMs = 0 } = more;
  const origin = 5_000;
  const witnesses = names(times.length).map((peer) => ({ peer, roundTripMs }));
  const announcements = new Map<string, Announcement>();
  for (const [n, at] of times.entries()) {
    if (at !== undefined) announcements.set(witnesses[n]?.peer ?? '', { at: origin + at, by: 'cmpctblock' });
  }
  return propagationOf({ own, origin, witnesses, announcements });
}

describe('how fast a block spread', () => {
  it('is when half of the witnesses had it, with the first and the last of them', () => {
    const { witnesses, seen, firstMs, medianMs, lastMs } = spread([300, 100, 200, 500, 400]);
    assert.deepEqual([witnesses, seen, firstMs, medianMs, lastMs], [5, 5, 100, 300, 500]);
    assert.equal(spread([100, 200, 300, 400]).medianMs, 200, 'two of four');
  });

  it('counts a witness from half of its shortest round trip before its announcement came', () => {
    const { medianMs, sights } = spread([100, 200, 300], { roundTripMs: 60 });
    assert.equal(medianMs, 170);
    assert.deepEqual(sights[0], {
      peer: '192.0.0.1:9999',
      state: 'counted',
      way: 'cmpctblock',
      announcedMs: 100,
      seenMs: 70,
    });
    assert.equal(seenAt(10_000, 60_000), 9_500, 'a witness that delays its pongs gains half a second at most');
  });

  it('counts one that says nothing as later than all others', () => {
    const { medianMs, seen, lastMs } = spread([100, 200, 300, undefined, undefined]);
    assert.deepEqual([medianMs, seen, lastMs], [300, 3, 300]);
    assert.equal(spread([100, 200, undefined, undefined, undefined]).medianMs, undefined);
  });

  it('leaves out an announcement of an own block that came before the block can have been there', () => {
    const { witnesses, seen, medianMs, sights } = spread([-1, 9, 100, 200, 300], { roundTripMs: 60 });
    assert.deepEqual([witnesses, seen, medianMs], [3, 3, 170]);
    assert.deepEqual(
      sights.map(({ state }) => state),
      ['early', 'early', 'counted', 'counted', 'counted'],
    );
  });

  it('allows for 20 ms in a round trip that was measured on a busy machine; nobody has the block before us', () => {
    const { seen, firstMs, medianMs } = spread([11, 12, 100], { roundTripMs: 60 });
    assert.deepEqual([seen, firstMs, medianMs], [3, 0, 0]);
  });

  it("takes what came before the origin of others' blocks: somebody has to be the first", () => {
    assert.equal(spread([-50, 100, 200], { own: false }).medianMs, 100);
  });

  it('has no median of fewer than three witnesses: one of them would decide', () => {
    assert.equal(spread([100, 200]).medianMs, undefined);
    assert.deepEqual([spread([]).witnesses, spread([]).sights], [0, []]);
  });

  it('lies between the times of honest witnesses, whatever fewer than half of them say or do not say', () => {
    const time = fc.double({ min: 0, max: 10_000, noNaN: true });
    const lie = fc.oneof(fc.constant(undefined), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
    const cases = fc.array(time, { minLength: 3, maxLength: 20 }).chain((honest) =>
      fc.record({
        honest: fc.constant(honest),
        lies: fc.array(lie, { maxLength: honest.length - 1 }),
      }),
    );
    fc.assert(
      fc.property(cases, fc.boolean(), ({ honest, lies }, own) => {
        const { medianMs } = spread([...honest, ...lies], { own });
        assert.ok(medianMs !== undefined && medianMs >= Math.min(...honest) - 1 && medianMs <= Math.max(...honest) + 1);
      }),
    );
  });
});
