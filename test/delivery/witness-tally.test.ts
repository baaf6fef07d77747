import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEADLINE_MS, WitnessTally } from '../../src/delivery/witness-tally.js';

const HASH = 'aa'.repeat(32);
const OTHER = 'bb'.repeat(32);
const hashOf = (n: number) => n.toString(16).padStart(64, '0');
const peers = ['a:1', 'b:1', 'c:1', 'd:1', 'e:1'];
const witnesses = peers.map((peer) => ({ peer, since: 0 }));
const MINUTE = 60_000;

/** All witnesses announce a block, 10 ms after each other. */
function announced(tally: WitnessTally, hash: string, from: number, by = peers): void {
  for (const [n, peer] of by.entries()) tally.announce(peer, hash, from + 10 * n, 'cmpctblock');
}

describe('the tally of the witnesses', () => {
  it('judges a block of the pool once, when dashd has it and all have announced it', () => {
    const tally = new WitnessTally();
    tally.arrive(HASH, 1_000);
    announced(tally, HASH, 1_100);
    assert.deepEqual(tally.due(1_200, witnesses), [], 'dashd has not taken it yet');
    tally.confirm(HASH, 1_200, 7);
    const [judged, ...more] = tally.due(1_201, witnesses);
    assert.deepEqual(more, []);
    assert.equal(judged?.hash, HASH);
    const { own, height, witnesses: asked, seen, medianMs } = judged.propagation;
    assert.deepEqual([own, height, asked, seen, medianMs], [true, 7, 5, 5, 120]);
    announced(tally, HASH, 1_300);
    tally.confirm(HASH, 1_300);
    assert.deepEqual(tally.due(MINUTE, witnesses), []);
    assert.equal(tally.isBusy, false);
  });

  it('judges it after ten seconds when some say nothing', () => {
    const tally = new WitnessTally();
    tally.arrive(HASH, 1_000);
    tally.confirm(HASH, 1_001);
    announced(tally, HASH, 1_100, peers.slice(0, 3));
    assert.deepEqual(tally.due(999 + DEADLINE_MS, witnesses), []);
    const [judged] = tally.due(1_000 + DEADLINE_MS, witnesses);
    assert.deepEqual([judged?.propagation.seen, judged?.propagation.medianMs], [3, 120]);
  });

  it('asks those who were connected when the block came', () => {
    const tally = new WitnessTally();
    tally.arrive(HASH, 1_000);
    tally.confirm(HASH, 1_001);
    announced(tally, HASH, 1_100);
    const late = witnesses.map(({ peer }, n) => ({ peer, since: n < 4 ? 0 : 1_050 }));
    assert.equal(tally.due(1_200, late)[0]?.propagation.witnesses, 4);
    tally.arrive(OTHER, 2_000);
    tally.confirm(OTHER, 2_000);
    assert.deepEqual(tally.due(2_000 + DEADLINE_MS, []), [], 'nobody to ask, nothing to say');
  });

  it("begins others' blocks when the second peer had them, whoever it is, so that no peer dates a block alone", () => {
    const tally = new WitnessTally();
    tally.announce('liar:1', HASH, 100);
    tally.announce('near:1', HASH, 1_040, undefined, 80);
    announced(tally, HASH, 1_100);
    tally.confirm(HASH, 1_150, 7);
    const [judged] = tally.due(1_200, witnesses);
    assert.deepEqual([judged?.propagation.own, judged?.propagation.medianMs], [false, 120]);
  });

  it('does not count what dashd rejected, or never had', () => {
    const tally = new WitnessTally();
    tally.arrive(HASH, 1_000);
    announced(tally, HASH, 1_100);
    tally.reject(HASH);
    announced(tally, OTHER, 1_100);
    assert.deepEqual(tally.due(1_100 + MINUTE, witnesses), []);
    assert.equal(tally.isBusy, false);
    assert.deepEqual(tally.takeUnknown(), [], 'what several announce is no invention');
  });

  it('names those who announce what nobody else knows, after a minute, or at once when it is a flood', () => {
    const tally = new WitnessTally();
    tally.announce('a:1', HASH, 1_000, 'inv');
    tally.due(999 + MINUTE, witnesses);
    assert.deepEqual(tally.takeUnknown(), []);
    tally.due(1_000 + MINUTE, witnesses);
    assert.deepEqual(tally.takeUnknown(), ['a:1']);
    for (let n = 0; n < 5_000; n += 1) tally.announce('b:1', hashOf(n), 2_000, 'inv');
    assert.equal(tally.takeUnknown().length, 5_000 - 32);
    assert.deepEqual(tally.takeUnknown(), [], 'once each');
    tally.forget('b:1');
    assert.equal(tally.isBusy, false, 'and nothing is kept of one that is gone');
  });

  it('loses no announcement of others, nor a block of the pool, to floods by one peer or by two', () => {
    const tally = new WitnessTally();
    announced(tally, OTHER, 1_000, peers.slice(2));
    for (const peer of ['a:1', 'b:1']) for (let n = 0; n < 5_000; n += 1) tally.announce(peer, hashOf(n), 1_050, 'inv');
    tally.arrive(HASH, 1_100);
    announced(tally, HASH, 1_200);
    tally.confirm(HASH, 1_300);
    tally.confirm(OTHER, 1_300);
    const due = tally.due(1_300 + DEADLINE_MS, witnesses);
    assert.deepEqual(
      due.map(({ hash, propagation }) => [hash, propagation.seen]),
      [
        [OTHER, 3],
        [HASH, 5],
      ],
    );
  });

  it('asks nothing of dashd that syncs: thousands of confirmed blocks that nobody announces', () => {
    const tally = new WitnessTally();
    for (let n = 0; n < 5_000; n += 1) tally.confirm(hashOf(n), 1_000);
    assert.deepEqual(tally.due(1_000 + MINUTE, witnesses), []);
    assert.equal(tally.isBusy, false);
  });
});
