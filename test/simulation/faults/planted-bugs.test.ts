import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { planOf } from '../../../src/simulation/faults/plan.js';
import { runPlan } from '../../../src/simulation/faults/run.js';
import { PLANTS, type PlantName } from './planted-bugs.js';

const MAX_SEEDS = 100;
/** Where the search begins, to save time: at the first seed that finds it. */
const FROM: Readonly<Record<PlantName, number>> = { 'lost-spool-entry': 20, 'dropped-dashd': 6, 'double-push': 5 };
const FOUND_BY: Readonly<Record<PlantName, RegExp>> = {
  'lost-spool-entry': /^no-block-lost$|^recovers$/,
  'dropped-dashd': /^dashd-wanted$/,
  'double-push': /^pushed-once$/,
};

describe('A bug in the relay', () => {
  before(loadX11);

  for (const [name, plant] of Object.entries(PLANTS) as [PlantName, (typeof PLANTS)[PlantName]][]) {
    it(`is found within ${MAX_SEEDS} seeds: ${name}`, async (context) => {
      for (let seed = FROM[name]; seed <= MAX_SEEDS; seed += 1) {
        const { violation } = await runPlan(planOf(seed), { plant });
        if (violation === undefined) continue;
        context.diagnostic(`seed ${seed}: ${violation.detail}`);
        assert.match(violation.invariant, FOUND_BY[name]);
        return;
      }
      assert.fail('no seed found it');
    });
  }
});
