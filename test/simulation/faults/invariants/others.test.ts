import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RelayEvent } from '../../../../src/contracts/events.js';
import { bounded } from '../../../../src/simulation/faults/invariants/bounded.js';
import { type Invariant, watch } from '../../../../src/simulation/faults/invariants/invariant.js';
import { recovers } from '../../../../src/simulation/faults/invariants/recovers.js';
import { startsAndStops } from '../../../../src/simulation/faults/invariants/starts-and-stops.js';
import { wellFormed } from '../../../../src/simulation/faults/invariants/well-formed.js';
import type { End } from '../../../../src/simulation/faults/observation.js';
import { event, HASH, judge, OTHER_HASH, proof, received, relay, spooled, stored, verdict } from './support.js';

describe('The relay starts and stops in time', () => {
  for (const [state, done, ms] of [
    ['starting', 'started', 15_000],
    ['stopping', 'stopped', 60_000],
  ] as const) {
    it(`it is ${done} within ${ms} ms, unless it is killed`, () => {
      const within = [0, relay(state)] as const;
      assert.match(
        judge(startsAndStops, within, [ms + 1, spooled()]) ?? '',
        new RegExp(`still ${state} after ${ms} ms`),
      );
      for (const end of [done, 'killed'] as const) {
        assert.equal(judge(startsAndStops, within, [ms, relay(end)], [90_000, spooled()]), undefined);
      }
    });
  }
});

describe('Quantities are bounded', () => {
  const limits = { sockets: 3, live: 3, known: 10, files: 10, pending: 10 };

  it('the limit itself is allowed', () => {
    assert.equal(judge(bounded(limits), [0, { type: 'gauges', gauges: limits }]), undefined);
  });

  it('one more is not, and is named', () => {
    const gauges = { ...limits, files: 11 };
    assert.equal(judge(bounded(limits), [0, { type: 'gauges', gauges }]), 'files: 11, at most 10 are allowed');
  });
});

describe('Events are well-formed', () => {
  it('a block is received, proven and judged', () => {
    assert.equal(judge(wellFormed, [0, received()], [1, proof('accepted')], [2, verdict()]), undefined);
  });

  it('a proof, a verdict or `stored` before the block was received is wrong, also after a restart', () => {
    assert.match(judge(wellFormed, [0, stored()]) ?? '', /stored of block .* was not received/);
    assert.match(judge(wellFormed, [0, proof('written')]) ?? '', /proof of block .* was not received/);
    assert.match(judge(wellFormed, [0, received()], [1, relay('starting')], [2, verdict()]) ?? '', /was not received/);
  });

  it('an event that does not fit its schema is wrong', () => {
    assert.match(judge(wellFormed, [0, received('not-a-hash')]) ?? '', /does not fit its schema/);
    assert.match(judge(wellFormed, [0, received()], [1, verdict({ peersReached: -1 })]) ?? '', /does not fit/);
  });

  it('a time that is no number is wrong', () => {
    assert.match(judge(wellFormed, [0, received(HASH, { at: Number.NaN })]) ?? '', /its time is NaN/);
  });

  it('codes are in kebab-case', () => {
    const down: RelayEvent = {
      type: 'service',
      at: 0,
      service: 'spool',
      state: 'down',
      code: 'disk-full',
      detail: 'x',
    };
    assert.equal(judge(wellFormed, [0, event(down)]), undefined);
    assert.match(judge(wellFormed, [0, event({ ...down, code: 'disk full' })]) ?? '', /is no code/);
  });
});

describe('The relay recovers', () => {
  const end: End = {
    type: 'end',
    known: new Set([HASH]),
    kept: new Set(),
    last: { hash: HASH, nodes: 7, of: 7 },
    live: 5,
    dashdIsLive: true,
    wanted: 5,
  };
  const delivered = [
    [0, received()],
    [1, verdict()],
  ] as const;

  it('with its peers, dashd, and the last block delivered everywhere', () => {
    assert.equal(judge(recovers, ...delivered, [2, end]), undefined);
  });

  it('not without dashd, nor with too few peers, nor with a block that is not everywhere', () => {
    assert.match(judge(recovers, ...delivered, [2, { ...end, dashdIsLive: false }]) ?? '', /not connected/);
    assert.match(judge(recovers, ...delivered, [2, { ...end, live: 4 }]) ?? '', /has 4 peers, 5 are wanted/);
    const last = { hash: HASH, nodes: 6, of: 7 };
    assert.match(judge(recovers, ...delivered, [2, { ...end, last }]) ?? '', /the tip of 6 nodes of 7/);
  });

  it('not without a verdict on each block, nor with another than delivered on the last', () => {
    assert.match(judge(recovers, ...delivered, [1, received(OTHER_HASH)], [2, end]) ?? '', /has no verdict/);
    assert.match(
      judge(recovers, [0, received()], [1, verdict({ outcome: 'failed' })], [2, end]) ?? '',
      /is not delivered/,
    );
  });

  it('without a verdict on a block of which a crash left nothing', () => {
    const forgotten = [
      [1, received(OTHER_HASH)],
      [1, relay('power-lost')],
    ] as const;
    assert.equal(judge(recovers, ...delivered, ...forgotten, [1, spooled()], [2, end]), undefined);
    assert.match(judge(recovers, ...delivered, ...forgotten, [1, spooled(OTHER_HASH)], [2, end]) ?? '', /no verdict/);
  });

  it('not with a block that no node has, unless the spool has it, dashd rejected it, or another has its place', () => {
    const lost = (outcome: 'delivered' | 'rejected') =>
      [
        [1, received(OTHER_HASH)],
        [1, verdict({ hash: OTHER_HASH, outcome })],
      ] as const;
    const orphaned = event({ type: 'finality', at: 0, hash: OTHER_HASH, state: 'orphaned' });
    assert.match(judge(recovers, ...delivered, ...lost('delivered'), [2, end]) ?? '', /is lost/);
    const kept = new Set([OTHER_HASH]);
    assert.equal(judge(recovers, ...delivered, ...lost('delivered'), [2, { ...end, kept }]), undefined);
    assert.equal(judge(recovers, ...delivered, ...lost('rejected'), [2, end]), undefined);
    assert.equal(judge(recovers, ...delivered, ...lost('delivered'), [1, orphaned], [2, end]), undefined);
  });
});

describe('All invariants of a run', () => {
  const objects = (name: string): Invariant => ({ name, rule: '', open: () => ({ time: () => name }) });
  const silent: Invariant = { name: 'silent', rule: '', open: () => ({}) };

  it('answer with the first that is violated', () => {
    const seen = { at: 0, ...spooled() } as const;
    assert.equal(watch([silent, objects('a'), objects('b')])(seen)?.invariant, 'a');
    assert.equal(watch([silent])(seen), undefined);
  });
});
