/**
 * `npm run simulate:faults`: many seeds of faults against the real relay in virtual time, or one of them again with its event log. The same
 * file is the program of the worker threads.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadX11 } from '../../../src/block/x11.js';
import { campaign, type SeedReport } from '../../../src/simulation/faults/campaign.js';
import { describePlan } from '../../../src/simulation/faults/describe.js';
import { INVARIANTS } from '../../../src/simulation/faults/invariants/all.js';
import { planOf } from '../../../src/simulation/faults/plan.js';
import { runPlan } from '../../../src/simulation/faults/run.js';
import { describeFailure, Tally } from '../../../src/simulation/faults/tally.js';
import { PLANTS, type PlantName } from './planted-bugs.js';

const PLANT_NAMES = Object.keys(PLANTS) as PlantName[];
const HALF_THE_CORES = Math.max(1, Math.floor(availableParallelism() / 2));
const PROGRESS_MS = 1_000;
/** Without a terminal, one line for so many seeds. */
const PROGRESS_SEEDS = 100;

const USAGE = `npm run simulate:faults -- [options]
  --seeds N      how many seeds; 100 unless given
  --from N       the first seed; 1 unless given
  --seed N       this seed alone
  --verbose      with --seed: the plan, and the event log up to the violation
  --workers N    threads; half the cores unless given (${HALF_THE_CORES})
  --plant BUG    a relay with a bug, to see that it is found; the first seed that finds it is the last: ${PLANT_NAMES.join(', ')}

After each event of a run these must hold:
${INVARIANTS.map(({ name, rule }) => `  ${name.padEnd(18)} ${rule}`).join('\n')}`;

if (isMainThread) await main();
else await serve();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(HALF_THE_CORES) },
      plant: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { seed, seeds, from, workers, plant, verbose } = values;
  const areNumbers = [seed ?? '0', seeds, from].every((text) => /^\d+$/.test(text)) && /^[1-9]\d*$/.test(workers);
  if (values.help) {
    console.log(USAGE);
  } else if (!areNumbers || (plant !== undefined && !isPlant(plant))) {
    console.error(USAGE);
    process.exitCode = 2;
  } else if (seed !== undefined) {
    await replay(Number(seed), plant, verbose);
  } else {
    await many(Number(from), Number(seeds), Number(workers), plant);
  }
}

function isPlant(name: string): name is PlantName {
  return Object.hasOwn(PLANTS, name);
}

async function replay(seed: number, plant: PlantName | undefined, verbose: boolean): Promise<void> {
  const plan = planOf(seed);
  console.log(`seed ${seed}: ${plan.faults.length} faults, ${plan.blocks.length} times a block`);
  if (verbose) for (const text of ['the plan:', ...describePlan(plan), 'what happened:']) console.log(text);
  const report = await play(seed, plant, verbose ? (text) => console.log(text) : undefined);
  if (report.violation === undefined) {
    console.log(`no invariant was violated in ${report.observations} observations`);
    return;
  }
  console.log(`violated: ${report.violation.invariant}: ${report.violation.detail}`);
  process.exitCode = 1;
}

async function many(from: number, count: number, workers: number, plant: PlantName | undefined): Promise<void> {
  const tally = new Tally();
  const began = performance.now();
  const elapsedMs = (): number => performance.now() - began;
  const options = plant === undefined ? '' : ` --plant ${plant}`;
  let [shownAt, done] = [0, 0];
  await campaign({
    seeds: Array.from({ length: count }, (_, index) => from + index),
    workers: Math.min(workers, count),
    start: () => new Worker(new URL(import.meta.url), { workerData: { plant } }),
    report(one) {
      tally.add(one);
      done += 1;
      if (one.violation !== undefined) show(describeFailure(one, options).join('\n'));
      const isDue = process.stderr.isTTY ? elapsedMs() - shownAt > PROGRESS_MS : done % PROGRESS_SEEDS === 0;
      if (isDue) {
        shownAt = elapsedMs();
        progress(tally.progress(count, shownAt));
      }
      return plant === undefined || one.violation === undefined;
    },
  });
  show(tally.summary(elapsedMs()).join('\n'));
  if (tally.failed.length > 0) process.exitCode = 1;
}

/** On a terminal one line that is written again and again. */
function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(text);
}

async function serve(): Promise<void> {
  const { plant } = workerData as { readonly plant?: PlantName };
  parentPort?.on('message', (seed: number) => void play(seed, plant).then((report) => parentPort?.postMessage(report)));
}

async function play(seed: number, plant?: PlantName, log?: (text: string) => void): Promise<SeedReport> {
  await loadX11();
  const { violation, ...rest } = await runPlan(planOf(seed), { plant: plant && PLANTS[plant], log });
  return {
    ...rest,
    ...(violation !== undefined && { violation: { invariant: violation.invariant, detail: violation.detail } }),
  };
}
