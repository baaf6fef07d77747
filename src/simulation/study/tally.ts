/** What the runs of a contender add up to. */
import type { Micros } from '../engine.js';
import type { RunRandom } from '../random.js';
import type { Scenario } from '../scenario.js';
import { Coverage, pointsUntil } from './coverage.js';
import type { RunFigures } from './figures.js';
import type { ContenderResult } from './result.js';
import { headStartsOf, Rivalry } from './rivalry.js';
import { bootstrap, mean, quantile, ratios } from './statistics.js';

export class Tally {
  readonly t240: Micros[] = [];
  readonly network95: Micros[] = [];
  readonly nodes = new Coverage();
  readonly signers = new Coverage();
  readonly rivalry: Rivalry;
  private connections = 0;
  private bytesSent = 0;

  constructor(
    readonly name: string,
    scenario: Scenario,
  ) {
    this.rivalry = new Rivalry(headStartsOf(scenario));
  }

  /** In the order of the runs. */
  add({ t240, network95, connections, bytesSent, nodes, signers, won }: RunFigures): void {
    this.t240.push(t240);
    this.network95.push(network95);
    this.nodes.add(nodes.byTime, nodes.count);
    this.signers.add(signers.byTime, signers.count);
    this.rivalry.add(won, signers.count);
    this.connections += connections;
    this.bytesSent += bytesSent;
  }

  /** Means of the runs. */
  get cost(): ContenderResult['cost'] {
    const runs = this.t240.length;
    return { connections: Math.round(this.connections / runs), bytesSent: Math.round(this.bytesSent / runs) };
  }
}

/** @param random for the confidence intervals */
export function resultsOf(tallies: readonly Tally[], random: RunRandom): ContenderResult[] {
  const [first] = tallies;
  const points = pointsUntil(Math.max(0, ...tallies.map(({ network95 }) => quantile(network95, 0.5))));
  return tallies.map(({ name, t240, network95, nodes, signers, rivalry, cost }): ContenderResult => {
    const compared = ratios(t240, first?.t240 ?? []);
    const ofNodes = nodes.at(points);
    const ofSigners = signers.at(points);
    return {
      name,
      cost,
      t240,
      network95,
      summary: {
        p50: quantile(t240, 0.5),
        p90: quantile(t240, 0.9),
        meanRatioToFirst: mean(compared),
        ci95: bootstrap(compared, random.fork(name)),
      },
      coverage: points.map((at, index) => ({ at, nodes: ofNodes[index] ?? 0, signers: ofSigners[index] ?? 0 })),
      race: rivalry.results,
    };
  });
}
