/** `npm run bench`: the measurements in docs/performance.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { loadX11 } from '../src/block/x11.js';
import { findDashd } from '../src/simulated/dashd-process.js';
import { refusals } from './cores.js';
import { report } from './report.js';
import type { Machine, Results } from './results.js';
import { runDashd } from './suites/dashd.js';
import type { Effort } from './suites/effort.js';
import { runFirst } from './suites/first.js';
import { runFlooded } from './suites/flooded.js';
import { runIdle } from './suites/idle.js';
import { MATRIX, type MatrixCase, runCase } from './suites/matrix.js';
import { runOptional } from './suites/optional.js';
import { runScale, SCALE, type ScaleCase } from './suites/scale.js';
import { runStalled } from './suites/stalled.js';
import { runUplink } from './suites/uplink.js';
import { runWatched } from './suites/watched.js';

const USAGE = `npm run bench -- [options]
  --quick            an eighth of the blocks: about 30 seconds, for a rough result
  --only SUITES      comma-separated: matrix, scale, uplink, first, stalled, dashd, watched, flooded, optional, idle
  --case SIZE:PEERS  only this case of the matrix, such as 15000:20; with --only scale, SIZE:PEERS:FORM (full, compact)
  --pause SECONDS    in the suite idle: time without blocks before the first one (60)
  --json FILE        also writes the results as JSON, after each suite
  --profile DIR      CPU profiles of the contenders
The suite dashd needs a dashd: DASHD=/path/to/dashd, or on the PATH.`;

const RESULTS = 'bench/results';
const ALL_SUITES = 'matrix,scale,uplink,first,stalled,dashd,watched,flooded,optional,idle';
const QUICK_SHARE = 1 / 8;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: ALL_SUITES },
    case: { type: 'string' },
    pause: { type: 'string', default: '60' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function machine(): Machine {
  const [cpu] = cpus();
  return {
    node: process.versions.node,
    cpu: cpu?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
  };
}

/** Parses `SIZE:PEERS:FORM`. */
function scaleCaseOf(text: string): ScaleCase {
  const [size, peers, form] = text.split(':');
  if (form !== 'full' && form !== 'compact') throw new Error(`--case ${text}: expected SIZE:PEERS:FORM`);
  return { size: Number(size), peers: Number(peers), form, blocks: 200 };
}

/** Parses `SIZE:PEERS`; a size too small for transactions means only a coinbase. */
function caseOf(text: string): MatrixCase {
  const [size = Number.NaN, peers = Number.NaN] = text.split(':').map(Number);
  if (!Number.isInteger(size) || !Number.isInteger(peers)) throw new Error(`--case ${text}: expected SIZE:PEERS`);
  return { size: size < 1_000 ? undefined : size, peers, blocks: 300 };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Error(`--pause ${text}: expected seconds`);
  return seconds;
}

/** Which suites run, and with which cases: `--case` means one case of one suite. */
function choice() {
  const { case: only } = values;
  if (only === undefined) return { suites: new Set(values.only.split(',')), cases: MATRIX, scaleCases: SCALE };
  if (values.only === 'scale') return { suites: new Set(['scale']), cases: [], scaleCases: [scaleCaseOf(only)] };
  return { suites: new Set(['matrix']), cases: [caseOf(only)], scaleCases: [] };
}

/** @param save called with what there is after each suite: a run that is stopped loses no more than one */
async function run(save: (results: Results) => void): Promise<Results> {
  const effort: Effort = { share: values.quick ? QUICK_SHARE : 1, profile: values.profile };
  const { suites, cases, scaleCases } = choice();
  const { quick } = values;
  let results: Results = { machine: machine(), at: new Date().toISOString(), quick, refusals: [], matrix: [] };
  const note = (more: Partial<Results>): void => {
    results = { ...results, ...more, refusals: refusals() };
    save(results);
  };
  const suite = async (name: string, what: string, work: () => Promise<Partial<Results>>): Promise<void> => {
    if (!suites.has(name)) return;
    progress(what);
    note(await work());
  };

  for (const one of suites.has('matrix') ? cases : []) {
    progress(`${one.size ?? 300} bytes to ${one.peers} peers`);
    note({ matrix: [...results.matrix, await runCase(one, effort)] });
  }
  await suite('scale', 'up to 1,350 peers', async () => ({
    scale: await runScale(effort, scaleCases, values.case === undefined),
  }));
  await suite('uplink', 'a slow uplink', async () => ({ uplink: await runUplink(effort) }));
  await suite('first', 'the first block and the hundredth', async () => ({ first: await runFirst(effort) }));
  await suite('stalled', 'a peer that never reads', async () => ({ stalled: await runStalled(effort) }));
  if (findDashd() !== undefined) {
    await suite('dashd', 'dashd alone', async () => ({ dashd: await runDashd(effort) }));
  }
  await suite('watched', 'a relay that is looked at', async () => ({ watched: await runWatched(effort) }));
  await suite('flooded', 'peers that flood', async () => ({ flooded: await runFlooded(effort) }));
  await suite('optional', 'what can be turned off', async () => ({ optional: await runOptional(effort) }));
  await suite('idle', 'a relay to which nothing happens', async () => ({
    idle: await runIdle(effort, { pauseSeconds: secondsOf(values.pause) }),
  }));
  return results;
}

const jsonOf = (results: Results): string => `${JSON.stringify(results, undefined, 2)}\n`;

if (values.help) {
  console.log(USAGE);
} else {
  await loadX11();
  const results = await run((sofar) => {
    if (values.json !== undefined) writeFileSync(values.json, jsonOf(sofar));
  });
  const markdown = report(results);
  console.log(markdown);
  const isWhole = !values.quick && values.case === undefined && values.only === ALL_SUITES;
  if (isWhole) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(`${RESULTS}/latest.md`, markdown);
    writeFileSync(`${RESULTS}/latest.json`, jsonOf(results));
  }
}
