/** Mutated HTTP requests over real sockets: to the proxy and to the pages, which must answer a good one afterwards. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { post } from '../adapters/rpc-proxy-support.js';
import type { Crash, Tally } from './campaign.js';
import type { Order, Reply } from './http-servers.js';
import { cut, mutated } from './mutate.js';
import { Rng, seedOf } from './random.js';

interface Target {
  readonly kind: string;
  readonly port: number;
  readonly valid: readonly Buffer[];
}

const AT_ONCE = 20;
/** How long the client waits for an answer, milliseconds; a server may wait longer for the rest of a request. */
const PATIENCE_MS = 200;
/** The place of these kinds among those of the seeds. */
const FIRST_NUMBER = 1_000;

/** @param inputs for each of the two servers */
export async function fuzzSockets(inputs: number, seed: number): Promise<{ tallies: Tally[]; crashes: Crash[] }> {
  const servers = await Servers.start();
  const targets: readonly Target[] = [
    { kind: 'HTTP at the proxy', port: servers.ports.proxy, valid: proxyRequests() },
    { kind: 'HTTP at the pages', port: servers.ports.pages, valid: pageRequests() },
  ];
  const crashes: Crash[] = [];
  const tallies: Tally[] = [];
  for (const [number, target] of targets.entries()) {
    const seedAt = (index: number): number => seedOf(seed, FIRST_NUMBER + number, index);
    tallies.push(await flood(target, { servers, inputs, seedAt, crashes }));
  }
  await servers.stop();
  return { tallies, crashes };
}

interface Flooding {
  readonly servers: Servers;
  readonly inputs: number;
  readonly seedAt: (index: number) => number;
  readonly crashes: Crash[];
}

async function flood(target: Target, { servers, inputs, seedAt, crashes }: Flooding): Promise<Tally> {
  let at = 0;
  const before = crashes.length;
  const crashed = (error: Error) => crashes.push({ kind: target.kind, index: at, error: error.stack ?? error.message });
  servers.onCrash = crashed;
  await servers.measure();
  const from = performance.now();
  for (; at < inputs; at += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, inputs - at) }, (_, place) => seedAt(at + place));
    await Promise.all(group.map((seed) => visit(target, new Rng(seed))));
  }
  const seconds = (performance.now() - from) / 1_000;
  const longestMs = await servers.longestMs();
  const [good = Buffer.alloc(0)] = target.valid;
  const answer = await exchange(target.port, [good]);
  if (!answer.startsWith('HTTP/1.1 200')) crashed(new Error(`a good request is answered ${answer.slice(0, 60)}`));
  return { kind: target.kind, inputs, crashes: crashes.length - before, seconds, longestMs, longest: -1 };
}

/** The thread with both servers. A crash ends it, and is passed to `onCrash`; what waits for it then fails. */
class Servers {
  onCrash: (error: Error) => void = () => undefined;

  private constructor(
    private readonly worker: Worker,
    readonly ports: Extract<Reply, { type: 'ports' }>,
  ) {
    worker.on('error', (error) => this.onCrash(error));
  }

  static async start(): Promise<Servers> {
    const worker = new Worker(new URL('./http-servers.js', import.meta.url));
    const [ports] = (await once(worker, 'message')) as [Extract<Reply, { type: 'ports' }>];
    return new Servers(worker, ports);
  }

  async measure(): Promise<void> {
    await this.ask('measure');
  }

  /** The longest hold of the servers' event loop since {@link measure}, milliseconds. */
  async longestMs(): Promise<number> {
    const reply = await this.ask('longest');
    return reply.type === 'longest' ? reply.ms : Number.NaN;
  }

  async stop(): Promise<void> {
    await this.ask('stop');
  }

  /** @throws the error that ended the thread */
  private async ask(order: Order): Promise<Reply> {
    const answer = once(this.worker, 'message') as Promise<[Reply]>;
    this.worker.postMessage(order);
    const [reply] = await answer;
    return reply;
  }
}

async function visit({ port, valid }: Target, rng: Rng): Promise<void> {
  const bytes = mutated(rng.pick(valid), rng);
  // Many client addresses, since requests per client are limited. Linux has all of 127.0.0.0/8.
  const visitor = process.platform === 'linux' ? `127.0.${rng.int(250)}.${1 + rng.int(250)}` : '127.0.0.1';
  await exchange(port, [...cut(bytes, rng)], visitor);
}

/** @returns what came back, until the other side closed or patience was over */
async function exchange(port: number, chunks: readonly Buffer[], localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  const heard: Buffer[] = [];
  socket.on('data', (chunk) => heard.push(chunk));
  // A reset connection is as good as an answer.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
  // Not `once`, which fails with the connection.
  await new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  return Buffer.concat(heard).toString('latin1');
}

function proxyRequests(): Buffer[] {
  const calls = ['{"method":"getblockcount","params":[],"id":1}', '[{"method":"submitblock","params":["00"],"id":1}]'];
  return [
    ...calls.map((body) => Buffer.from(post(body, 'Connection: close\r\n'))),
    Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n3\r\n:1}\r\n0\r\n\r\n'),
    Buffer.from(`POST /wallet/a HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\nContent-Length: 2\r\n\r\n{}`),
  ];
}

function pageRequests(): Buffer[] {
  const get = (path: string, more = '') =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${more}\r\n`);
  return [
    get('/healthz'),
    get('/api/v1/status', 'Accept: application/json\r\nX-Forwarded-For: 1.2.3.4\r\n'),
    get('/metrics', 'Authorization: Basic YTpi\r\nAccept-Encoding: gzip, *;q=0\r\n'),
    get('/api/v1/blocks?limit=5&before=3', 'Range: bytes=0-1\r\nIf-None-Match: "a"\r\n'),
    get('/assets/../outside.txt', 'Cookie: a=b\r\n'),
  ];
}
