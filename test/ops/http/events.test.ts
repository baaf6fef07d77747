import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RelayEvent, TipEvent } from '../../../src/contracts/events.js';
import { EventStream } from '../../../src/ops/http/events.js';
import { LIMITS } from '../../../src/ops/http/limits.js';
import { assertRefused, eventually, HttpUnderTest, hashOf, NOW } from './support.js';

function tip(n: number): TipEvent {
  return { type: 'tip', at: NOW, hash: hashOf(n), source: 'feed' };
}

/** A tip whose making into text is noticed. */
function watched(n: number, made: number[]): RelayEvent {
  const toJSON = () => {
    made.push(n);
    return tip(n);
  };
  return Object.assign(tip(n), { toJSON });
}

async function withHttp(
  limits: Partial<typeof LIMITS.events>,
  use: (http: HttpUnderTest) => Promise<void>,
): Promise<void> {
  const http = await HttpUnderTest.start({ deps: { limits: { events: { ...LIMITS.events, ...limits } } } });
  // What was reported before the test begins is out before it begins.
  await eventually(() => true);
  await new Promise((resolve) => setImmediate(resolve));
  try {
    await use(http);
  } finally {
    await http.close();
  }
}

const ids = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);

describe('the event stream', () => {
  test('reports each event to all who listen, with an id, and that proxies must not hold it back', async () => {
    await withHttp({}, async (http) => {
      const clients = [await http.listen(), await http.listen()];
      for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
      assert.equal(http.clients, 2);
      http.emit(tip(1));
      http.emit(tip(2));
      for (const client of clients) {
        await client.until(({ events }) => events.length === 2);
        assert.deepEqual(client.events, [tip(1), tip(2)]);
        assert.equal(new Set(ids(client.text)).size, 3);
        const head = client.text.slice(0, client.text.indexOf('\r\n\r\n')).toLowerCase();
        assert.match(head, /^http\/1\.1 200/);
        assert.match(head, /content-type: text\/event-stream/);
        assert.match(head, /cache-control: no-store, no-transform/);
        assert.match(head, /x-accel-buffering: no/);
        assert.match(head, /content-security-policy: default-src 'none'/);
        client.socket.destroy();
      }
      await eventually(() => http.clients === 0);
    });
  });

  test('makes text of an event once, whoever listens, and not in the turn in which it is reported', async () => {
    await withHttp({}, async (http) => {
      const clients = [await http.listen(), await http.listen(), await http.listen()];
      for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
      const made: number[] = [];
      http.emit(watched(1, made));
      assert.deepEqual(made, []);
      for (const client of clients) await client.until(({ events }) => events.length === 1);
      const late = await http.listen({ 'Last-Event-ID': ids(clients[0]?.text ?? '')[0] ?? '' });
      await late.until(({ events }) => events.length === 1);
      assert.deepEqual(made, [1]);
      for (const client of [...clients, late]) client.socket.destroy();
    });
  });

  test('sends those who come back what they missed', async () => {
    await withHttp({}, async (http) => {
      const client = await http.listen();
      await client.until(({ text }) => text.includes('retry: '));
      for (const n of [1, 2, 3]) http.emit(tip(n));
      await client.until(({ events }) => events.length === 3);
      const [begin = '', first = '', , last = ''] = ids(client.text);
      client.socket.destroy();
      const wanted: [string, number[]][] = [
        [begin, [1, 2, 3]],
        [first, [2, 3]],
        [last, []],
      ];
      for (const [id, missed] of wanted) {
        const back = await http.listen({ 'Last-Event-ID': id });
        await back.until(({ text }) => ids(text).at(-1) === last);
        assert.deepEqual(
          back.events,
          missed.map((n) => tip(n)),
        );
        assert.doesNotMatch(back.text, /event: reset/);
        back.socket.destroy();
      }
    });
  });

  test('keeps at most 10,000 events waiting: beyond, all who listen are advised to ask for everything anew', async () => {
    await withHttp({}, async (http) => {
      const client = await http.listen();
      await client.until(({ text }) => text.includes('retry: '));
      const [begin = ''] = ids(client.text);
      const made: number[] = [];
      for (let n = 0; n <= 10_000; n += 1) http.emit(watched(n, made));
      await client.until(({ text }) => text.includes('event: reset') && text.includes(hashOf(10_000)));
      assert.deepEqual(made, [10_000]);
      const back = await http.listen({ 'Last-Event-ID': begin });
      await back.until(({ text }) => text.includes('event: reset'));
      for (const one of [client, back]) one.socket.destroy();
    });
  });

  test('advises those who missed too much to ask for everything anew', async () => {
    await withHttp({ keptEvents: 2 }, async (http) => {
      const client = await http.listen();
      await client.until(({ text }) => text.includes('retry: '));
      for (const n of [1, 2, 3]) http.emit(tip(n));
      await client.until(({ events }) => events.length === 3);
      const [begin = '', first = ''] = ids(client.text);
      const reset = await http.listen({ 'Last-Event-ID': begin });
      await reset.until(({ text }) => text.includes('event: reset\ndata: {}\n\n'));
      assert.equal(ids(reset.text).at(-1), ids(client.text).at(-1));
      const back = await http.listen({ 'Last-Event-ID': first });
      await back.until(({ events }) => events.length === 2);
      for (const { socket } of [client, reset, back]) socket.destroy();
    });
  });

  const malformed = [
    '',
    'x',
    ':',
    '-1',
    '1',
    'other:1',
    'NaN',
    `${'9'.repeat(400)}`,
    '%00',
    '0x1',
    '../..',
    '"><script>',
  ];
  for (const id of malformed) {
    test(`takes the Last-Event-ID ${JSON.stringify(id).slice(0, 20)} for one it does not know`, async () => {
      await withHttp({}, async (http) => {
        const client = await http.listen({ 'Last-Event-ID': id });
        await client.until(({ text }) => text.includes('event: reset'));
        http.emit(tip(1));
        await client.until(({ events }) => events.length === 2);
        client.socket.destroy();
      });
    });
  }

  test('keeps quiet connections alive', async () => {
    await withHttp({ heartbeatMs: 5 }, async (http) => {
      const client = await http.listen();
      await client.until(({ text }) => text.split(':\n\n').length > 3);
      client.socket.destroy();
    });
  });

  test('is for so many and no more, and there is room again when one leaves', async () => {
    await withHttp({ maxStreams: 2 }, async (http) => {
      const clients = [await http.listen(), await http.listen()];
      for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
      const refused = await http.ask('/api/v1/events');
      assert.equal(refused.status, 503);
      assert.equal(refused.headers['retry-after'], '10');
      clients[0]?.socket.destroy();
      await eventually(() => http.clients === 1);
      const next = await http.listen();
      await next.until(({ text }) => text.includes('retry: '));
      for (const { socket } of [...clients, next]) socket.destroy();
    });
  });

  test('one client cannot take all the places: it gets an error, and others still listen', async () => {
    const options = {
      config: { reverseProxies: ['127.0.0.1'] },
      deps: { limits: { events: { ...LIMITS.events, maxPerClient: 2 } } },
    };
    const http = await HttpUnderTest.start(options);
    const client = { 'X-Forwarded-For': '198.51.100.7' };
    const clients = [await http.listen(client), await http.listen(client)];
    for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
    const refused = await http.ask('/api/v1/events', { headers: client });
    assertRefused(refused, 429);
    assert.equal(refused.headers['retry-after'], '10');
    const other = await http.listen({ 'X-Forwarded-For': '198.51.100.8' });
    await other.until(({ text }) => text.includes('retry: '));
    clients[0]?.socket.destroy();
    await eventually(() => http.clients === 2);
    const next = await http.listen(client);
    await next.until(({ text }) => text.includes('retry: '));
    for (const { socket } of [...clients, other, next]) socket.destroy();
    await http.close();
  });

  test('cuts off who does not read, at a bounded backlog, and nobody else', async () => {
    await withHttp({ maxBacklog: 64 * 1024 }, async (http) => {
      const reader = await http.listen();
      const deaf = await http.listen();
      for (const client of [reader, deaf]) await client.until(({ text }) => text.includes('retry: '));
      deaf.socket.pause();
      const long: RelayEvent = { ...tip(1), hash: 'f'.repeat(30_000) };
      let reported = 0;
      // The kernels take some megabytes before anything stays with us.
      while (http.clients === 2) {
        http.emit(long);
        reported += 1;
        await reader.until(({ events }) => events.length > 0);
        reader.text = reader.text.slice(-100);
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(reported < 10_000, 'nobody is cut off');
      }
      http.emit(tip(2));
      await reader.until(({ text }) => text.includes(hashOf(2)));
      deaf.socket.resume();
      await deaf.closed;
      reader.socket.destroy();
    });
  });

  test('ends for all when the service closes, quickly', async () => {
    const http = await HttpUnderTest.start();
    const clients = [await http.listen(), await http.listen()];
    for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
    await http.close();
    for (const client of clients) await client.closed;
  });
});

/** As far as a stream of events needs one. */
class FakeResponse extends PassThrough {
  readonly got: string[] = [];

  constructor() {
    super();
    this.setEncoding('utf8');
    this.on('data', (chunk: string) => this.got.push(chunk));
  }

  writeHead(): this {
    return this;
  }
}

test('what is kept is bounded in number and size, and whoever returns misses nothing or gets an error', async () => {
  const limits = { ...LIMITS.events, keptEvents: 5, keptBytes: 600 };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }),
    fc.nat(40),
    async (sizes, seen) => {
      const stream = new EventStream({ run: 'r', limits });
      for (const [n, size] of sizes.entries()) stream.push({ ...tip(n), hash: 'x'.repeat(size) });
      await turn();
      const client = new FakeResponse();
      stream.open(client as unknown as ServerResponse, 'somebody', `r:${seen}`);
      await turn();
      stream.close();
      const text = client.got.join('');
      const numbers = [...text.matchAll(/^id: r:(\d+)\ndata: \{"type/gm)].map(([, number]) => Number(number));
      assert.ok(numbers.length <= limits.keptEvents);
      assert.ok(text.length <= limits.keptBytes + 100);
      const missed = Array.from({ length: Math.max(0, sizes.length - seen) }, (_, n) => seen + n + 1);
      const isReported = text.includes('event: reset');
      assert.equal(isReported, seen > sizes.length || numbers.length < missed.length);
      assert.deepEqual(numbers, isReported ? [] : missed);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});
