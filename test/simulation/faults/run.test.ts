import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { planOf } from '../../../src/simulation/faults/plan.js';
import { runPlan } from '../../../src/simulation/faults/run.js';

/** `npm run simulate:faults` runs many more. */
const SEEDS = [1, 2, 3, 4, 5, 6];

async function logOf(seed: number): Promise<readonly string[]> {
  const lines: string[] = [];
  await runPlan(planOf(seed), { log: (line) => lines.push(line) });
  return lines;
}

describe('A run of faults', () => {
  before(loadX11);

  for (const seed of SEEDS) {
    it(`keeps every invariant: seed ${seed}`, async () => {
      const { violation, blocks } = await runPlan(planOf(seed));
      assert.equal(violation && `${violation.invariant}: ${violation.detail}`, undefined);
      assert.ok(blocks > 0);
    });
  }

  it('is the same for the same seed, event by event', async () => {
    const lines = await logOf(1);
    assert.ok(lines.length > 100);
    assert.deepEqual(await logOf(1), lines);
  });
});
