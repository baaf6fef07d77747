/**
 * The cost of a full peer database: selecting among 20,000 peers, saving them, and how long that blocks the event loop of a running relay,
 * which is how long a block may have to wait. `node dist/bench/peers.js`
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectControl, controlPath } from '../src/adapters/control.js';
import { systemClock, systemRandom } from '../src/adapters/system.js';
import { dial } from '../src/adapters/tcp.js';
import { loadConfig } from '../src/config/config.js';
import type { RelayEvent } from '../src/contracts/events.js';
import { parseAddress } from '../src/peers/address.js';
import { serialise } from '../src/peers/format.js';
import { selectLimits } from '../src/peers/plan.js';
import { newRecord, type PeerRecord } from '../src/peers/record.js';
import { select, selecting } from '../src/peers/select.js';
import { startRelay } from '../src/relay/relay.js';
import { freePort } from '../src/simulated/free-port.js';
import { publicAddress } from '../src/simulated/public-address.js';
import { type SimulatedNetwork, startNetwork } from '../src/simulated/simulated-network.js';
import type { Dial } from '../src/streams/ports.js';
import { type Summary, summarise } from './stats.js';

const PEERS = 20_000;
/** Peers that have served blocks; the others are known from gossip alone. */
const PROVEN = 9_000;
const PORT = 19_899;
const NODES = 24;
const ROUNDS = 50;
/** Sixty times as often as the default, and so is garbage collection. */
const REFRESH_SECONDS = 1;
/** The relay saves within a second after an edit. */
const EDIT_EVERY_MS = 1_500;
const PHASE_MS = 15_000;
const MICROSECONDS = 1_000;

/** How long the event loop was blocked, milliseconds. */
interface Held {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

interface Book {
  /** Scoring and selecting in one go, and the longest of its steps; the same for serialisation. */
  readonly select: Summary;
  readonly selectStep: Summary;
  readonly serialise: Summary;
  readonly serialiseStep: Summary;
}

interface Phase {
  readonly name: string;
  readonly refreshes: number;
  readonly saves: number;
  readonly held: Held;
}

/** A peer database of `count` records: the first {@link PROVEN} have served blocks, the others are known from gossip alone. */
function peerRecords(count: number, now: number): PeerRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const key = `${publicAddress(n)}:${PORT}`;
    const address = parseAddress(key);
    if (address === undefined) throw new Error(`not an address: ${key}`);
    const record = { ...newRecord(address, 'p2p_discovery', now), lastSeen: now - (n % 1_000) * 60_000, services: 1n };
    if (n >= PROVEN) return record;
    const [succeeded, failed] = [n % 20, n % 3];
    return {
      ...record,
      lastConnected: now,
      height: 3,
      connections: { succeeded: 3, failed: 0 },
      broadcasts: {
        acknowledged: succeeded,
        accepted: 0,
        alreadyHad: 0,
        failed: failed > 0 ? { timeout: failed } : {},
        recent: { succeeded, failed },
        failuresInARow: 0,
      },
    };
  });
}

function timed(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

/** The duration of the longest step of a calculation in steps. */
function longestStep(steps: Iterator<unknown, unknown>): number {
  let longest = 0;
  for (let done = false; !done; ) {
    longest = Math.max(
      longest,
      timed(() => {
        done = steps.next().done === true;
      }),
    );
  }
  return longest;
}

function measureBook(): Book {
  const now = systemClock.now();
  const records = peerRecords(PEERS, now);
  const byKey = new Map(records.map((record) => [record.key, record]));
  const book = { get: (key: string) => byKey.get(key), records: () => records };
  const input = { book, live: [], now, random: systemRandom, limits: selectLimits('regtest') };
  const text = () => serialise(records, now, undefined);
  const rounds = (measure: () => number) => summarise(Array.from({ length: ROUNDS }, measure));
  return {
    select: rounds(() => timed(() => select(input))),
    selectStep: rounds(() => longestStep(selecting(input))),
    serialise: rounds(() => timed(() => [...text()])),
    serialiseStep: rounds(() => longestStep(text())),
  };
}

/** Runs a relay with a database of `count` peers; every dialled address leads to one of the simulated nodes. */
async function measureRelay(net: SimulatedNetwork, count: number): Promise<Phase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-bench-'));
  const peerDb = join(folder, 'broadcast_peers.json');
  if (count > 0)
    writeFileSync(peerDb, [...serialise(peerRecords(count, systemClock.now()), systemClock.now(), undefined)].join(''));
  let refreshes = 0;
  const relay = await startRelay(await configFor(net, peerDb), {
    userAgent: '/blockcast:bench/',
    dial: dialInto(net),
    listen: (event: RelayEvent) => {
      if (event.type === 'plan') refreshes += 1;
    },
  });
  const phase = async (name: string, work: () => Promise<number>): Promise<Phase> => {
    const before = refreshes;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const saves = await work();
    delay.disable();
    return { name, refreshes: refreshes - before, saves, held: heldOf(delay) };
  };
  // Until loading and the first connections are complete.
  await setTimeout(3_000);
  const phases = [
    await phase(`${count.toLocaleString('en')} peers, refreshed`, async () => {
      await setTimeout(PHASE_MS);
      return 0;
    }),
    await phase(`${count.toLocaleString('en')} peers, refreshed and saved`, () => saving(peerDb)),
  ];
  await relay.stop();
  rmSync(folder, { recursive: true });
  return phases;
}

function heldOf(delay: ReturnType<typeof monitorEventLoopDelay>): Held {
  // Each measured interval includes the requested millisecond.
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - 1);
  return {
    p50: ms(delay.percentile(50)),
    p99: ms(delay.percentile(99)),
    p999: ms(delay.percentile(99.9)),
    max: ms(delay.max),
  };
}

/** Edits the database repeatedly. @returns the number of saves */
async function saving(peerDb: string): Promise<number> {
  const control = await connectControl(controlPath(peerDb));
  if (!control.ok) throw new Error(`no control socket: ${control.detail}`);
  const until = performance.now() + PHASE_MS;
  const seen = new Set<number>();
  while (performance.now() < until) {
    await control.connection.ask({ edit: 'add', peers: [`127.0.0.1:${PORT}`] });
    await setTimeout(EDIT_EVERY_MS);
    seen.add(statSync(peerDb).mtimeMs);
  }
  control.connection.close();
  return seen.size;
}

function dialInto({ nodes, dashd }: SimulatedNetwork): Dial {
  return ({ host, port }, timeoutMs, handlers) => {
    const place = host.split('.').reduce((sum, octet) => sum + Number(octet), 0) % nodes.length;
    const node = port === dashd.node.port ? dashd.node : (nodes[place] ?? dashd.node);
    return dial({ host: node.host, port: node.port }, timeoutMs, handlers);
  };
}

async function configFor({ dashd }: SimulatedNetwork, peerDb: string) {
  const loaded = loadConfig({
    options: {
      network: 'regtest',
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-user': dashd.user,
      'dashd-rpc-password': dashd.password,
      'dashd-p2p-port': String(dashd.node.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'pool-bind': `tcp://127.0.0.1:${await freePort()}`,
      'events-bind': `tcp://127.0.0.1:${await freePort()}`,
      'broadcast-refresh-interval': String(REFRESH_SECONDS),
      'broadcast-peer-db': peerDb,
      'history-file': `${peerDb}.blocks.jsonl`,
    },
    env: {},
    readFile: () => '',
    platform: process.platform,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

export interface PeersResults {
  readonly book: Book;
  readonly phases: readonly Phase[];
}

/** Takes about 80 seconds. */
export async function runPeers(): Promise<PeersResults> {
  const net = await startNetwork({ nodes: NODES, latency: false, dashdPeers: 1 });
  const phases = [...(await measureRelay(net, 0)), ...(await measureRelay(net, PEERS))];
  await net.stop();
  // Last, so that the relay does not pay for its garbage collection.
  return { phases, book: measureBook() };
}

/** The results as Markdown. */
export function reportPeers({ book, phases }: PeersResults): string {
  const figure = (ms: number) => (ms < 1 ? `${(ms * MICROSECONDS).toFixed(0)} µs` : `${ms.toFixed(1)} ms`);
  const line = (what: string, times: readonly number[]) => `| ${what} | ${times.map(figure).join(' | ')} |`;
  const ofWork = (what: string, { p50, p99, max }: Summary) => line(what, [p50, p99, max]);
  const ofPhase = ({ name, refreshes, saves, held }: Phase) =>
    line(`${name} (${refreshes} refreshes, ${saves} saves)`, [held.p50, held.p99, held.p999, held.max]);
  return [
    `| ${PEERS.toLocaleString('en')} peers, ${ROUNDS} times | p50 | p99 | max |`,
    '|---|---|---|---|',
    ofWork('scored and selected', book.select),
    ofWork('– its longest step', book.selectStep),
    ofWork('made into the text of the file', book.serialise),
    ofWork('– its longest step', book.serialiseStep),
    '',
    '| event loop held, in a running relay | p50 | p99 | p99.9 | max |',
    '|---|---|---|---|---|',
    ...phases.map(ofPhase),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(reportPeers(await runPeers()));
