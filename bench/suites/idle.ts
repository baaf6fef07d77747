import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/simulated/free-port.js';
import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import type { FromObservers, ToObservers } from '../process-messages.js';
import type { Cost, FirstAndHundredth, Idle } from '../results.js';
import { type Entrant, leave, Rig } from '../rig.js';
import { median } from '../stats.js';
import type { Effort } from './effort.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const SIZE = 15_000;
const PEERS = 20;
const LOAD_MS = 60_000;
/** Until the warm-up after the start is over. */
const SETTLE_MS = 5_000;
const STARTS = 9;
const LOOK_EVERY_MS = 5;
/** A tick of the kernel's clock, ms. Source: proc(5), `sysconf(_SC_CLK_TCK)`, 100 everywhere. */
const TICK_MS = 10;
const BLOCKS = 100;
const PAUSES = 5;
const NAMES = ['floor', 'relay'] as const;

export interface IdleOptions {
  /** Time without blocks before the first one, seconds. */
  readonly pauseSeconds: number;
}

/** The load of an idle relay, the duration of its start, and the delay of the first block after a pause. */
export async function runIdle({ share, profile }: Effort, { pauseSeconds }: IdleOptions): Promise<Idle> {
  const starts = await measureStarts(Math.max(3, Math.round(STARTS * share)));
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const relay = await rig.enter('relay', SIZE);
  await pause(SETTLE_MS);
  const loadMs = LOAD_MS * share;
  const alone = await loadOf(relay, loadMs);
  const watched = await loadWatched(relay, loadMs);
  const floor = await rig.enter('floor', SIZE);
  const rounds = Math.max(1, Math.round(PAUSES * share));
  const pauses = await measurePauses({
    rig,
    source,
    entrants: { floor, relay },
    rounds,
    pauseMs: pauseSeconds * 1_000,
  });
  await Promise.all([leave(relay), leave(floor)]);
  await rig.stop();
  return {
    size: SIZE,
    peers: PEERS,
    seconds: loadMs / 1_000,
    alone,
    watched,
    starts,
    pauses: { pauseSeconds, ...pauses },
  };
}

/** Share of one core, 0 to 1. */
async function loadOf({ child }: Entrant, ms: number): Promise<number> {
  child.say({ type: 'take load', ms });
  await pause(ms);
  return (await child.next('load')).share;
}

async function loadWatched(relay: Entrant, ms: number): Promise<number> {
  const { url } = relay;
  if (url === undefined) throw new Error('the relay serves no pages');
  const observers = new Child<FromObservers, ToObservers>('./observers.js', {});
  observers.say({ type: 'look', observation: { url, followers: 1, scrape: false } });
  await observers.next('looking');
  const load = await loadOf(relay, ms);
  await observers.stop();
  return load;
}

interface Pausing {
  readonly rig: Rig;
  readonly source: BlockSource;
  readonly entrants: Readonly<Record<(typeof NAMES)[number], Entrant>>;
  readonly rounds: number;
  readonly pauseMs: number;
}

/** Medians over pauses; all contenders run during a pause. */
async function measurePauses(pausing: Pausing) {
  const { entrants, rounds, pauseMs } = pausing;
  const found = { floor: [] as FirstAndHundredth[], relay: [] as FirstAndHundredth[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of NAMES) entrants[name].child.resume();
    await pause(pauseMs);
    const { floor, relay } = await deliverHundred(pausing);
    found.floor.push(floor);
    found.relay.push(relay);
  }
  const medians = (all: readonly FirstAndHundredth[]): FirstAndHundredth => ({
    first: median(all.map(({ first }) => first)),
    hundredth: median(all.map(({ hundredth }) => hundredth)),
  });
  return { rounds, floor: medians(found.floor), relay: medians(found.relay) };
}

async function deliverHundred({ rig, source, entrants: { floor, relay } }: Pausing) {
  const times = { floor: [] as number[], relay: [] as number[] };
  for (let block = 0; block < BLOCKS; block += 1) {
    const raw = source.next();
    times.floor.push((await rig.deliver(floor, raw)).lastByteMs);
    times.relay.push((await rig.deliver(relay, raw)).lastByteMs);
  }
  const ends = (series: readonly number[]): FirstAndHundredth => ({
    first: series.at(0) ?? Number.NaN,
    hundredth: series.at(-1) ?? Number.NaN,
  });
  return { floor: ends(times.floor), relay: ends(times.relay) };
}

/** The start of `blockcast run` and of an empty Node process, in turn. */
async function measureStarts(count: number): Promise<Idle['starts']> {
  const node: Cost[] = [];
  const bound: Cost[] = [];
  const reading: Cost[] = [];
  for (let start = 0; start < count; start += 1) {
    node.push(nodeAlone());
    const one = await measureStart();
    bound.push(one.bound);
    reading.push(one.reading);
  }
  return { count, node: medianCost(node), bound: medianCost(bound), reading: medianCost(reading) };
}

function medianCost(costs: readonly Cost[]): Cost {
  return { wallMs: median(costs.map(({ wallMs }) => wallMs)), cpuMs: median(costs.map(({ cpuMs }) => cpuMs)) };
}

function nodeAlone(): Cost {
  const from = performance.now();
  const emit = 'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)';
  const cpuMs = Number(execFileSync(process.execPath, ['-e', emit], { encoding: 'utf8' }));
  return { wallMs: performance.now() - from, cpuMs };
}

/** Until the pool socket accepts connections, and until the relay reads from it. */
async function measureStart(): Promise<{ readonly bound: Cost; readonly reading: Cost }> {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-bench-'));
  const port = await freePort();
  const from = performance.now();
  const relay = spawn(
    process.execPath,
    [
      MAIN,
      'run',
      '--network=regtest',
      `--pool-bind=tcp://127.0.0.1:${port}`,
      '--events-bind=tcp://127.0.0.1:0',
      '--http-port=0',
      `--broadcast-peer-db=${join(folder, 'peers.json')}`,
      `--history-file=${join(folder, 'blocks.jsonl')}`,
      `--spool-dir=${join(folder, 'spool')}`,
      '--broadcast-skip-bootstrap=true',
      '--broadcast-min-peers=0',
    ],
    { env: { PATH: process.env['PATH'], HOME: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const cost = (): Cost => ({ wallMs: performance.now() - from, cpuMs: cpuOf(relay.pid) });
  try {
    const [bound, reading] = await Promise.all([
      isBound(port).then(cost),
      says(relay.stdout, /pool socket up/).then(cost),
    ]);
    return { bound, reading };
  } finally {
    const exit = once(relay, 'exit');
    relay.kill('SIGKILL');
    await exit;
    rmSync(folder, { recursive: true });
  }
}

async function isBound(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await pause(LOOK_EVERY_MS);
  }
}

async function says(output: NodeJS.ReadableStream, words: RegExp): Promise<void> {
  let text = '';
  for await (const chunk of output) {
    text += chunk;
    if (words.test(text)) return;
  }
  throw new Error(`the relay ended: ${text}`);
}

/** Processor time of a process so far, ms; NaN on platforms other than Linux. Source: proc(5), fields utime and stime. */
function cpuOf(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
