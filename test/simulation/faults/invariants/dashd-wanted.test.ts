import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RelayEvent } from '../../../../src/contracts/events.js';
import { dashdWanted } from '../../../../src/simulation/faults/invariants/dashd-wanted.js';
import type { Seen } from '../../../../src/simulation/faults/observation.js';
import { DASHD, event, judge, PEER, relay, type Step, spooled } from './support.js';

const starting = [0, relay('starting')] as const;
const dialled: Seen = { type: 'dialled', ...DASHD };
const closed: Seen = { type: 'closed', ...DASHD };

function lost(code: string): Seen {
  const counts = { wasReady: true, bytesIn: 0, bytesOut: 0 };
  const { peer } = DASHD;
  const event_: RelayEvent = { type: 'peer-lost', at: 0, peer, protected: true, code, reason: code, ...counts };
  return event(event_);
}

describe("The pool's own dashd is always wanted", () => {
  it('it is dialled within 5.1 s of the start', () => {
    assert.equal(judge(dashdWanted, starting, [5_100, dialled], [60_000, spooled()]), undefined);
    assert.match(judge(dashdWanted, starting, [5_101, spooled()]) ?? '', /was not dialled for 5100 ms/);
  });

  it('it is dialled again within 5.1 s of its loss', () => {
    assert.equal(judge(dashdWanted, starting, [1, dialled], [60_000, closed], [65_000, dialled]), undefined);
    assert.match(
      judge(dashdWanted, starting, [1, dialled], [60_000, closed], [65_101, spooled()]) ?? '',
      /was not dialled/,
    );
  });

  it('a dial of another peer does not count', () => {
    const other: Seen = { type: 'dialled', ...PEER };
    assert.match(judge(dashdWanted, starting, [1, other], [5_101, spooled()]) ?? '', /was not dialled/);
  });

  it('it is never rotated out, but may be lost for a fault', () => {
    assert.equal(judge(dashdWanted, starting, [1, dialled], [2, lost('no-pong')]), undefined);
    assert.match(judge(dashdWanted, starting, [1, dialled], [2, lost('rotated-out')]) ?? '', /hung up/);
  });

  it('a relay that was killed or stopped dials nobody', () => {
    for (const state of ['killed', 'power-lost', 'stopping', 'stopped'] as const) {
      const seen: Step[] = [
        [1, dialled],
        [2, relay(state)],
        [2, closed],
        [3, lost('rotated-out')],
        [60_000, spooled()],
      ] as const;
      assert.equal(judge(dashdWanted, starting, ...seen), undefined);
    }
  });

  it('a relay that stands still dials nobody, and has its time again once it goes on', () => {
    const frozen: Step[] = [
      [1, dialled],
      [2, relay('frozen')],
      [3, closed],
      [60_000, relay('thawed')],
    ];
    assert.equal(judge(dashdWanted, starting, ...frozen, [65_100, spooled()]), undefined);
    assert.match(judge(dashdWanted, starting, ...frozen, [65_101, spooled()]) ?? '', /was not dialled/);
  });

  it('a relay that is started again dials it again', () => {
    const seen = [
      [1, dialled],
      [2, relay('killed')],
      [10_000, relay('starting')],
      [15_101, spooled()],
    ] as const;
    assert.match(judge(dashdWanted, starting, ...seen) ?? '', /was not dialled/);
  });
});
