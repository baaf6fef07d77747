/**
 * A study: runs of one scenario. All contenders of a run send the same block on the same network, so what they differ in is their own doing.
 * The same scenario, seed and number of runs give the same result, and a contender's figures do not depend on which others there are.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contenderNamed } from '../contenders/catalogue.js';
import type { Contender } from '../contenders/contender.js';
import type { Micros } from '../engine.js';
import type { NetData } from '../net/data.js';
import { threshold } from '../network/chain-locks.js';
import { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import { Coverage, pointsUntil } from './coverage.js';
import { ASSUMPTIONS, type Model } from './model.js';
import type { StudyOptions } from './options.js';
import { type Outcome, RaceRun } from './race-run.js';
import type { ContenderResult, StudyResult } from './result.js';
import { Rivalry } from './rivalry.js';
import { bootstrap, mean, nthTime, quantile, ratios } from './statistics.js';

const NETWORK_SHARE = 0.95;

/**
 * The event loop turns before each block that a contender sends.
 * @param changed assumptions other than the usual
 * @returns undefined when it was stopped
 * @throws RangeError for a latency table, a region or a contender that there is not
 */
export async function runStudy(
  scenario: Scenario,
  options: StudyOptions,
  data: NetData,
  changed: Partial<Model> = {},
): Promise<StudyResult | undefined> {
  const table = data.tables.get(scenario.latency);
  if (table === undefined) throw new RangeError(`there is no latency table ${scenario.latency}`);
  const model: Model = { ...ASSUMPTIONS, table, hosts: data.hosts, ...changed };
  const tallies = scenario.contenders.map((name) => new Tally(contenderNamed(name), scenario));
  const { seed, runs, onProgress, stop } = options;
  let done = 0;
  for (let run = 0; run < runs; run += 1) {
    await nextTurn();
    if (stop.aborted) return undefined;
    const race = new RaceRun(scenario, model, seed, run);
    const theirs = race.rival();
    for (const tally of tallies) {
      await nextTurn();
      if (stop.aborted) return undefined;
      tally.add(race, race.send(tally.contender), theirs);
      done += 1;
      onProgress(done);
    }
  }
  return { seed, runs, scenario, contenders: resultsOf(tallies, new RunRandom(seed, 'bootstrap')) };
}

/** What the runs of a contender add up to. */
class Tally {
  readonly t240: Micros[] = [];
  readonly network95: Micros[] = [];
  readonly nodes = new Coverage();
  readonly signers = new Coverage();
  readonly rivalry: Rivalry;
  private connections = 0;
  private bytesSent = 0;

  constructor(
    readonly contender: Contender,
    { rival }: Scenario,
  ) {
    this.rivalry = new Rivalry(rival.headStartsMs);
  }

  add({ signers, online }: RaceRun, { connections, bytesSent, times }: Outcome, theirs: readonly Micros[]): void {
    this.t240.push(nthTime(times, signers, threshold(signers.length)));
    this.network95.push(nthTime(times, online, Math.ceil(NETWORK_SHARE * online.length)));
    this.nodes.add(times, online);
    this.signers.add(times, signers);
    this.rivalry.add(times, theirs, signers);
    this.connections += connections;
    this.bytesSent += bytesSent;
  }

  /** Means of the runs. */
  get cost(): ContenderResult['cost'] {
    const runs = this.t240.length;
    return { connections: Math.round(this.connections / runs), bytesSent: Math.round(this.bytesSent / runs) };
  }
}

function resultsOf(tallies: readonly Tally[], random: RunRandom): ContenderResult[] {
  const [first] = tallies;
  const points = pointsUntil(Math.max(0, ...tallies.map(({ network95 }) => quantile(network95, 0.5))));
  return tallies.map((tally): ContenderResult => {
    const { contender, t240, network95, nodes, signers, rivalry, cost } = tally;
    const compared = ratios(t240, first?.t240 ?? []);
    const ofNodes = nodes.at(points);
    const ofSigners = signers.at(points);
    return {
      name: contender.name,
      cost,
      t240,
      network95,
      summary: {
        p50: quantile(t240, 0.5),
        p90: quantile(t240, 0.9),
        meanRatioToFirst: mean(compared),
        ci95: bootstrap(compared, random.fork(contender.name)),
      },
      coverage: points.map((at, index) => ({ at, nodes: ofNodes[index] ?? 0, signers: ofSigners[index] ?? 0 })),
      race: rivalry.results,
    };
  });
}
