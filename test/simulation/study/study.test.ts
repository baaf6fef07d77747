import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readNetData } from '../../../src/simulation/net/data.js';
import { RunRandom } from '../../../src/simulation/random.js';
import type { Scenario } from '../../../src/simulation/scenario.js';
import { Coverage, countByTime, pointsUntil } from '../../../src/simulation/study/coverage.js';
import type { RunFigures } from '../../../src/simulation/study/figures.js';
import type { SavedRuns, StudyOptions } from '../../../src/simulation/study/options.js';
import { signersWon } from '../../../src/simulation/study/rivalry.js';
import { bootstrap, nthTime, quantile, ratios } from '../../../src/simulation/study/statistics.js';
import { runStudies } from '../../../src/simulation/study/study.js';

const SMALL: Scenario = {
  latency: 'aws-2025',
  blockBytes: 15_000,
  network: { masternodes: 450, others: 20, offline: 0.05, processing: 1 },
  pool: { region: 'europe', uplinkMbit: 1_000, share: 0.1, highBandwidth: true, writeMicros: 20 },
  mempoolOverlap: 0.999,
  rival: { headStartsMs: [0, 50] },
  contenders: ['dashd', 'scored-20', 'quorum-400'],
};

async function study(
  contenders: readonly string[],
  sizes: readonly number[] = [SMALL.blockBytes],
  changed: Partial<StudyOptions> = {},
) {
  const stop = new AbortController().signal;
  const data = readNetData();
  assert.ok(data.ok);
  const done: number[] = [];
  const onProgress = (runs: number) => done.push(runs);
  const options = { seed: 3, runs: 2, workers: 1, onProgress, stop, ...changed };
  const scenarios = sizes.map((blockBytes) => ({ ...SMALL, contenders, blockBytes }));
  const results = await runStudies(scenarios, options, data.data);
  return { result: results?.at(-1), results, done };
}

describe('a study', () => {
  test('gives the same result for the same seed, and the figures of a contender whoever else is in it', async () => {
    const first = await study(['dashd', 'scored-20', 'quorum-400']);
    const second = await study(['dashd', 'scored-20', 'quorum-400']);
    const alone = await study(['dashd', 'quorum-400']);
    assert.deepEqual(first.result, second.result);
    assert.deepEqual(alone.result?.contenders[1]?.t240, first.result?.contenders[2]?.t240);
    assert.deepEqual(first.done, [1, 2, 3, 4, 5, 6]);
    const [dashd, scored] = first.result?.contenders ?? [];
    assert.deepEqual(dashd?.summary.ci95, [1, 1]);
    assert.equal(scored?.cost.connections, 20);
    for (const time of dashd?.t240 ?? []) assert.ok(time > 10_000 && time < 1_000_000, String(time));
  });

  test('gives the same result whichever sizes were sent on its networks before, and on two threads', async () => {
    const alone = await study(['dashd', 'random-20']);
    const after = await study(['dashd', 'random-20'], [300_000, 7_000, 15_000]);
    const threads = await study(['dashd', 'random-20'], [300_000, 7_000, 15_000], { workers: 2 });
    assert.deepEqual(after.result, alone.result);
    assert.deepEqual(threads.results, after.results);
  });

  test('takes runs that were saved, whatever the other contenders are, and simulates the rest alone', async () => {
    const kept = new Map<string, RunFigures>();
    let saves = 0;
    const saved: SavedRuns = {
      find: (key) => kept.get(key),
      save(key, figures) {
        saves += 1;
        kept.set(key, figures);
      },
    };
    const first = await study(['dashd', 'random-20'], [15_000], { runs: 1, saved });
    assert.deepEqual([first.done, saves], [[1, 2], 2]);
    const { result, done } = await study(['random-20', 'dashd'], [15_000], { saved });
    assert.deepEqual([done, saves], [[2, 3, 4], 4]);
    assert.deepEqual(result, (await study(['random-20', 'dashd'])).result);
  });

  test('ends before the next run when it is stopped', async () => {
    const { results, done } = await study(['dashd'], [15_000], { stop: AbortSignal.abort() });
    assert.deepEqual([results, done], [undefined, []]);
  });
});

describe('figures of a sample', () => {
  test('never is later than any time', () => {
    assert.equal(quantile([30, -1, 10, 20], 0.5), 20);
    assert.equal(quantile([30, -1, 10, 20], 0.9), -1);
    assert.equal(nthTime([5, -1, 3], [0, 1, 2], 2), 5);
    assert.equal(nthTime([5, -1, 3], [0, 1, 2], 3), -1);
    assert.deepEqual(ratios([10, -1, 30], [20, 20, -1]), [0.5]);
  });

  test('the confidence interval of equal values is that value; of 0 and 1 in equal parts it is about a half', () => {
    assert.deepEqual(bootstrap([2, 2, 2], new RunRandom(1, 'test')), [2, 2]);
    const halves = Array.from({ length: 100 }, (_, index) => index % 2);
    const [low, high] = bootstrap(halves, new RunRandom(1, 'test'));
    // Half, ± 1.96 · 0.05.
    assert.ok(Math.abs(low - 0.402) < 0.02 && Math.abs(high - 0.598) < 0.02, `${low} ${high}`);
  });

  test('coverage counts who had it until a time, that one included', () => {
    const coverage = new Coverage();
    coverage.add(countByTime([5_000, 5_001, -1, 20_000], [0, 1, 2, 3]), 4);
    assert.deepEqual(coverage.at([0, 5_000, 10_000, 20_000]), [0, 0.25, 0.5, 0.75]);
    assert.deepEqual(pointsUntil(9_000), [0, 5_000, 10_000]);
  });

  test('a signer is won by the block that it connects first, and lost in a tie', () => {
    assert.equal(signersWon([10, 10, 10, 10, -1], [11, 10, 9, -1, -1], [0, 1, 2, 3, 4], 0), 2);
    assert.equal(signersWon([10, 10], [15, 16], [0, 1], 5), 1);
  });
});
