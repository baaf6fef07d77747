import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { type CampaignResult, campaign, describeFault } from './campaign.js';
import { FAULTS, plan, type Round } from './plan.js';

const SEED = 20_261_126;

function rounds(seed: number, count: number): Round[] {
  const rounds = plan(seed);
  return Array.from({ length: count }, () => rounds.next().value);
}

function failures({ rounds, faults }: CampaignResult): readonly string[] {
  return [...rounds.flatMap((round) => round.faults), ...faults];
}

describe('chaos', () => {
  before(loadX11);

  it('is the same for the same seed, and has each fault once before one comes again', () => {
    const once = rounds(7, 2 * FAULTS.length);
    assert.deepEqual(once.map(describeFault), rounds(7, once.length).map(describeFault));
    assert.notDeepEqual(once.map(describeFault), rounds(8, once.length).map(describeFault));
    for (const half of [once.slice(0, FAULTS.length), once.slice(FAULTS.length)]) {
      assert.deepEqual(new Set(half.map(({ fault }) => fault)), new Set(FAULTS));
    }
  });

  // A short form; `npm run chaos` has all faults, and uses a real dashd if there is one.
  it('loses no block: the relay is killed, and cut off from dashd and all peers', async (context) => {
    const lines: string[] = [];
    const result = await campaign({
      seed: SEED,
      rounds: 2,
      faults: ['relay-kill', 'partition-silent'],
      simulated: true,
      print: (line) => lines.push(line),
    });
    for (const { round, recoveryMs } of result.rounds) {
      context.diagnostic(`${describeFault(round)}: recovered in ${Math.round(recoveryMs)} ms`);
    }
    assert.deepEqual(failures(result), [], lines.join('\n'));
    assert.equal(result.rounds.length, 2);
  });
});
