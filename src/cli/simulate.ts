/** `blockcast simulate`: studies of a scenario, as a table, as JSON and as an HTML report. */
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { systemClock } from '../adapters/system.js';
import { errorCode } from '../adapters/system-error.js';
import { type ConfigError, formatConfigError } from '../config/config.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { SCENARIOS } from '../messages/simulation.js';
import { repeatCommand } from '../simulation/report/command.js';
import { listing } from '../simulation/report/listing.js';
import { reportPage } from '../simulation/report/page.js';
import { ProgressBar } from '../simulation/report/progress.js';
import { reportJson, type StudyReport } from '../simulation/report/study-report.js';
import { reportText } from '../simulation/report/text.js';
import { suggest } from '../simulation/scenario-faults.js';
import { type Overrides, type PlanResult, readPlan, type StudyPlan } from '../simulation/scenario-file.js';
import { shippedScenarios } from '../simulation/shipped.js';
import type { Simulator } from '../simulation/simulator.js';
import type { SavedRuns } from '../simulation/study/options.js';
import type { StudyResult } from '../simulation/study/result.js';
import { type CliContext, EXIT, printError } from './context.js';
import { openSavedRuns } from './saved-runs.js';
import { readSmallFile } from './small-file.js';
import { targetFault, writeWhole } from './whole-file.js';

export interface SimulateFlags {
  readonly seed?: number;
  readonly runs?: number;
  readonly contenders?: string[];
  readonly json?: true;
  readonly list?: true;
  /** Path of the HTML report. */
  readonly html?: string;
  readonly workers?: number;
  /** Path of the file that keeps runs. */
  readonly save?: string;
}

/** The style sheet of the report, as `npm run build` makes it. */
const STYLES = new URL('../simulation/report/report.css', import.meta.url);
/** Of a machine that also runs a dashd. */
const DEFAULT_WORKERS = 1;
/** A file may be wrong in more places than anyone wants to read. */
const MAX_ERRORS = 20;

/**
 * Nothing is written before all scenarios are done.
 * @param scenario the name of one that comes with blockcast, or the path of a file
 * @returns the exit code
 */
export async function simulate(
  scenario: string,
  flags: SimulateFlags,
  version: string,
  context: CliContext,
  simulator: Simulator,
): Promise<number> {
  const { stdout } = context;
  if (flags.list) {
    stdout.write(listing(describeShipped(simulator), simulator.catalogue));
    return EXIT.ok;
  }
  const planned = planFor(scenario, flags, simulator);
  if (!planned.ok) return refuse(planned.errors, context);
  const unwritable = flags.html === undefined ? undefined : targetFault(flags.html);
  if (unwritable !== undefined) return printError(context, `--html: ${unwritable}`);
  const { plan } = planned;
  const opened = flags.save === undefined ? undefined : openSavedRuns(flags.save, version);
  if (opened?.ok === false) return printError(context, `--save: ${opened.problem}`);
  const results = await runAll(plan, flags, context, simulator, opened?.saved);
  if (results === undefined) return EXIT.failed;
  const report: StudyReport = { version, plan, results, command: repeatCommand(scenario, plan, flags.contenders) };
  stdout.write(flags.json ? reportJson(report) : reportText(report));
  if (flags.html === undefined) return EXIT.ok;
  const page = reportPage(report, { css: readFileSync(STYLES, 'utf8'), contenders: simulator.catalogue.contenders });
  const fault = await writeWhole(flags.html, page);
  return fault === undefined ? EXIT.ok : printError(context, `--html: ${fault}`);
}

function planFor(scenario: string, { seed, runs, contenders }: SimulateFlags, { catalogue }: Simulator): PlanResult {
  const shipped = shippedScenarios();
  const path = shipped.get(scenario) ?? scenario;
  const wrong = ({ problem, remedy }: Pick<ConfigError, 'problem' | 'remedy'>): PlanResult => ({
    ok: false,
    errors: [{ key: 'scenario', from: scenario, problem, remedy }],
  });
  if (path === scenario && !scenario.includes('/') && extname(scenario) === '') {
    const { problem, remedy } = SCENARIOS['not-shipped'];
    return wrong({ problem, remedy: fill(remedy, { remedy: suggest(scenario, [...shipped.keys()]) }) });
  }
  let text: string;
  try {
    // A pipe could hold the process for ever.
    if (!statSync(path).isFile()) return wrong(SCENARIOS['not-a-file']);
    text = readSmallFile(path);
  } catch (error) {
    const { problem, remedy } = SCENARIOS.unreadable;
    return wrong({ problem: fill(problem, { code: errorCode(error) }), remedy });
  }
  const overrides: Overrides = {
    ...(seed !== undefined && { seed }),
    ...(runs !== undefined && { runs }),
    ...(contenders !== undefined && { contenders }),
  };
  return readPlan({ path, text, name: scenario }, overrides, catalogue);
}

/** @returns undefined when it was stopped, or runs could not be saved, which is then reported */
async function runAll(
  plan: StudyPlan,
  { json, workers = DEFAULT_WORKERS, save = '' }: SimulateFlags,
  context: CliContext,
  { runStudies }: Simulator,
  saved?: SavedRuns,
): Promise<StudyResult[] | undefined> {
  const bar = json ? undefined : new ProgressBar(context.stderr, systemClock);
  const { seed, runs, scenarios } = plan;
  const total = scenarios.length * plan.contenders.length * runs;
  let done = 0;
  const onProgress = (count: number): void => {
    done = count;
    bar?.show(done, total);
  };
  const { stop } = context;
  const options = { seed, runs, workers, onProgress, stop, ...(saved !== undefined && { saved }) };
  const results = await runStudies(scenarios, options);
  bar?.end(done, total);
  if (results !== undefined) return results;
  const text = COMMAND_ERRORS[saved === undefined ? 'study-stopped' : 'study-paused'];
  printError(context, fill(text, { done, total, path: save }));
  return undefined;
}

/** The scenarios that come with it are known to be right: a test reads them all. */
function describeShipped({ catalogue }: Simulator): Map<string, string> {
  const described = [...shippedScenarios()].map(([name, path]): [string, string] => {
    const planned = readPlan({ path, text: readSmallFile(path), name }, {}, catalogue);
    return [name, planned.ok ? planned.plan.description : ''];
  });
  return new Map(described);
}

/** Prints the first of these errors. @returns the exit code */
export function refuse(errors: readonly ConfigError[], context: CliContext, code: number = EXIT.usage): number {
  for (const error of errors.slice(0, MAX_ERRORS)) printError(context, formatConfigError(error));
  const count = errors.length - MAX_ERRORS;
  if (count > 0) printError(context, fill(COMMAND_ERRORS['more-errors'], { count }));
  return code;
}
