/** A finished study, as the table, the JSON and the HTML report show it: nothing in it depends on the machine or on the date. */
import type { StudyPlan } from '../scenario-file.js';
import type { StudyResult } from '../study/result.js';

export interface StudyReport {
  /** Version of blockcast: another version may give other results for the same seed. */
  readonly version: string;
  readonly plan: StudyPlan;
  /** One for each scenario of the plan, in its order. */
  readonly results: readonly StudyResult[];
  /** The command that repeats the study, without the options of output. */
  readonly command: string;
}

/** The report as one line of JSON: times in integer microseconds, shares from 0 to 1. The same study gives the same bytes. */
export function reportJson({ version, plan, results, command }: StudyReport): string {
  const { name, description, seed, runs, contenders } = plan;
  const studies = results.map(({ scenario, contenders: found }) => ({ scenario, contenders: found }));
  return `${JSON.stringify({ blockcast: version, command, name, description, seed, runs, contenders, studies })}\n`;
}
