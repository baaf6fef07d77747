/** What strangers send, over real sockets. Whatever it is: a clear answer or none, bounded memory, and the next client is served. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { LIMITS } from '../../../src/ops/http/limits.js';
import { assertRefused, eventually, HttpUnderTest, hashOf, type RawClient } from './support.js';

const PLENTY = { requests: { max: 100_000, windowMs: 60_000 } };

function statusOf({ text }: RawClient): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}

function bodyOf({ text }: RawClient): unknown {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
}

describe('hostile requests', () => {
  let http: HttpUnderTest;
  before(async () => {
    http = await HttpUnderTest.start({ deps: { limits: PLENTY } });
  });
  after(() => http.close());
  afterEach(async () => {
    assert.equal((await http.ask('/api/v1/status')).status, 200, 'the next client is served');
    assert.deepEqual(http.faults, [], 'nothing of it was our mistake');
  });

  const say = async (text: string): Promise<RawClient> => {
    const client = await http.socket();
    client.socket.write(text);
    await client.closed;
    return client;
  };

  const paths = [
    '/..%2foutside.txt',
    '/assets/..%2foutside.txt',
    '/assets/..%2f..%2foutside.txt',
    '/assets/../outside.txt',
    '/assets/../../../../../../etc/passwd',
    '/assets/%2e%2e/outside.txt',
    '/assets/%2e%2e%2foutside.txt',
    '/assets/..%5coutside.txt',
    '/assets/..%252foutside.txt',
    '/assets//etc/passwd',
    '/assets/app.js/',
    '/assets/app.js%00.html',
    '/assets/%00',
    '/assets/index.html',
    '/assets/',
    '/assets',
    '/%00',
    '//',
    '//attacker.example/',
    '/api//v1/status',
    '/api/v1/status/',
    '/API/v1/status',
    '/api/v1/status%2f',
    '/api/v1/blocks/',
    `/api/v1/blocks/${hashOf(1)}/race`,
    '/api/v1/blocks/__proto__',
    '/api/v1/blocks/constructor',
    `/api/v1/blocks/${'f'.repeat(1_000)}`,
    '/%',
    '/%zz',
    '/api/v1/blocks/%ff',
    '/api/v1/status;a=b',
    '/.env',
    '/.git/config',
    '/dashboard.php',
  ];
  for (const path of paths) {
    test(`finds nothing at ${path.slice(0, 50)}`, async () => {
      const client = await say(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.ok([400, 404, 414].includes(statusOf(client)), client.text);
      assert.deepEqual(
        Object.keys(bodyOf(client) as object).filter((name) => name !== 'error' && name !== 'remedy'),
        [],
      );
      assert.doesNotMatch(client.text, /not to be seen|root:/);
      assert.match(client.text, /x-content-type-options: nosniff/i);
    });
  }

  test('an address in full is read as its path', async () => {
    const client = await say('GET http://localhost/outside HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(client), 404);
  });

  const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'LOCK'];
  for (const method of methods) {
    test(`answers ${method} with what is allowed`, async () => {
      for (const path of ['/api/v1/status', '/', '/healthz', '/nothing', '/api/v1/events', '/assets/app.js']) {
        const answer = await http.ask(path, { method });
        assertRefused(answer, 405);
        assert.equal(answer.headers.allow, 'GET, HEAD', path);
      }
    });
  }

  const malformed: [name: string, text: string, status: number][] = [
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['an unknown method', 'STEAL / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 403],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 403],
    ['a line break in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n', 400],
    ['a head that is too long', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['an address that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
  ];
  for (const [name, text, status] of malformed) {
    test(`answers ${status} to ${name}`, async () => {
      const client = await say(text);
      assert.equal(statusOf(client), status, client.text);
    });
  }

  test('takes in no body, however it is announced', async () => {
    const heads = [
      'POST /api/v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"not": "closed"',
      'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n',
      'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
      'PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 999999999999\r\n\r\n',
    ];
    const chunk = 'x'.repeat(64 * 1024);
    for (const head of heads) {
      const client = await http.socket();
      client.socket.write(head);
      // For as long as somebody takes it.
      const pour = () => {
        if (!client.isClosed && client.socket.write(chunk)) setImmediate(pour);
      };
      client.socket.on('drain', pour);
      pour();
      await client.closed;
      assert.ok(client.socket.bytesWritten < 50_000_000, `${client.socket.bytesWritten} bytes were taken`);
    }
  });

  test('answers requests that come in a row on one connection', async () => {
    const one = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const last = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const client = await say(one.repeat(500) + last);
    assert.equal(client.text.split('HTTP/1.1 200 OK').length, 502);
  });

  test('ends a stream of events whose client sends something else into it, without a word', async () => {
    const client = await http.listen();
    await client.until(({ text }) => text.includes('retry: '));
    client.socket.write('\x00\x01 rubbish\r\n\r\n');
    await client.closed;
    assert.equal(client.text.split('HTTP/1.1').length, 2);
  });

  test('does not change protocols', async () => {
    const head = 'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n';
    const upgrades = ['Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', 'Upgrade: h2c\r\n'];
    for (const upgrade of upgrades) assert.notEqual(statusOf(await say(`${head}${upgrade}\r\n`)), 101);
    const tunnel = await say('CONNECT attacker.example:443 HTTP/1.1\r\nHost: attacker.example:443\r\n\r\n');
    assert.doesNotMatch(tunnel.text, / 200 /);
  });
});

describe('hostile connections', () => {
  const quick = { ...LIMITS.connections, headMs: 200, requestMs: 300, idleMs: 60_000 };
  const start = (connections: Partial<typeof LIMITS.connections> = {}) =>
    HttpUnderTest.start({ deps: { limits: { ...PLENTY, connections: { ...quick, ...connections } } } });

  test('end that say nothing, or not all, or a letter at a time', async (t) => {
    const http = await start();
    t.after(() => http.close());
    const silent = await http.socket();
    const half = await http.socket();
    half.socket.write('GET /healthz HTTP/1.1\r\nHost: lo');
    const slow = await http.socket();
    const letters = setInterval(() => slow.socket.write('X'), 10);
    t.after(() => clearInterval(letters));
    slow.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    for (const client of [silent, half, slow]) await client.closed;
    // Who is still talking when we hang up may not hear why.
    assert.equal(statusOf(half), 408);
    assert.equal((await http.ask('/healthz')).status, 200);
  });

  test('end that were answered and have nothing more to ask', async (t) => {
    const http = await start({ idleMs: 200 });
    t.after(() => http.close());
    const idle = await http.socket();
    idle.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await idle.closed;
    assert.equal(statusOf(idle), 200);
  });

  test('end that were reset or half closed, and leave nothing behind', async (t) => {
    const http = await start();
    t.after(() => http.close());
    const most = LIMITS.events.maxPerClient;
    const clients = await Promise.all(Array.from({ length: most }, () => http.listen()));
    for (const client of clients) await client.until(({ text }) => text.includes('retry: '));
    assert.equal(http.clients, most);
    for (const [n, { socket }] of clients.entries()) {
      if (n % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    for (const client of clients) await client.closed;
    await eventually(() => http.clients === 0);
  });

  test('from one address are bounded: a thousand leave room for others, and are forgotten when they go', async (t) => {
    const http = await start({ max: 40, maxPerAddress: 30, headMs: 60_000, requestMs: 60_000, idleMs: 60_000 });
    t.after(() => http.close());
    const crowd = await Promise.all(Array.from({ length: 1_000 }, () => http.socket()));
    const inside = () => crowd.filter(({ isClosed }) => !isClosed);
    await eventually(() => inside().length <= 30);
    assert.equal((await http.ask('/healthz', { localAddress: '127.0.0.5' })).status, 200);
    assert.equal(inside().length, 30);
    for (const { socket } of inside()) socket.destroy();
    // Refused until it is known that they are gone.
    let answer = await http.ask('/healthz').catch(() => undefined);
    while (answer === undefined) answer = await http.ask('/healthz').catch(() => undefined);
    assert.equal(answer.status, 200);
  });

  test('from many addresses that only hold their places make room, those that listen do not', async (t) => {
    const http = await start({ max: 20, maxPerAddress: 10, headMs: 60_000, requestMs: 60_000, idleMs: 60_000 });
    t.after(() => http.close());
    const listener = await http.listen();
    await listener.until(({ text }) => text.includes('retry: '));
    const crowd = await Promise.all(
      Array.from({ length: 60 }, (_, n) => http.socket({ localAddress: `127.0.1.${1 + (n % 6)}` })),
    );
    assert.equal((await http.ask('/healthz', { localAddress: '127.0.0.5' })).status, 200);
    await eventually(() => crowd.filter(({ isClosed }) => !isClosed).length <= 19);
    assert.equal(listener.isClosed, false);
  });

  test('of a thousand clients who ask and listen keep memory bounded', async (t) => {
    const http = await start({ max: 2_000, maxPerAddress: 2_000, headMs: 60_000, requestMs: 60_000, idleMs: 60_000 });
    t.after(() => http.close());
    const crowd = await Promise.all(Array.from({ length: 1_000 }, () => http.listen()));
    for (const client of crowd) await client.until(({ text }) => /retry: |HTTP\/1\.1 429/.test(text));
    assert.equal(http.clients, LIMITS.events.maxPerClient);
    for (const { socket } of crowd) socket.destroy();
    await eventually(() => http.clients === 0);
    assert.equal((await http.ask('/healthz')).status, 200);
  });
});
