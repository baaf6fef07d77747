/** Serves the dashboard and an invented relay's data, as the relay's own HTTP server does, and lets a test break the connection. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { RelayEvent } from '../../src/contracts/events.js';
import type { PeerView } from '../../src/contracts/view.js';
import { freePort } from '../../src/simulated/free-port.js';
import { type RelayData, replyOf, summaryOf } from './fixture.js';
import { anatomyOf } from './insight.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  // As strict as can be: whatever the page does must do under it.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

const PAGE_LIMIT = 100;

export class FixtureServer {
  /** While true, every question is answered with 401. */
  isLocked = false;
  /** Requests for the list of blocks so far. */
  listings = 0;
  private readonly listeners = new Set<ServerResponse>();
  private id = 0;

  private constructor(
    private readonly server: Server,
    private readonly assets: string,
    public data: RelayData,
  ) {}

  /** @param assets folder of the built page @param port a free one by default */
  static async start(assets: string, data: RelayData, port?: number): Promise<FixtureServer> {
    const at = port ?? (await freePort());
    const server = createServer((request, reply) => void fixture.answer(request, reply));
    const fixture = new FixtureServer(server, assets, data);
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
    return fixture;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Pages that listen to events. */
  get audience(): number {
    return this.listeners.size;
  }

  emit(...events: readonly RelayEvent[]): void {
    for (const event of events) {
      this.id += 1;
      for (const listener of this.listeners) listener.write(`id: ${this.id}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  }

  reset(): void {
    for (const listener of this.listeners) listener.write('event: reset\ndata: {}\n\n');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/api/')) this.answerApi(pathname.slice('/api/v1/'.length), searchParams, reply);
    else await this.answerFile(pathname, reply);
  }

  private answerApi(path: string, query: URLSearchParams, reply: ServerResponse): void {
    const { status } = this.data;
    const [what, hash, part] = path.split('/');
    if (this.isLocked) json(reply, 401, { error: 'who are you?' });
    else if (what === 'events') this.listen(reply);
    else if (what === 'status') json(reply, 200, { ...status, now: Date.now() });
    else if (what === 'peers') this.answerPeers(hash, query, reply);
    else if (what === 'cluster') this.answerCluster(part, reply);
    else if (hash === undefined) this.answerList(query, reply);
    else this.answerBlock(hash, part, reply);
  }

  private answerPeers(name: string | undefined, query: URLSearchParams, reply: ServerResponse): void {
    const { peers } = this.data;
    if (name === undefined) {
      const isShort = query.get('terms') === 'false';
      const short = (peer: PeerView) => ({ ...peer, score: { total: peer.score.total, terms: [] } });
      json(reply, 200, { peers: isShort ? peers.map(short) : peers });
      return;
    }
    const found = peers.find(({ peer }) => peer === decodeURIComponent(name));
    if (found === undefined) json(reply, 404, { error: 'unknown peer' });
    else json(reply, 200, found);
  }

  private answerBlock(hash: string, part: string | undefined, reply: ServerResponse): void {
    const block = this.data.blocks.find((known) => known.hash === hash);
    if (block === undefined) json(reply, 404, { error: 'no-such-block' });
    else if (part === 'anatomy') json(reply, 200, anatomyOf(block, this.data.coinbaseText));
    else json(reply, 200, replyOf(block));
  }

  private answerCluster(hash: string | undefined, reply: ServerResponse): void {
    const { cluster } = this.data;
    const race = hash === undefined ? undefined : cluster?.race(hash);
    if (cluster !== undefined && hash === undefined) json(reply, 200, cluster.reply);
    else if (race !== undefined) json(reply, 200, { hash, race });
    else json(reply, 404, { error: 'no-such-block' });
  }

  private answerList(query: URLSearchParams, reply: ServerResponse): void {
    const { blocks } = this.data;
    this.listings += 1;
    const limit = Math.min(Number(query.get('limit') ?? 50), PAGE_LIMIT);
    const start = blocks.findIndex((block) => block.hash === query.get('after')) + 1;
    const page = blocks.slice(start, start + limit);
    const isLast = start + limit >= blocks.length;
    json(reply, 200, { blocks: page.map(summaryOf), ...(!isLast && { next: page.at(-1)?.hash }) });
  }

  private listen(reply: ServerResponse): void {
    reply.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    reply.write(': here we are\n\n');
    this.listeners.add(reply);
    reply.on('close', () => this.listeners.delete(reply));
  }

  private async answerFile(pathname: string, reply: ServerResponse): Promise<void> {
    const name = pathname === '/' ? 'index.html' : pathname.replace(/^\/assets\//, '');
    try {
      const body = await readFile(join(this.assets, name));
      reply.writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(name)] ?? 'text/plain' }).end(body);
    } catch {
      reply.writeHead(404, HEADERS).end();
    }
  }
}

function json(reply: ServerResponse, status: number, body: object): void {
  reply.writeHead(status, { ...HEADERS, 'content-type': 'application/json' }).end(JSON.stringify(body));
}
