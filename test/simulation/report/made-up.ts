/** A made-up study with known figures, the same each time: contender n takes n tenths less time than the first, the last ones a tenth of it. */
import { MICROS_PER_MS } from '../../../src/simulation/engine.js';
import type { StudyReport } from '../../../src/simulation/report/study-report.js';
import type { Scenario } from '../../../src/simulation/scenario.js';
import type { ContenderResult, StudyResult } from '../../../src/simulation/study/result.js';

const RUNS = 5;
const BASE_MS = 150;
const HEAD_STARTS_MS = [0, 50, 100, 250];
const ms = (value: number): number => Math.round(value * MICROS_PER_MS);

function contender(name: string, nth: number): ContenderResult {
  const factor = Math.max(0.1, 1 - nth / 10);
  const t240 = Array.from({ length: RUNS }, (_, run) => ms((BASE_MS + 10 * run) * factor));
  return {
    name,
    cost: { connections: 10 * nth, bytesSent: 100_000 * (nth + 1) },
    t240,
    network95: t240.map((time) => 2 * time),
    summary: {
      p50: ms(170 * factor),
      p90: ms(190 * factor),
      meanRatioToFirst: factor,
      ci95: [factor - 0.02, factor + 0.02],
    },
    coverage: Array.from({ length: 41 }, (_, at) => {
      const reached = Math.min(1, ((at * 10) / (300 * factor)) ** 2);
      return { at: ms(10 * at), nodes: reached * 0.98, signers: reached };
    }),
    race: HEAD_STARTS_MS.map((headStart) => ({
      headStart: ms(headStart),
      share: Math.min(1, Math.max(0, 0.5 + nth * 0.06 - headStart / 250)),
      tiesWon: 0.5,
    })),
  };
}

function scenario(blockBytes: number, contenders: readonly string[]): Scenario {
  return {
    latency: 'measured',
    blockBytes,
    network: { masternodes: 2_970, others: 430, offline: 0.05, processing: 1 },
    pool: { region: 'europe', uplinkMbit: 1_000, share: 0.1, highBandwidth: true, writeMicros: 20 },
    mempoolOverlap: 0.999,
    rival: { headStartsMs: HEAD_STARTS_MS },
    contenders,
  };
}

/** @param sizes bytes of the blocks, a study for each */
export function madeUp(
  contenders: readonly string[],
  sizes: readonly number[],
  description = 'A made-up study',
): StudyReport {
  const scenarios = sizes.map((bytes) => scenario(bytes, contenders));
  const results: StudyResult[] = scenarios.map((each) => ({
    seed: 7,
    runs: RUNS,
    scenario: each,
    contenders: contenders.map(contender),
  }));
  const plan = { name: 'made-up', description, seed: 7, runs: RUNS, contenders, scenarios };
  return { version: '1.2.3', plan, results, command: 'blockcast simulate made-up --seed 7 --runs 5' };
}
