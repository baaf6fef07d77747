/** A complete relay with all its services; the first peer is the pool's own dashd. */
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock, systemRandom } from '../../src/adapters/system.js';
import { loadConfig } from '../../src/config/config.js';
import type { RelayEvent } from '../../src/contracts/events.js';
import { createLogger } from '../../src/ops/logger.js';
import { createServices } from '../../src/ops/services.js';
import { toAddress } from '../../src/peers/address.js';
import { serialise } from '../../src/peers/format.js';
import { newRecord } from '../../src/peers/record.js';
import { systemPorts } from '../../src/relay/ports.js';
import { startRelay } from '../../src/relay/relay.js';
import { emit, planOf } from '../child.js';
import { HoldMeter } from '../hold.js';
import type { ContenderPlan, FromContender, ToContender } from '../process-messages.js';

const { ports, readers, bind, rpcUrl, folder, flags, witnesses = [] } = planOf<ContenderPlan>();
const [dashd, ...peers] = ports;
/** The most that the setting allows; more connections come from the quorums, which the bench has none of. */
const MAX_PEERS = 1_000;
const peerBook = join(folder, 'broadcast_peers.json');
if (witnesses.length > 0) writeFileSync(peerBook, bookOf(witnesses));

const loaded = loadConfig({
  options: {
    network: 'regtest',
    'dashd-rpc-url': rpcUrl,
    'dashd-rpc-user': 'bench',
    'dashd-rpc-password': 'bench',
    'dashd-p2p-port': String(dashd),
    'dashd-zmq-url': 'none',
    'pool-bind': bind,
    'events-bind': 'tcp://127.0.0.1:0',
    'broadcast-peer-db': peerBook,
    'history-file': join(folder, 'block_history.jsonl'),
    'http-port': '0',
    'broadcast-skip-bootstrap': 'true',
    'broadcast-max-peers': String(Math.min(ports.length, MAX_PEERS)),
    ...flags,
    peers: peers.map((port) => `127.0.0.1:${port}`).join(','),
  },
  env: {},
  readFile: () => '',
  platform: process.platform,
});
if (!loaded.ok) throw new Error(loaded.errors.map((error) => JSON.stringify(error)).join('\n'));
const config = { ...loaded.config, broadcast: { ...loaded.config.broadcast, maxPeers: ports.length } };

/** Idle: so many steps with less load than this share of a core, of all threads. */
const IDLE_STEPS = 3;
const IDLE_LOAD = 0.2;
const STEP_MS = 4;
const MAX_AFTERMATH_MS = 500;

const up = new Set<string>();
let connected = 0;
let watching = 0;
let acceptances = 0;
/** Blocks of which the locks are yet to be counted. */
let uncounted = 0;

/** A peer book of nodes on this machine. */
function bookOf(theirPorts: readonly number[]): string {
  const now = Date.now();
  const records = theirPorts.map((port) => {
    const address = toAddress('127.0.0.1', port);
    if (address === undefined) throw new Error(`${port} is no port`);
    return newRecord(address, 'p2p_discovery', now);
  });
  return [...serialise(records, now, undefined)].join('');
}

function onStarting(event: RelayEvent): void {
  if (event.type === 'peer-connected') connected += 1;
  else if (event.type === 'witness' && event.state === 'connected') watching += 1;
  else if (event.type === 'service' && event.state === 'up') up.add(event.service);
  else return;
  const isReady =
    connected === ports.length && watching === witnesses.length && up.has('pool-socket') && up.has('dashd-rpc');
  if (isReady) allConnected();
}

function onRacing(event: RelayEvent): void {
  if (event.type === 'received' && config.locks.forecast > 0) uncounted += 1;
  if (event.type === 'locks') uncounted -= 1;
  if (event.type === 'peer-lost') lost[event.code] = (lost[event.code] ?? 0) + 1;
  if (event.type === 'refused') throw new Error(`${event.code}: ${event.reason}`);
  if (event.type !== 'proof' || event.status !== 'accepted') return;
  acceptances += 1;
  if (acceptances % readers === 0) void sayWhenIdle();
}

/** What follows a block (its locks, its anatomy, files) is over, so that the next block is not measured behind it: pools find one in minutes. */
async function sayWhenIdle(): Promise<void> {
  const until = performance.now() + MAX_AFTERMATH_MS;
  let idleSteps = 0;
  while ((idleSteps < IDLE_STEPS || uncounted > 0) && performance.now() < until) {
    idleSteps = (await takeLoad(STEP_MS)) < IDLE_LOAD ? idleSteps + 1 : 0;
  }
  emit<FromContender>({ type: 'idle' });
}

async function takeLoad(ms: number): Promise<number> {
  const [from, before] = [performance.now(), process.cpuUsage()];
  await pause(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - from);
}

const meter = new HoldMeter();
let lost: Record<string, number> = {};

function takeHold(): FromContender {
  const held = { type: 'held', ...meter.take(), lost } as const;
  lost = {};
  return held;
}

async function take(wish: ToContender): Promise<FromContender> {
  switch (wish.type) {
    case 'take hold':
      return takeHold();
    case 'take load':
      return { type: 'load', share: await takeLoad(wish.ms) };
    case 'take memory':
      return { type: 'memory', bytes: process.memoryUsage.rss() };
  }
}

process.on('message', async (wish: ToContender) => emit(await take(wish)));

const log = createLogger({ level: 'info', format: 'json' }, createWriteStream(join(folder, 'log')));
const services = createServices(config, {
  logger: log,
  version: 'bench',
  clock: systemClock,
  random: systemRandom,
});
let allConnected: () => void = () => undefined;
const connection = new Promise<void>((resolve) => {
  allConnected = resolve;
});
const { view } = await startRelay(config, {
  userAgent: '/blockcast:bench/',
  listen: (event) => {
    services.listen(event);
    onStarting(event);
    onRacing(event);
  },
});
await connection;
// Measurements start when the relay has been up for a while.
await systemPorts.practise();
const url = await services.open(view);
emit<FromContender>({ type: 'ready', ...(url !== undefined && { url }) });
