/** All blocks that a study sends over one network: it is drawn and warmed up once, and put back before each block. */
import { contenderNamed } from '../contenders/catalogue.js';
import type { NetData } from '../net/data.js';
import { slowed } from '../network/timing.js';
import type { Scenario } from '../scenario.js';
import { figuresOf, type RunFigures } from './figures.js';
import { ASSUMPTIONS, type Model } from './model.js';
import { RaceRun } from './race-run.js';
import { headStartsOf } from './rivalry.js';

export interface NetworkJob {
  readonly seed: number;
  /** From 0: each run has a network of its own. */
  readonly run: number;
  /** At least one; they differ in the block, the rival and the contenders alone. */
  readonly blocks: readonly BlockJob[];
}

export interface BlockJob {
  /** Its place in the study. */
  readonly place: number;
  readonly scenario: Scenario;
  readonly contenders: readonly string[];
}

export interface Finished {
  readonly place: number;
  readonly contender: string;
  readonly run: number;
  readonly figures: RunFigures;
}

/** @throws RangeError for a latency table that there is not */
export function modelOf(
  { latency, network }: Pick<Scenario, 'latency' | 'network'>,
  { tables, hosts }: NetData,
): Model {
  const table = tables.get(latency);
  if (table === undefined) throw new RangeError(`there is no latency table ${latency}`);
  return { ...ASSUMPTIONS, timing: slowed(ASSUMPTIONS.timing, network.processing), table, hosts };
}

/** Simulates one block at each step. @throws RangeError as {@link modelOf} */
export function* simulateJob({ seed, run, blocks }: NetworkJob, data: NetData): Generator<Finished> {
  let race: RaceRun | undefined;
  for (const { place, scenario, contenders } of blocks) {
    race ??= new RaceRun(scenario, modelOf(scenario, data), seed, run);
    const { signers, online } = race;
    const { blockBytes } = scenario;
    const judges = { signers, online, theirs: race.rival(blockBytes), headStarts: headStartsOf(scenario) };
    for (const name of contenders) {
      const figures = figuresOf(race.send(contenderNamed(name), blockBytes), judges);
      yield { place, contender: name, run, figures };
    }
  }
}
