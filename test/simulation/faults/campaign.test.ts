import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { campaign, type SeedReport } from '../../../src/simulation/faults/campaign.js';
import { describeFailure, Tally } from '../../../src/simulation/faults/tally.js';

const PLAYED = { blocks: 2, observations: 100, seconds: 260 };

/** A thread that plays nothing. @param answer what it says of a seed; an error ends it */
class FakeWorker extends EventEmitter {
  constructor(private readonly answer: (seed: number) => SeedReport | Error) {
    super();
  }

  postMessage(seed: number): void {
    const answer = this.answer(seed);
    setImmediate(() => this.emit(answer instanceof Error ? 'error' : 'message', answer));
  }

  async terminate(): Promise<number> {
    this.emit('exit', 0);
    return 0;
  }
}

async function play(seeds: readonly number[], workers: number, answer: (seed: number) => SeedReport | Error) {
  const reports: SeedReport[] = [];
  let started = 0;
  const start = (): Worker => {
    started += 1;
    return new FakeWorker(answer) as unknown as Worker;
  };
  const report = (one: SeedReport): boolean => reports.push(one) > 0 && one.violation?.invariant !== 'enough';
  await campaign({ seeds, workers, start, report });
  return { reports, started };
}

describe('A campaign', () => {
  it('plays each seed once, on as many threads as it may', async () => {
    const { reports, started } = await play([1, 2, 3, 4, 5], 2, (seed) => ({ seed, ...PLAYED }));
    assert.deepEqual([reports.map(({ seed }) => seed).sort(), started], [[1, 2, 3, 4, 5], 2]);
  });

  it('counts a thread that dies as a violation of its seed, and goes on with another', async () => {
    const { reports, started } = await play([1, 2, 3], 1, (seed) =>
      seed === 2 ? new Error('out of memory') : { seed, ...PLAYED },
    );
    assert.deepEqual(
      reports.map(({ seed, violation }) => [seed, violation?.invariant]),
      [
        [1, undefined],
        [2, 'no-exception'],
        [3, undefined],
      ],
    );
    assert.match(reports[1]?.violation?.detail ?? '', /out of memory/);
    assert.equal(started, 2);
  });

  it('hands out no more seeds once it is told that this is enough', async () => {
    const { reports } = await play([1, 2, 3], 1, (seed) => ({
      seed,
      ...PLAYED,
      violation: { invariant: 'enough', detail: '' },
    }));
    assert.equal(reports.length, 1);
  });
});

describe('The tally of a campaign', () => {
  it('says how many seeds were played, which faults they had, and which seeds failed', () => {
    const tally = new Tally();
    tally.add({ seed: 1, ...PLAYED });
    tally.add({ seed: 2, ...PLAYED, violation: { invariant: 'bounded', detail: 'files: 65' } });
    assert.equal(tally.progress(10, 4_000), '2 of 10 seeds, 1 failed, 0.5 a second');
    const [head, faults, blocks, failed] = tally.summary(4_000);
    assert.equal(head, '2 seeds in 4.0 s, 0.5 a second: 0.1 hours of virtual time, 200 observations');
    assert.match(faults ?? '', /^faults: [a-z-]+ \d+/);
    assert.match(blocks ?? '', /^blocks: 4 found by the pool; single \d+/);
    assert.equal(failed, 'failed: 2');
  });

  it('says how a failed seed is replayed', () => {
    const failed = { seed: 7, ...PLAYED, violation: { invariant: 'bounded', detail: 'files: 65' } };
    assert.deepEqual(describeFailure(failed, ' --plant double-push'), [
      'seed 7: bounded: files: 65',
      '  to see it: npm run simulate:faults -- --seed 7 --plant double-push --verbose',
    ]);
  });
});
