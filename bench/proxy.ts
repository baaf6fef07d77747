/**
 * The overhead of the relay's JSON-RPC proxy for a pool: the same calls to dashd directly and through the proxy, in turn, in one run. Once with
 * a server that accepts every block without work, to isolate the proxy's share, and once with a real dashd if there is one.
 * `node dist/bench/proxy.js`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/adapters/system.js';
import { scanTransactions } from '../src/block/scan.js';
import { hashHeader, loadX11 } from '../src/block/x11.js';
import { Chain } from '../src/simulated/chain.js';
import { findDashd, startDashd } from '../src/simulated/dashd-process.js';
import { freePort } from '../src/simulated/free-port.js';
import { mineBlock } from '../src/simulated/miner.js';
import { hashFromWire } from '../src/wire/reader.js';
import { BlockSource } from './blocks.js';
import { Child } from './child.js';
import type { FromProxy, FromRpc, FromSinks, ProxyPlan, ToSinks } from './process-messages.js';
import { type Summary, summarise } from './stats.js';
import { enterTurns, leaveTurns, rotated, takeTurn } from './turns.js';

const PEERS = 20;
const SMALL_CALLS = 2_000;
const WARM_UP_CALLS = 200;
/** Calls in a row before the turn of the next path. */
const CALLS_A_TURN = 20;
const SIZES = [15_000, 2_000_000] as const;
const WARM_UP_BLOCKS = 5;
/** Of each size. */
const BLOCKS = { bare: 60, dashd: 25 } as const;
/** Time for garbage collection and idling before the next block, milliseconds. */
const SETTLE_MS = 20;
/** Blocks until a coinbase may be spent. Source: Core `consensus/consensus.h`, COINBASE_MATURITY. */
const MATURITY = 100;
/** Less than regtest allows for its first hundreds of blocks, duffs. */
const REWARD = 50n * 100_000_000n;
const USER = 'bench';
const PASSWORD = 'bench';
const HEADER_SIZE = 80;

/** A path to dashd, and what to wait for after a block. */
interface Way {
  readonly name: string;
  readonly port: number;
  readonly hasPeers?: boolean;
  readonly relay?: Child<FromProxy>;
  readonly folder?: string;
}

interface Row {
  readonly what: string;
  /** In the order of the paths. */
  readonly times: readonly Summary[];
}

interface Part {
  readonly title: string;
  readonly ways: readonly string[];
  readonly rows: readonly Row[];
}

/** One keep-alive connection, as a pool has. */
class Caller {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly port: number) {}

  /** @returns the answer and the milliseconds from just before the request to its last byte */
  call(body: Buffer | string): Promise<{ readonly text: string; readonly from: bigint; readonly ms: number }> {
    const headers = {
      authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const from = process.hrtime.bigint();
      const options = { host: '127.0.0.1', port: this.port, method: 'POST', agent: this.agent, headers };
      request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ text, from, ms: Number(process.hrtime.bigint() - from) / 1e6 }));
      })
        .on('error', reject)
        .end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

async function open(name: string, plan: Omit<ProxyPlan, 'port' | 'bind' | 'folder'>): Promise<Way> {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-bench-'));
  const port = await freePort();
  const bind = `tcp://127.0.0.1:${await freePort()}`;
  const relay = new Child<FromProxy>('./contenders/relay-proxy.js', {
    ...plan,
    port,
    bind,
    folder,
  } satisfies ProxyPlan);
  await relay.next('ready');
  // No cores are reserved: the peers are not measured here.
  enterTurns(relay);
  return { name, port, relay, folder, hasPeers: plan.peers.length > 0 };
}

async function close({ relay, folder }: Way): Promise<void> {
  if (relay !== undefined) await leaveTurns(relay);
  if (folder !== undefined) rmSync(folder, { recursive: true });
}

async function smallCalls(what: string, ways: readonly Way[]): Promise<Row> {
  const body = JSON.stringify({ jsonrpc: '1.0', id: 1, method: what, params: [] });
  const callers = ways.map(({ port, relay }) => ({ caller: new Caller(port), relay, times: [] as number[] }));
  for (let done = -WARM_UP_CALLS; done < SMALL_CALLS; done += CALLS_A_TURN) {
    for (const { caller, relay, times } of rotated(callers, Math.abs(done / CALLS_A_TURN))) {
      await takeTurn(relay);
      for (let call = 0; call < CALLS_A_TURN; call += 1) {
        const { ms } = await caller.call(body);
        if (done >= 0) times.push(ms);
      }
    }
  }
  for (const { caller } of callers) caller.close();
  return { what, times: callers.map(({ times }) => summarise(times)) };
}

function submission(raw: Buffer): Buffer {
  return Buffer.from(`{"jsonrpc":"1.0","id":1,"method":"submitblock","params":["${raw.toString('hex')}"]}`, 'latin1');
}

function assertAccepted(text: string): void {
  if (JSON.parse(text).result !== null) throw new Error(`the block was not accepted: ${text}`);
}

function sizeOf(size: number): string {
  return size >= 1_000_000 ? `${size / 1_000_000} MB` : `${size / 1_000} KB`;
}

/** Each block takes all paths: the server accepts it each time. */
async function runBare(): Promise<Part> {
  const rows: Row[] = [];
  const names: string[] = [];
  for (const size of SIZES) {
    const source = new BlockSource(size);
    const rpc = new Child<FromRpc>('./dashd-rpc.js', { tip: source.tip });
    const own = new Child<FromSinks, ToSinks>('./sinks.js', { readers: 1, stalled: 0 });
    const sinks = new Child<FromSinks, ToSinks>('./sinks.js', { readers: PEERS, stalled: 0 });
    const [{ port }, { ports: dashd }, { ports: peers }] = [
      await rpc.next('listening'),
      await own.next('listening'),
      await sinks.next('listening'),
    ];
    const plan = {
      rpcUrl: `http://127.0.0.1:${port}`,
      user: USER,
      password: PASSWORD,
      dashdPort: dashd[0] ?? 0,
      zmqUrl: '',
    };
    const ways = [
      { name: 'direct', port },
      await open('proxy, no peers', { ...plan, peers: [] }),
      await open(`proxy, ${PEERS} peers`, { ...plan, peers }),
    ];
    if (rows.length === 0) {
      names.push(...ways.map(({ name }) => name));
      rows.push(await smallCalls('getbestblockhash', ways));
    }
    rows.push(...(await bareBlocks(size, ways, source, { rpc, sinks })));
    for (const way of ways) await close(way);
    await Promise.all([rpc.stop(), own.stop(), sinks.stop()]);
  }
  return { title: 'Before a server that takes every block at once', ways: names, rows };
}

/** The receivers of a server that does nothing with a block. */
interface Ends {
  readonly rpc: Child<FromRpc>;
  readonly sinks: Child<FromSinks, ToSinks>;
}

async function bareBlocks(size: number, ways: readonly Way[], source: BlockSource, ends: Ends): Promise<Row[]> {
  const callers = ways.map((way) => ({
    way,
    caller: new Caller(way.port),
    arrived: [] as number[],
    answered: [] as number[],
  }));
  for (let block = -WARM_UP_BLOCKS; block < BLOCKS.bare; block += 1) {
    const raw = source.next();
    for (const { way, caller, arrived, answered } of rotated(callers, Math.abs(block))) {
      const times = await submitBare(raw, way, caller, ends);
      if (block < 0) continue;
      arrived.push(times.arrivedMs);
      answered.push(times.answeredMs);
    }
  }
  for (const { caller } of callers) caller.close();
  const of = (times: 'arrived' | 'answered') => callers.map((caller) => summarise(caller[times]));
  return [
    { what: `submitblock, ${sizeOf(size)}, to the request's last byte at dashd`, times: of('arrived') },
    { what: `submitblock, ${sizeOf(size)}, to the answer`, times: of('answered') },
  ];
}

/** Resolves when the processes are idle again. */
async function submitBare(raw: Buffer, way: Way, caller: Caller, { rpc, sinks }: Ends) {
  const header = raw.subarray(0, HEADER_SIZE);
  if (way.hasPeers) {
    sinks.say({ type: 'expect', header });
    await sinks.next('armed');
  }
  await takeTurn(way.relay);
  const { text, from, ms } = await caller.call(submission(raw));
  assertAccepted(text);
  const { at } = await rpc.next('submitted');
  if (way.hasPeers) await sinks.next('delivered');
  await way.relay?.next(`judged ${hashHeader(header)}`);
  await pause(SETTLE_MS);
  return { arrivedMs: Number(at - from) / 1e6, answeredMs: ms };
}

/** Blocks take the paths in turn. The relay learns of those sent to dashd directly from dashd's ZeroMQ notifications. */
async function runDashd(): Promise<Part> {
  const dashd = await startDashd({ user: USER, password: PASSWORD, arguments: ['-debug=0'] });
  const sinks = new Child<FromSinks, ToSinks>('./sinks.js', { readers: PEERS, stalled: 0 });
  try {
    const chain = new Chain({ clock: systemClock });
    for (let height = 1; height <= MATURITY; height += 1) {
      await dashd.rpc('submitblock', mine(chain).toString('hex'));
    }
    const { ports: peers } = await sinks.next('listening');
    const { rpcUrl, zmqUrl, port: dashdPort } = dashd;
    const plan = { rpcUrl, user: USER, password: PASSWORD, dashdPort, zmqUrl, peers };
    const proxy = await open(`proxy, ${PEERS} peers`, plan);
    const ways: readonly Way[] = [{ name: 'direct', port: Number(new URL(rpcUrl).port) }, proxy];
    const rows = [await smallCalls('getblockcount', ways)];
    for (const size of SIZES) rows.push(await dashdBlocks(size, ways, proxy, chain, sinks));
    await close(proxy);
    return { title: 'Before a real dashd', ways: ways.map(({ name }) => name), rows };
  } finally {
    await sinks.stop();
    await dashd.remove();
  }
}

async function dashdBlocks(
  size: number,
  ways: readonly Way[],
  proxy: Way,
  chain: Chain,
  sinks: Child<FromSinks, ToSinks>,
): Promise<Row> {
  const callers = ways.map(({ port, relay }) => ({ caller: new Caller(port), relay, times: [] as number[] }));
  for (let turn = -1; turn < BLOCKS.dashd; turn += 1) {
    for (const { caller, relay, times } of rotated(callers, Math.abs(turn))) {
      const raw = mine(chain, size);
      const header = raw.subarray(0, HEADER_SIZE);
      sinks.say({ type: 'expect', header });
      await sinks.next('armed');
      await takeTurn(relay);
      const { text, ms } = await caller.call(submission(raw));
      assertAccepted(text);
      await takeTurn(proxy.relay);
      await sinks.next('delivered');
      await proxy.relay?.next(`judged ${hashHeader(header)}`);
      await pause(SETTLE_MS);
      if (turn >= 0) times.push(ms);
    }
  }
  for (const { caller } of callers) caller.close();
  return { what: `submitblock, ${sizeOf(size)}, to the answer`, times: callers.map(({ times }) => summarise(times)) };
}

/** The next block of the chain; with a size, filled with transactions that spend a mature coinbase. */
function mine(chain: Chain, size?: number): Buffer {
  const template = chain.template();
  const old = size === undefined ? undefined : chain.at(template.height - MATURITY)?.raw;
  const scan = old === undefined ? undefined : scanTransactions(old);
  const [coinbase] = scan?.ok === true ? scan.txids : [];
  const funding = coinbase && { txid: hashFromWire(coinbase), index: 0, value: REWARD };
  const raw = mineBlock(template, { reward: REWARD, ...(size !== undefined && { size }), ...(funding && { funding }) });
  const outcome = chain.accept(raw, true);
  if (!outcome.accepted) throw new Error(outcome.fault.reason);
  return raw;
}

/** Takes some minutes. Without a dashd, its part is skipped. */
export async function runProxy(): Promise<Part[]> {
  await loadX11();
  const bare = await runBare();
  return findDashd() === undefined ? [bare] : [bare, await runDashd()];
}

/** The results as Markdown: p50 / p99 in milliseconds, and the ratio of the last path to the first. */
export function reportProxy(parts: readonly Part[]): string {
  return parts.map(table).join('\n\n');
}

function table({ title, ways, rows }: Part): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const others = ways.slice(1);
  const head = [`${title}, p50 / p99 in ms`, 'calls', ...ways, ...others.map((way) => `${way} ÷ direct`)];
  return [
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(({ what, times }) => {
      const [direct, ...rest] = times;
      if (direct === undefined) throw new RangeError('no times');
      return line([
        what,
        String(direct.count),
        ...times.map(({ p50, p99 }) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`),
        ...rest.map(({ p50, p99 }) => `${(p50 / direct.p50).toFixed(2)} / ${(p99 / direct.p99).toFixed(2)}`),
      ]);
    }),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(reportProxy(await runProxy()));
