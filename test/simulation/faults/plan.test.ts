import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BLOCK_KINDS, FAULT_KINDS, type FaultPlan } from '../../../src/simulation/faults/fault.js';
import { CALM_UNTIL, FAULTS_UNTIL, PEERS, planOf } from '../../../src/simulation/faults/plan.js';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function always(holds: (plan: FaultPlan) => void): void {
  fc.assert(fc.property(seeds, (seed) => holds(planOf(seed))));
}

describe('A plan of faults', () => {
  it('is the same for the same seed', () => {
    always((plan) => assert.deepEqual(planOf(plan.seed), plan));
  });

  it('differs between seeds', () => {
    assert.notDeepEqual({ ...planOf(1), seed: 0 }, { ...planOf(2), seed: 0 });
  });

  it('is sorted by time', () => {
    always(({ faults, blocks }) => {
      const [starts, finds] = [faults.map(({ from }) => from), blocks.map(({ at }) => at)];
      assert.deepEqual(
        starts,
        starts.toSorted((a, b) => a - b),
      );
      assert.deepEqual(
        finds,
        finds.toSorted((a, b) => a - b),
      );
    });
  });

  it('has whole microseconds, from the calm at the start until the end of the faults', () => {
    always(({ faults, blocks }) => {
      for (const time of [...faults.flatMap(({ from, until }) => [from, until]), ...blocks.map(({ at }) => at)]) {
        assert.ok(Number.isSafeInteger(time) && time >= CALM_UNTIL && time <= FAULTS_UNTIL, String(time));
      }
    });
  });

  it('ends every fault after it began: a relay that was killed is started', () => {
    always(({ faults }) => assert.ok(faults.every(({ from, until }) => from < until)));
  });

  it('has no two faults of one victim at the same time', () => {
    always(({ faults }) => {
      for (const victim of new Set(faults.map((fault) => fault.victim))) {
        const own = faults.filter((fault) => fault.victim === victim);
        for (const [index, { from }] of own.entries()) assert.ok(index === 0 || from > (own[index - 1]?.until ?? 0));
      }
    });
  });

  it('names peers that there are, each once, and a jump only for a clock', () => {
    always(({ faults, blocks }) => {
      for (const { peers, kind, clockMs } of faults) {
        assert.equal(new Set(peers).size, peers.length);
        assert.ok(peers.every((peer) => peer >= 0 && peer < PEERS));
        assert.equal(clockMs !== 0, kind === 'clock-jump');
      }
      assert.ok(blocks.every(({ finder }) => finder >= 0 && finder < PEERS));
    });
  });

  it('has every kind of fault and of block within 200 seeds', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => planOf(seed));
    const faults = new Set(plans.flatMap((plan) => plan.faults.map(({ kind }) => kind)));
    const blocks = new Set(plans.flatMap((plan) => plan.blocks.map(({ kind }) => kind)));
    assert.deepEqual([faults.size, blocks.size], [FAULT_KINDS.length, BLOCK_KINDS.length]);
  });
});
