import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PeerProof } from '../../src/contracts/events.js';
import { axisFor, isReached, placeOn, raceRows, spreadOf, timesOf } from '../../src/dashboard/model/race.js';
import { openLedger, record } from '../../src/delivery/ledger.js';
import { verdict } from '../../src/delivery/verdict.js';
import { hash, peerProof } from './support.js';

const acknowledged = (peer: string, ms: number) =>
  peerProof(peer, 'acknowledged', { writtenMs: 1, acknowledgedMs: ms });
const names = (proofs: readonly PeerProof[]) => raceRows(proofs, {}).map(({ proof }) => proof.peer);

describe('rows', () => {
  test('dashd first, then in the order of arrival, then those without a time', () => {
    const proofs = [
      peerProof('failed', 'failed', { reason: 'x' }),
      peerProof('had', 'already-had'),
      peerProof('late', 'written', { writtenMs: 2 }),
      peerProof('soon', 'written', { writtenMs: 1 }),
      acknowledged('second', 20),
      peerProof('first', 'accepted', { acceptedMs: 10 }),
      peerProof('dashd', 'written', { protected: true }),
    ];
    assert.deepEqual(names(proofs), ['dashd', 'first', 'second', 'soon', 'late', 'had', 'failed']);
    assert.deepEqual(names(proofs.toReversed()), names(proofs));
  });

  test('bear the marks of the verdict', () => {
    const proofs = [acknowledged('a', 5), acknowledged('b', 9), acknowledged('c', 30)];
    const marks = raceRows(proofs, spreadOf(proofs)).map((row) => row.marks);
    assert.deepEqual(marks, [['first'], ['median'], ['last']]);
    const alone = [acknowledged('a', 5)];
    assert.deepEqual(raceRows(alone, spreadOf(alone))[0]?.marks, ['first', 'median', 'last']);
  });
});

test('first, median and last are what the verdict will say of the same proofs', () => {
  const stage = fc.constantFrom('written', 'acknowledged', 'accepted', 'already-had', 'failed');
  const entries = fc.array(
    fc.record({ peer: fc.constantFrom('a', 'b', 'c', 'd', 'e'), stage, monotonicAt: fc.nat(900) }),
  );
  fc.assert(
    fc.property(entries, (reported) => {
      const peers = ['a', 'b', 'c', 'd', 'e'].map((peer) => ({ peer, protected: peer === 'a' }));
      let ledger = openLedger({ hash: hash(1), source: 'pool', size: 1, monotonicAt: 0 });
      ledger = record(ledger, { type: 'tried', peers });
      for (const entry of reported) ledger = record(ledger, { type: 'proof', ...entry });
      const { firstMs, medianMs, lastMs, peersReached } = verdict(ledger, { fallback: true });
      const { first, median, last } = spreadOf(ledger.peers.values());
      assert.deepEqual([first, median, last], [firstMs, medianMs, lastMs]);
      assert.equal([...ledger.peers.values()].filter(isReached).length, peersReached);
    }),
  );
});

describe('the time axis', () => {
  test('holds what is to be seen, begins at nothing, and does not run backwards', () => {
    const times = fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 10_000, noNaN: true }), (all, elapsed) => {
        const axis = axisFor(all, elapsed);
        assert.ok(axis.endMs >= elapsed);
        const shown = all.filter((ms) => ms <= axis.endMs);
        assert.ok(shown.length >= Math.floor(all.length * 0.9) || shown.length === all.length);
        assert.equal(placeOn(axis, 0), 0);
        assert.equal(placeOn(axis, axis.endMs), 1);
        assert.deepEqual(
          axis.ticks,
          axis.ticks.toSorted((a, b) => a - b),
        );
        assert.equal(axis.ticks[0], 0);
        assert.equal(axis.ticks.at(-1), axis.endMs);
      }),
    );
  });

  test('has ticks that do not run into one another', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100_000, noNaN: true }), (last) => {
        const axis = axisFor([last]);
        const places = axis.ticks.map((tick) => placeOn(axis, tick));
        for (const [i, place] of places.entries()) assert.ok(i === 0 || place - (places[i - 1] ?? 0) > 0.12);
        assert.ok(places.length >= 3);
      }),
    );
  });

  test('a straggler is at its edge, and does not squeeze the others', () => {
    const axis = axisFor([...Array.from({ length: 19 }, (_, i) => 20 + i), 2_900]);
    assert.ok(axis.endMs < 100);
    assert.equal(placeOn(axis, 2_900), 1);
  });

  test('shows dashd’s answer too', () => {
    assert.deepEqual(timesOf([acknowledged('a', 5)], { outcome: 'accepted', ms: 7 }), [1, 5, 7]);
  });
});
