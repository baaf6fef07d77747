/**
 * Studies: runs of one scenario each. All contenders of a run send the same block on the same network, so what they differ in is their own
 * doing. Scenarios that differ in the size of the block alone have the same networks. The same scenario, seed and number of runs give the same
 * result, and a contender's figures do not depend on which others there are, on other scenarios, on the threads, or on what was saved before.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contenderNamed } from '../contenders/catalogue.js';
import type { NetData } from '../net/data.js';
import { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import type { RunFigures } from './figures.js';
import { type Finished, modelOf, type NetworkJob, simulateJob } from './network-job.js';
import type { StudyOptions } from './options.js';
import type { StudyResult } from './result.js';
import { resultsOf, Tally } from './tally.js';
import { simulateOnThreads } from './threads.js';

/**
 * @returns a result for each scenario; undefined when it was stopped
 * @throws RangeError for a latency table, a region or a contender that there is not
 */
export async function runStudies(
  scenarios: readonly Scenario[],
  options: StudyOptions,
  data: NetData,
): Promise<StudyResult[] | undefined> {
  for (const scenario of scenarios) {
    modelOf(scenario, data);
    for (const name of scenario.contenders) contenderNamed(name);
  }
  const ledger = new Ledger(scenarios, options);
  const jobs = ledger.missing();
  const take = (finished: Finished): void => ledger.take(finished);
  const { stop, workers } = options;
  if (workers > 1) await simulateOnThreads(jobs, { workers, stop, take });
  else await simulateHere(jobs, data, stop, take);
  return ledger.results();
}

async function simulateHere(
  jobs: readonly NetworkJob[],
  data: NetData,
  stop: AbortSignal,
  take: (finished: Finished) => void,
): Promise<void> {
  for (const job of jobs) {
    await nextTurn();
    if (stop.aborted) return;
    for (const finished of simulateJob(job, data)) {
      take(finished);
      await nextTurn();
      if (stop.aborted) return;
    }
  }
}

/** The figures of all runs, as they come in. */
class Ledger {
  /** By scenario, by contender, by run. */
  private readonly figures: readonly (readonly (RunFigures | undefined)[][])[];
  private done = 0;

  constructor(
    private readonly scenarios: readonly Scenario[],
    private readonly options: StudyOptions,
  ) {
    const { runs, saved } = options;
    this.figures = scenarios.map((scenario) =>
      scenario.contenders.map((name) =>
        Array.from({ length: runs }, (_, run) => saved?.find(this.keyOf(scenario, name, run))),
      ),
    );
    this.done = this.figures.flat(2).filter((one) => one !== undefined).length;
    if (this.done > 0) options.onProgress(this.done);
  }

  /** What has to be simulated: each job a network, the first run of all networks first. */
  missing(): NetworkJob[] {
    const groups = new Map<string, [place: number, scenario: Scenario][]>();
    for (const entry of this.scenarios.entries()) {
      const network = networkOf(entry[1]);
      groups.set(network, [...(groups.get(network) ?? []), entry]);
    }
    const jobs: NetworkJob[] = [];
    for (let run = 0; run < this.options.runs; run += 1) {
      for (const group of groups.values()) {
        const blocks = group.flatMap(([place, scenario]) => {
          const contenders = scenario.contenders.filter((_, at) => this.figures[place]?.[at]?.[run] === undefined);
          return contenders.length === 0 ? [] : [{ place, scenario, contenders }];
        });
        if (blocks.length > 0) jobs.push({ seed: this.options.seed, run, blocks });
      }
    }
    return jobs;
  }

  take({ place, contender, run, figures }: Finished): void {
    const scenario = this.scenarios[place];
    const runs = this.figures[place]?.[scenario?.contenders.indexOf(contender) ?? -1];
    if (scenario === undefined || runs === undefined) throw new RangeError(`no study has ${contender} at ${place}`);
    runs[run] = figures;
    this.options.saved?.save(this.keyOf(scenario, contender, run), figures);
    this.done += 1;
    this.options.onProgress(this.done);
  }

  /** Undefined while runs are missing. */
  results(): StudyResult[] | undefined {
    const { seed, runs } = this.options;
    const results: StudyResult[] = [];
    for (const [place, scenario] of this.scenarios.entries()) {
      const tallies = scenario.contenders.map((name) => new Tally(name, scenario));
      for (const [at, tally] of tallies.entries()) {
        for (const figures of this.figures[place]?.[at] ?? []) {
          if (figures === undefined) return undefined;
          tally.add(figures);
        }
      }
      results.push({ seed, runs, scenario, contenders: resultsOf(tallies, new RunRandom(seed, 'bootstrap')) });
    }
    return results;
  }

  private keyOf({ contenders: _, ...scenario }: Scenario, contender: string, run: number): string {
    return JSON.stringify({ seed: this.options.seed, run, contender, ...scenario });
  }
}

/** What decides about the networks of a scenario. */
function networkOf({ blockBytes: _, rival: __, contenders: ___, ...network }: Scenario): string {
  return JSON.stringify(network);
}
