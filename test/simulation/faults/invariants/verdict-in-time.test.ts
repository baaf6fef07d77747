import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdictInTime } from '../../../../src/simulation/faults/invariants/verdict-in-time.js';
import { HASH, judge, OTHER_HASH, received, relay, spooled, verdict } from './support.js';

const started = [0, relay('started')] as const;

describe('Each block has its verdict in time', () => {
  it('a verdict after 3 s is in time', () => {
    assert.equal(judge(verdictInTime, started, [1, received()], [3_001, verdict()], [9_000, spooled()]), undefined);
  });

  it('no verdict after 3.25 s is too late, as soon as anything shows that time', () => {
    assert.equal(judge(verdictInTime, started, [0, received()], [3_250, spooled()]), undefined);
    const late = judge(verdictInTime, started, [0, received()], [3_251, spooled()]);
    assert.match(late ?? '', /has no verdict 3250 ms after/);
  });

  it('the verdict on another block does not count', () => {
    const other = verdict({ hash: OTHER_HASH });
    const late = judge(
      verdictInTime,
      started,
      [0, received()],
      [1, received(OTHER_HASH)],
      [2, other],
      [4_000, spooled()],
    );
    assert.match(late ?? '', new RegExp(HASH));
  });

  it('a relay that is killed or asked to stop owes no verdict', () => {
    for (const state of ['killed', 'power-lost', 'stopping'] as const) {
      assert.equal(judge(verdictInTime, started, [0, received()], [1, relay(state)], [9_000, spooled()]), undefined);
    }
  });

  it('a relay that stands still has its time again once it goes on', () => {
    const frozen = [
      [0, received()],
      [1, relay('frozen')],
      [60_000, spooled()],
      [70_000, relay('thawed')],
    ] as const;
    assert.equal(judge(verdictInTime, started, ...frozen, [73_250, spooled()]), undefined);
    assert.match(judge(verdictInTime, started, ...frozen, [73_251, spooled()]) ?? '', /has no verdict/);
  });

  it('a block that is sent again has the time again', () => {
    const again = [3_000, received(HASH, { late: 'recovered' })] as const;
    assert.equal(judge(verdictInTime, started, [0, received()], again, [6_250, spooled()]), undefined);
  });
});
