/** What `blockcast simulate` runs: the model with its latency tables and contenders. Loaded when it is needed, since it is large. */
import { CONTENDERS } from './contenders/catalogue.js';
import { type Checked, readNetData } from './net/data.js';
import type { Scenario } from './scenario.js';
import type { Catalogue } from './scenario-schema.js';
import type { StudyOptions } from './study/options.js';
import type { StudyResult } from './study/result.js';
import { runStudies } from './study/study.js';

export interface Simulator {
  readonly catalogue: Catalogue;
  /** @returns a result for each scenario; undefined when it was stopped */
  readonly runStudies: (scenarios: readonly Scenario[], options: StudyOptions) => Promise<StudyResult[] | undefined>;
}

/** Reads the data files of the package; their errors are those of a package that is damaged, or that somebody edited. */
export function loadSimulator(): Checked<Simulator> {
  const read = readNetData();
  if (!read.ok) return read;
  const contenders = [...CONTENDERS.values()];
  const catalogue: Catalogue = {
    latencies: new Map([...read.data.tables].map(([name, { regions }]) => [name, regions])),
    contenders: new Map(contenders.map(({ name, summary }) => [name, summary])),
    usual: contenders.filter(({ studyOnly }) => !studyOnly).map(({ name }) => name),
  };
  return {
    ok: true,
    data: { catalogue, runStudies: (scenarios, options) => runStudies(scenarios, options, read.data) },
  };
}
