import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type {
  AnatomyReply,
  BlockReply,
  BlocksReply,
  ErrorReply,
  PeersReply,
  ReadyReply,
  StatusReply,
} from '../../../src/contracts/api.js';
import type { RelayEvent } from '../../../src/contracts/events.js';
import type { PeerView } from '../../../src/contracts/view.js';
import { AnatomySchema } from '../../../src/ops/http/anatomy-schema.js';
import {
  BlockSchema,
  BlocksSchema,
  BroadcasterStatusSchema,
  ErrorSchema,
  EventSchema,
  HealthSchema,
  PeerSchema,
  PeersSchema,
  ReadySchema,
  StatusSchema,
} from '../../../src/ops/http/schemas.js';
import {
  assertRefused,
  blockRecord,
  FakeView,
  HttpUnderTest,
  hashOf,
  NOW,
  peerView,
  proof,
  service,
  verdictOf,
} from './support.js';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      { readonly get: { readonly operationId: string; readonly responses: Readonly<Record<string, Response>> } }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Response {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}
type Schema = Readonly<Record<string, unknown>>;

/** A block's record with as little as there can be. */
const BARE = {
  hash: hashOf(9),
  size: 81,
  receivedAt: NOW,
  finality: { at: NOW, state: 'pending' as const },
};

/** With each field; the text is what a miner might write. */
const ANATOMY: Omit<AnatomyReply, 'hash'> = {
  size: 1_005,
  transactions: 3,
  inputs: 4,
  outputs: 5,
  sizes: { smallest: 200, median: 300, largest: 400 },
  coinbase: {
    text: '<script>alert(1)</script>',
    script: '6a',
    payees: [{ address: 'Xa', amount: 1, share: 'miner' }, {}],
    outputs: 2,
    amount: 1,
    payloadVersion: 4,
  },
  kinds: [{ type: 5, count: 1, bytes: 200, unreadable: 1 }],
  malformed: 'x',
  fees: { total: 1, lowestRate: 1, meanRate: 1.5, highestRate: 2 },
};

/** One of each kind, and with each field. */
const EVENTS: readonly RelayEvent[] = [
  {
    type: 'received',
    at: NOW,
    hash: hashOf(1),
    source: 'pool',
    size: 1,
    transactions: 1,
    height: 1,
    gateMs: 0.1,
    held: ['merkle-root'],
  },
  { type: 'refused', at: NOW, source: 'pool', hash: hashOf(1), size: 1, code: 'pow', reason: 'x', sha256: hashOf(2) },
  { type: 'repeated', at: NOW, hash: hashOf(1), source: 'dashd' },
  { type: 'stored', at: NOW, hash: hashOf(1) },
  { type: 'proof', at: NOW, hash: hashOf(1), ...proof(1, { reason: 'x', acceptedMs: 3 }) },
  { type: 'verdict', at: NOW, ...verdictOf(1, { reason: 'x' }) },
  {
    type: 'locks',
    at: NOW,
    hash: hashOf(1),
    height: 1,
    transactions: 3,
    locked: 1,
    delaying: 1,
    aged: 1,
    unchecked: 0,
    named: [{ txid: hashOf(3), seenAt: NOW - 5_000 }],
    clearAt: NOW + 595_000,
  },
  {
    type: 'locks-relayed',
    at: NOW,
    hash: hashOf(1),
    height: 1,
    kind: 'chainlock',
    locks: 1,
    sent: 2,
    had: 17,
    unproven: 1,
    afterMs: 840,
  },
  {
    type: 'lock-forecast',
    at: NOW,
    transactions: 0,
    locked: 0,
    delaying: 0,
    aged: 0,
    unchecked: 0,
    named: [],
    unknown: 'instantsend-off',
  },
  { type: 'finality', at: NOW, hash: hashOf(1), height: 1, state: 'orphaned', confirmations: 1, by: hashOf(2) },
  {
    type: 'peer-connected',
    at: NOW,
    peer: '192.0.2.9:9999',
    protected: false,
    userAgent: '/x/',
    height: 1,
    protocolVersion: 70_238,
  },
  {
    type: 'peer-lost',
    at: NOW,
    peer: '192.0.2.9:9999',
    protected: false,
    code: 'no-pong',
    reason: 'x',
    wasReady: true,
    bytesIn: 1,
    bytesOut: 2,
  },
  service('dashd-feed', 'fault'),
  { type: 'tip', at: NOW, hash: hashOf(1), source: 'feed' },
  {
    type: 'plan',
    at: NOW,
    connect: [{ peer: '192.0.2.9:9999', code: 'score', reason: 'x' }],
    disconnect: [],
    kept: 1,
    targets: 2,
    known: 3,
  },
  { type: 'gossip', at: NOW, peer: '192.0.2.9:9999', added: 1, known: 2, futureDated: 0, refused: { private: 1 } },
  {
    type: 'propagation',
    at: NOW,
    hash: hashOf(1),
    own: true,
    height: 1,
    witnesses: 2,
    seen: 1,
    firstMs: 1,
    medianMs: 1,
    lastMs: 1,
    sights: [
      { peer: '192.0.2.9:9999', state: 'counted', country: 'DE', way: 'cmpctblock', announcedMs: 2, seenMs: 1 },
      { peer: '198.51.100.9:9999', state: 'unseen' },
    ],
  },
  { type: 'witness', at: NOW, peer: '192.0.2.9:9999', state: 'lost', code: 'silent', reason: 'x' },
];

describe('the API', () => {
  const view = new FakeView(undefined, [BARE, ...[5, 4, 3, 2, 1].map((n) => blockRecord(n))]);
  let http: HttpUnderTest;
  before(async () => {
    http = await HttpUnderTest.start({ view });
  });
  after(() => http.close());

  const ask = async <T>(path: string, schema: z.ZodType): Promise<T> => {
    const answer = await http.ask(path);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const reply = answer.json();
    schema.parse(reply);
    return reply as T;
  };

  test('reports the current state', async () => {
    const reply = await ask<StatusReply>('/api/v1/status', StatusSchema);
    assert.deepEqual(reply.peers, { connected: 3, min: 2, max: 20, known: 1_234, dashd: true });
    assert.deepEqual(
      { version: reply.version, network: reply.network, now: reply.now, ready: reply.ready },
      { version: '0.0.0-test', network: 'main', now: NOW, ready: true },
    );
    assert.deepEqual(reply.tip, { hash: hashOf(7), height: 7 });
    assert.deepEqual(reply.lastBlock, BARE);
    assert.deepEqual(
      reply.services.map(({ service: name }) => name),
      ['pool-socket', 'dashd-rpc'],
    );
  });

  test('reports the new state as soon as an event arrived', async () => {
    await ask('/api/v1/status', StatusSchema);
    http.emit(service('dashd-rpc', 'down'));
    const reply = await ask<StatusReply>('/api/v1/status', StatusSchema);
    assert.deepEqual(
      reply.services.map(({ state }) => state),
      ['up', 'down'],
    );
    assert.equal(reply.degraded.length, 1);
    http.emit(service('dashd-rpc', 'up'));
  });

  test('does its work once for many who ask at once', async () => {
    http.emit(service('peers', 'up'));
    const asked = view.asked;
    await Promise.all(Array.from({ length: 20 }, () => ask('/api/v1/peers', PeersSchema)));
    assert.equal(view.asked, asked + 1);
  });

  test('reports the peers', async () => {
    const reply = await ask<PeersReply>('/api/v1/peers', PeersSchema);
    assert.deepEqual(reply.peers, view.peers());
  });

  test('reports the peers without the terms of their scores, which are half of a long list', async () => {
    const { peers } = await ask<PeersReply>('/api/v1/peers?terms=false', PeersSchema);
    assert.deepEqual(
      peers,
      view.peers().map((one) => ({ ...one, score: { total: one.score.total, terms: [] } })),
    );
    assert.equal((await http.ask('/api/v1/peers?terms=no')).status, 400);
  });

  test('reports one peer, with its terms', async () => {
    const [known] = view.peers().slice(1);
    const reply = await ask<PeerView>(`/api/v1/peers/${encodeURIComponent(known?.peer ?? '')}`, PeerSchema);
    assert.deepEqual(reply, known);
    const unknown = await http.ask('/api/v1/peers/192.0.2.77%3A9999');
    assert.equal(unknown.status, 404);
    assert.match(unknown.text, /unknown peer/);
  });

  test('pages through the blocks, without their races', async () => {
    const first = await ask<BlocksReply>('/api/v1/blocks?limit=2', BlocksSchema);
    const second = await ask<BlocksReply>(`/api/v1/blocks?limit=2&after=${first.next}`, BlocksSchema);
    const third = await ask<BlocksReply>(`/api/v1/blocks?limit=2&after=${second.next}`, BlocksSchema);
    const heights = [first, second, third].map(({ blocks }) => blocks.map(({ height }) => height));
    assert.deepEqual(heights, [
      [undefined, 5],
      [4, 3],
      [2, 1],
    ]);
    assert.equal(third.next, undefined);
    const whole = await ask<BlocksReply>('/api/v1/blocks', BlocksSchema);
    assert.equal(whole.blocks.length, 6);
    assert.equal(whole.next, undefined);
  });

  test("reports one block with its race: the history's, or what is known beyond it", async () => {
    const old = await ask<BlockReply>(`/api/v1/blocks/${hashOf(3)}`, BlockSchema);
    assert.deepEqual(old.race, verdictOf(3).peers);
    assert.deepEqual(old.verdict?.peersReached, 2);
    http.emit({ type: 'proof', at: NOW, hash: BARE.hash, ...proof(4) });
    const live = await ask<BlockReply>(`/api/v1/blocks/${BARE.hash}`, BlockSchema);
    assert.deepEqual(live, { ...BARE, race: [proof(4)] });
  });

  test('reads hashes in capitals', async () => {
    const hash = 'ab'.repeat(32);
    view.blocks = [blockRecord(10, { hash }), ...view.blocks];
    const reply = await ask<BlockReply>(`/api/v1/blocks/${hash.toUpperCase()}`, BlockSchema);
    assert.equal(reply.hash, hash);
    view.blocks = view.blocks.slice(1);
  });

  test('tells what a block is made of, and why it cannot', async () => {
    const path = `/api/v1/blocks/${hashOf(5)}/anatomy`;
    assertRefused(await http.ask(path), 404);
    view.anatomy = async (hash) => ({ ok: true, anatomy: { ...ANATOMY, hash } });
    const reply = await ask<AnatomyReply>(path, AnatomySchema);
    assert.deepEqual(reply, { ...ANATOMY, hash: hashOf(5) });
    for (const [code, status] of [
      ['unknown-block', 404],
      ['no-bytes', 404],
      ['busy', 503],
      ['unreadable', 503],
    ] as const) {
      view.anatomy = async () => ({ ok: false, code, reason: 'why' });
      const answer = await http.ask(path);
      assertRefused(answer, status);
      assert.match((answer.json() as ErrorReply).error, /block/);
    }
    assertRefused(await http.ask('/api/v1/blocks/xyz/anatomy'), 400);
  });

  const wrong: [path: string, status: number, reported: RegExp][] = [
    ['/api/v1/blocks?limit=0', 400, /^limit: give a whole number from 1 to 200/],
    ['/api/v1/blocks?limit=201', 400, /^limit/],
    ['/api/v1/blocks?limit=1e1', 400, /^limit/],
    ['/api/v1/blocks?limit=', 400, /^limit/],
    ['/api/v1/blocks?limit=-1', 400, /^limit/],
    ['/api/v1/blocks?limit=2&limit=3', 400, /^limit: give one/],
    ['/api/v1/blocks?after=xyz', 400, /^after: give 64 hexadecimal digits/],
    [`/api/v1/blocks?after=${hashOf(99)}`, 400, /^after: unknown block/],
    ['/api/v1/blocks?limt=5', 400, /^limt: unknown parameter/],
    ['/api/v1/blocks?__proto__=5', 400, /^__proto__: unknown parameter/],
    ['/api/v1/blocks/xyz', 400, /^hash: give 64/],
    [`/api/v1/blocks/${hashOf(99)}`, 404, /unknown block/],
    ['/api/v1/nothing', 404, /not found/],
  ];
  for (const [path, status, reported] of wrong) {
    test(`answers ${status} to ${path}`, async () => {
      const answer = await http.ask(path);
      assertRefused(answer, status);
      ErrorSchema.parse(answer.json());
      assert.match((answer.json() as { error: string }).error, reported);
    });
  }

  test('is alive and ready, or says why not', async () => {
    const health = await ask('/healthz', HealthSchema);
    assert.deepEqual(health, { status: 'ok', version: '0.0.0-test', startedAt: view.startedAt });
    assert.deepEqual(await ask('/readyz', ReadySchema), { ready: true, notReady: [], degraded: [] });
    http.emit(service('pool-socket', 'down'));
    const answer = await http.ask('/readyz');
    assert.equal(answer.status, 503);
    const reply = ReadySchema.parse(answer.json()) as ReadyReply;
    assert.match(reply.notReady?.join() ?? '', /pool socket is not open/);
    http.emit(service('pool-socket', 'up'));
  });

  test('hands on the metrics', async () => {
    const { status, headers, text } = await http.ask('/metrics');
    assert.deepEqual([status, text], [200, 'up 1\n']);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  });

  test("speaks to p2pool-dash's page", async () => {
    const reply = await ask<z.infer<typeof BroadcasterStatusSchema>>('/broadcaster_status', BroadcasterStatusSchema);
    assert.equal(reply.health.local_dashd_connected, true);
  });

  test('answers HEAD as GET, without a body', async () => {
    for (const path of ['/api/v1/status', '/healthz', '/metrics', '/', '/api/v1/events']) {
      const head = await http.ask(path, { method: 'HEAD' });
      assert.deepEqual([head.status, head.text], [200, ''], path);
    }
  });
});

describe('the OpenAPI document', () => {
  const view = new FakeView(undefined, [blockRecord(1), BARE]);
  let http: HttpUnderTest;
  let document: OpenApi;
  before(async () => {
    view.anatomy = async (hash) => ({ ok: true, anatomy: { ...ANATOMY, hash } });
    http = await HttpUnderTest.start({ view });
    document = (await http.ask('/api/v1/openapi.json')).json() as OpenApi;
  });
  after(() => http.close());

  /** As the document says it, not as our schemas do. */
  const validator = (schema: Schema): z.ZodType => {
    const { $ref } = schema;
    const $defs = document.components.schemas;
    const text = JSON.stringify({ ...(typeof $ref === 'string' ? { $ref } : schema), $defs });
    return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Schema & boolean);
  };

  test('is one, for OpenAPI 3.1', () => {
    assert.equal(document.openapi, '3.1.0');
    const ids = Object.values(document.paths).map(({ get }) => get.operationId);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('refers to nothing that is not there, and has nothing that nobody refers to', () => {
    const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(refs)].sort(), Object.keys(document.components.schemas).sort());
  });

  test('has each route that is served, and no other', async () => {
    const served = [];
    for (const path of Object.keys(document.paths)) {
      const real = path.replace('{hash}', hashOf(1)).replace('{peer}', '192.0.2.2%3A9999');
      const answer = await http.ask(real, { method: 'HEAD' });
      if (answer.status === 200) served.push(path);
    }
    assert.deepEqual(served, Object.keys(document.paths));
    assert.deepEqual(served.sort(), [
      '/api/v1/blocks',
      '/api/v1/blocks/{hash}',
      '/api/v1/blocks/{hash}/anatomy',
      '/api/v1/events',
      '/api/v1/openapi.json',
      '/api/v1/peers',
      '/api/v1/peers/{peer}',
      '/api/v1/status',
      '/broadcaster_status',
      '/healthz',
      '/metrics',
      '/readyz',
    ]);
  });

  const asked: [path: string, route: string, status: number][] = [
    ['/healthz', '/healthz', 200],
    ['/readyz', '/readyz', 200],
    ['/api/v1/status', '/api/v1/status', 200],
    ['/api/v1/peers', '/api/v1/peers', 200],
    ['/api/v1/blocks', '/api/v1/blocks', 200],
    ['/api/v1/blocks?limit=x', '/api/v1/blocks', 400],
    [`/api/v1/blocks/${hashOf(1)}`, '/api/v1/blocks/{hash}', 200],
    [`/api/v1/blocks/${BARE.hash}`, '/api/v1/blocks/{hash}', 200],
    [`/api/v1/blocks/${hashOf(99)}`, '/api/v1/blocks/{hash}', 404],
    [`/api/v1/blocks/${hashOf(1)}/anatomy`, '/api/v1/blocks/{hash}/anatomy', 200],
    ['/broadcaster_status', '/broadcaster_status', 200],
  ];
  for (const [path, route, status] of asked) {
    test(`describes what ${path} answers`, async () => {
      const answer = await http.ask(path);
      assert.equal(answer.status, status);
      const described = document.paths[route]?.get.responses[status]?.content['application/json']?.schema;
      assert.ok(described !== undefined, 'the answer is not described');
      const schema = validator(described);
      schema.parse(answer.json());
      for (const name of Object.keys(answer.json() as object)) {
        const changed = { ...(answer.json() as object), [name]: { never: 'this' } };
        assert.ok(!schema.safeParse(changed).success, `${name} may be anything`);
      }
    });
  }

  test('describes each event', () => {
    const described = document.paths['/api/v1/events']?.get.responses['200']?.content['text/event-stream']?.schema;
    assert.ok(described !== undefined);
    const schema = validator(described);
    for (const event of EVENTS) {
      EventSchema.parse(event);
      schema.parse(event);
      assert.ok(!schema.safeParse({ ...event, at: 'now' }).success, event.type);
    }
    assert.deepEqual(
      EVENTS.map(({ type }) => type).sort(),
      EventSchema.options.map(({ shape }) => shape.type.value).sort(),
    );
  });

  test('does not forbid fields that are added later', () => {
    const status = document.components.schemas['Status'];
    assert.ok(status !== undefined);
    assert.equal(status['additionalProperties'], undefined);
  });
});

test('peers that are only being connected to have their reply, too', async () => {
  const connecting = peerView(4, { state: 'connecting' });
  const { userAgent: _u, protocolVersion: _p, height: _h, country: _c, pingMs: _m, ...bare } = connecting;
  const http = await HttpUnderTest.start({ view: new FakeView([bare]) });
  PeersSchema.parse((await http.ask('/api/v1/peers')).json());
  await http.close();
});
