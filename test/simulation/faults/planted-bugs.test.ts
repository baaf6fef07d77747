import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { planOf } from '../../../src/simulation/faults/plan.js';
import { runPlan } from '../../../src/simulation/faults/run.js';
import { PLANTS, type PlantName } from './planted-bugs.js';

const MAX_SEEDS = 100;
const FOUND_BY: Readonly<Record<PlantName, RegExp>> = {
  'lost-spool-entry': /^no-block-lost$|^recovers$/,
  'dropped-dashd': /^dashd-wanted$/,
  'double-push': /^pushed-once$/,
};

describe('A bug in the relay', () => {
  before(loadX11);

  for (const [name, plant] of Object.entries(PLANTS)) {
    it(`is found within ${MAX_SEEDS} seeds: ${name}`, async (context) => {
      for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
        const { violation } = await runPlan(planOf(seed), { plant });
        if (violation === undefined) continue;
        context.diagnostic(`seed ${seed}: ${violation.detail}`);
        assert.match(violation.invariant, FOUND_BY[name as PlantName]);
        return;
      }
      assert.fail('no seed found it');
    });
  }
});
