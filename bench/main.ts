/** `npm run bench`: the measurements in docs/performance.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { loadX11 } from '../src/block/x11.js';
import { findDashd } from '../src/simulated/dashd-process.js';
import { refusals } from './cores.js';
import { report } from './report.js';
import type { Machine, MatrixRow, Results } from './results.js';
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
  --json FILE        also writes the results as JSON
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

async function run(): Promise<Results> {
  const effort: Effort = { share: values.quick ? QUICK_SHARE : 1, profile: values.profile };
  const { suites, cases, scaleCases } = choice();
  const optionally = async <T>(suite: string, what: string, work: (effort: Effort) => Promise<T>) => {
    if (!suites.has(suite)) return undefined;
    progress(what);
    return await work(effort);
  };

  const matrix: MatrixRow[] = [];
  for (const one of suites.has('matrix') ? cases : []) {
    progress(`${one.size ?? 300} bytes to ${one.peers} peers`);
    matrix.push(await runCase(one, effort));
  }
  const scale = await optionally('scale', 'up to 1,350 peers', (all) =>
    runScale(all, scaleCases, values.case === undefined),
  );
  const uplink = await optionally('uplink', 'a slow uplink', runUplink);
  const first = await optionally('first', 'the first block and the hundredth', runFirst);
  const stalled = await optionally('stalled', 'a peer that never reads', runStalled);
  const dashd = findDashd() === undefined ? undefined : await optionally('dashd', 'dashd alone', runDashd);
  const watched = await optionally('watched', 'a relay that is looked at', runWatched);
  const flooded = await optionally('flooded', 'peers that flood', runFlooded);
  const optional = await optionally('optional', 'what can be turned off', runOptional);
  const idle = await optionally('idle', 'a relay to which nothing happens', (all) =>
    runIdle(all, { pauseSeconds: secondsOf(values.pause) }),
  );
  return {
    machine: machine(),
    at: new Date().toISOString(),
    quick: values.quick,
    refusals: refusals(),
    matrix,
    ...(scale !== undefined && { scale }),
    ...(uplink !== undefined && { uplink }),
    ...(first !== undefined && { first }),
    ...(stalled !== undefined && { stalled }),
    ...(dashd !== undefined && { dashd }),
    ...(watched !== undefined && { watched }),
    ...(flooded !== undefined && { flooded }),
    ...(optional !== undefined && { optional }),
    ...(idle !== undefined && { idle }),
  };
}

if (values.help) {
  console.log(USAGE);
} else {
  await loadX11();
  const results = await run();
  const markdown = report(results);
  const json = `${JSON.stringify(results, undefined, 2)}\n`;
  console.log(markdown);
  if (values.json !== undefined) writeFileSync(values.json, json);
  const isWhole = !values.quick && values.case === undefined && values.only === ALL_SUITES;
  if (isWhole) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(`${RESULTS}/latest.md`, markdown);
    writeFileSync(`${RESULTS}/latest.json`, json);
  }
}
