/** The results of a study: plain JSON, with all times in integer microseconds and shares from 0 to 1. Reports read only this. */
import type { Micros } from '../engine.js';
import type { Scenario } from '../scenario.js';

export interface StudyResult {
  readonly seed: number;
  readonly runs: number;
  readonly scenario: Scenario;
  /** In the order of the scenario. */
  readonly contenders: readonly ContenderResult[];
}

export interface ContenderResult {
  readonly name: string;
  /** What one block costs the pool. */
  readonly cost: { readonly connections: number; readonly bytesSent: number };
  /** Time until 240 of the 400 signers have connected the block, per run, in the order of the runs; −1: never. */
  readonly t240: readonly Micros[];
  /** Time until 95 % of all nodes have connected the block, as `t240`. */
  readonly network95: readonly Micros[];
  readonly summary: {
    /** Of `t240`. */
    readonly p50: Micros;
    readonly p90: Micros;
    /** Mean of the runs' ratios of `t240` to the first contender's. */
    readonly meanRatioToFirst: number;
    /** 95 % confidence interval of the mean. */
    readonly ci95: readonly [low: number, high: number];
  };
  /** Share of all nodes and of the signers that have connected the block, at fixed points in time, mean of the runs. */
  readonly coverage: readonly { readonly at: Micros; readonly nodes: number; readonly signers: number }[];
  /** Share of the signers won against a rival with this head start, mean of the runs; and share of runs with ≥ 240 signers. */
  readonly race: readonly { readonly headStart: Micros; readonly share: number; readonly tiesWon: number }[];
}
