/** The HTTP service over a fake relay, and a client that sends exactly what a test gives it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import type { HttpConfig } from '../../../src/config/config.js';
import type { PeerProof, RelayEvent, ServiceEvent, Verdict } from '../../../src/contracts/events.js';
import type { BlockRecord, HistoryView, Kpis, PeerView, RelayView } from '../../../src/contracts/view.js';
import { createHttp, type HttpDeps, type HttpFault, type HttpService } from '../../../src/ops/http/http.js';
import { Status } from '../../../src/ops/status.js';
import { clockAt } from '../../support/clock.js';
import { countsOf } from '../../support/peer-counts.js';
import { DELIVERED } from '../../support/verdict.js';

export const NOW = Date.UTC(2026, 0, 15, 12);

/** The hash of the n-th block. */
export function hashOf(n: number): string {
  return n.toString(16).padStart(64, '0');
}

/** The n-th peer: connected for a minute, with a record of its own. */
export function peerView(n: number, changes: Partial<PeerView> = {}): PeerView {
  return {
    peer: `192.0.2.${n}:9999`,
    protected: false,
    state: 'connected',
    since: NOW - 60_000,
    userAgent: '/Dash Core:23.1.2/',
    protocolVersion: 70_238,
    height: 2_300_000,
    country: 'DE',
    pingMs: 12.5,
    sources: ['p2p_discovery'],
    lastSeen: NOW,
    score: { total: 100 + n, terms: [{ label: 'heard', value: 100 + n, why: 'known by hearsay' }] },
    blocks: {
      acknowledged: 3,
      accepted: 1,
      alreadyHad: 2,
      failed: { 'no-pong': 1 },
      failuresInARow: 0,
      proofMs: 40,
    },
    ...changes,
  };
}

export const DASHD = peerView(1, { peer: '127.0.0.1:9999', protected: true, sources: ['local_dashd'] });

export function proof(n: number, changes: Partial<PeerProof> = {}): PeerProof {
  return {
    peer: `192.0.2.${n}:9999`,
    protected: false,
    status: 'acknowledged',
    writtenMs: 1,
    acknowledgedMs: 10 + n,
    ...changes,
  };
}

export function verdictOf(n: number, changes: Partial<Verdict> = {}): Verdict {
  return {
    ...DELIVERED,
    hash: hashOf(n),
    size: 1_000 + n,
    height: n,
    rpc: { outcome: 'accepted', ms: 20 },
    peersReached: 2,
    peersTried: 3,
    alreadyHad: 1,
    failed: 1,
    firstMs: 11,
    medianMs: 12,
    lastMs: 13,
    peers: [proof(1), proof(2, { status: 'already-had' }), proof(3, { status: 'failed', reason: 'no-pong' })],
    ...changes,
  };
}

export function blockRecord(n: number, changes: Partial<BlockRecord> = {}): BlockRecord {
  return {
    hash: hashOf(n),
    height: n,
    size: 1_000 + n,
    transactions: 3,
    receivedAt: NOW - 1_000_000 + n,
    gateMs: 0.4,
    verdict: verdictOf(n),
    finality: { at: NOW, state: 'chainlocked', confirmations: 4 },
    ...changes,
  };
}

const KPIS: Kpis = {
  blocks: 2,
  successRate: 1,
  averageBroadcastMs: 12,
  peerAvailability: 0.75,
  orphanRate: 0,
  propagationMs: 30,
  finality: { pending: 0, chainlocked: 2, buried: 0, orphaned: 0 },
};

/** Everything can be changed while it is in use. */
export class FakeView implements RelayView {
  readonly network = 'main';
  readonly startedAt = NOW - 3_600_000;
  wanted = { min: 2, max: 20 };
  /** How often the peers were asked for. */
  asked = 0;

  constructor(
    public list: readonly PeerView[] = [DASHD, peerView(2), peerView(3)],
    /** Newest first. */
    public blocks: readonly BlockRecord[] = [],
  ) {}

  tip() {
    return { hash: hashOf(7), height: 7 };
  }

  peers() {
    this.asked += 1;
    return this.list;
  }

  peer(name: string) {
    return this.list.find(({ peer }) => peer === name);
  }

  counts() {
    this.asked += 1;
    return countsOf(this.list);
  }

  known() {
    return 1_234;
  }

  readonly history: HistoryView = fakeHistory(() => this.blocks);

  anatomy?: NonNullable<RelayView['anatomy']>;
}

function fakeHistory(blocks: () => readonly BlockRecord[]): HistoryView {
  return {
    get size() {
      return blocks().length;
    },
    latest(limit, after) {
      const from = after === undefined ? 0 : blocks().findIndex(({ hash }) => hash === after) + 1;
      return blocks().slice(from, from + limit);
    },
    get: (hash) => blocks().find((block) => block.hash === hash),
    kpis: () => KPIS,
  };
}

export function service(
  name: ServiceEvent['service'],
  state: ServiceEvent['state'],
  changes: Partial<ServiceEvent> = {},
): ServiceEvent {
  return { type: 'service', at: NOW, service: name, state, code: state, detail: `${name} is ${state}`, ...changes };
}

/** The services of a relay that works. */
export const WORKING: readonly RelayEvent[] = [service('pool-socket', 'up'), service('dashd-rpc', 'up')];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
}

export interface AskOptions extends RequestOptions {
  readonly body?: string;
}

const LOCAL: HttpConfig = {
  enabled: true,
  host: '127.0.0.1',
  port: 0,
  user: 'blockcast',
  allowInsecureBind: false,
  reverseProxies: [],
};
const PAGE: Readonly<Record<string, string>> = {
  'index.html': '<!doctype html><title>blockcast</title>',
  'app.js': 'void 0;',
  'map-1A2B3C4D.js': 'void 1;',
};

export class HttpUnderTest {
  readonly faults: HttpFault[] = [];
  clients = 0;

  private constructor(
    readonly http: HttpService,
    readonly view: FakeView,
    readonly status: Status,
    private readonly events$: Subject<RelayEvent>,
    private readonly folder: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(
    options: {
      readonly config?: Partial<HttpConfig>;
      readonly view?: FakeView;
      readonly deps?: Partial<HttpDeps>;
    } = {},
  ): Promise<HttpUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-http-'));
    const assets = join(folder, 'assets');
    mkdirSync(assets);
    for (const [name, text] of Object.entries(PAGE)) writeFileSync(join(assets, name), text);
    writeFileSync(join(folder, 'outside.txt'), 'not to be seen');
    const clock = clockAt(NOW);
    const status = new Status({ clock });
    const view = options.view ?? new FakeView();
    const events$ = new Subject<RelayEvent>();
    const under: { test?: HttpUnderTest } = {};
    const http = await createHttp(
      { ...LOCAL, ...options.config },
      {
        version: '0.0.0-test',
        view,
        status,
        events$,
        metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }),
        assets,
        clock,
        onFault: (fault) => under.test?.faults.push(fault),
        onClients: (count) => {
          if (under.test !== undefined) under.test.clients = count;
        },
        ...options.deps,
      },
    );
    if (!http.ok) throw new Error(http.detail);
    const test = new HttpUnderTest(http, view, status, events$, folder, () => http.close());
    under.test = test;
    for (const event of WORKING) test.emit(event);
    return test;
  }

  get port(): number {
    return Number(new URL(this.http.url).port);
  }

  /** As the relay does: whoever holds the status first, then whoever listens. */
  emit(event: RelayEvent): void {
    this.status.listen(event);
    this.events$.next(event);
  }

  /** On a connection of its own. @param path sent as it is */
  ask(path: string, { body, ...options }: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ host: '127.0.0.1', port: this.port, path, agent: false, ...options }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text, json: () => JSON.parse(text) as unknown });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** A connected socket that has sent nothing. */
  async socket(from: { readonly localAddress?: string } = {}): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port: this.port, ...from });
    const client = new RawClient(socket);
    await client.connected;
    return client;
  }

  async listen(headers: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = await this.socket();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    client.socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
    return client;
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What came over a socket, as text. */
export class RawClient {
  text = '';
  isClosed = false;
  readonly connected: Promise<void>;
  private readonly waiting = new Set<() => void>();

  constructor(readonly socket: Socket) {
    this.connected = new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.text += chunk;
      this.look();
    });
    // A reset ends the connection too, and 'close' follows.
    socket.on('error', () => this.look());
    socket.on('close', () => {
      this.isClosed = true;
      this.look();
    });
  }

  /** Resolves once it holds. @throws Error with what was heard when the connection is closed before */
  until(holds: (client: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const isTrue = holds(this);
        if (!isTrue && !this.isClosed) return;
        this.waiting.delete(look);
        if (isTrue) resolve();
        else reject(new Error(`the connection was closed: ${this.text}`));
      };
      this.waiting.add(look);
      look();
    });
  }

  get closed(): Promise<void> {
    return this.until(({ isClosed }) => isClosed);
  }

  /** The JSON of the events that came. */
  get events(): unknown[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as unknown);
  }

  private look(): void {
    for (const look of [...this.waiting]) look();
  }
}

/** Resolves once it holds, looking again in each turn of the event loop. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

export function assertRefused(answer: Answer, status: number): void {
  assert.equal(answer.status, status);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  const body = answer.json() as Record<string, unknown>;
  assert.equal(typeof body['error'], 'string');
  assert.deepEqual(
    Object.keys(body).filter((name) => name !== 'error' && name !== 'remedy'),
    [],
  );
}

export function basic(user: string, password: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
