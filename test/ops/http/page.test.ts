import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { createHttp } from '../../../src/ops/http/http.js';
import { Status } from '../../../src/ops/status.js';
import { clockAt } from '../../support/clock.js';
import { assertRefused, FakeView, HttpUnderTest, NOW } from './support.js';

const clock = clockAt(NOW);

function open(host: string, port: number) {
  return createHttp(
    { enabled: true, host, port, user: 'blockcast', allowInsecureBind: false, reverseProxies: [] },
    {
      version: '0.0.0-test',
      view: new FakeView(),
      status: new Status({ clock }),
      events$: { subscribe: () => ({ unsubscribe: () => undefined }) },
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      assets: '/nonexistent',
      clock,
    },
  );
}

describe('the page', () => {
  test('is asked for anew each time and sent when it has changed; files that never change are kept', async (t) => {
    const http = await HttpUnderTest.start();
    t.after(() => http.close());
    const page = await http.ask('/');
    assert.equal(page.status, 200);
    assert.match(page.text, /<title>blockcast/);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(page.headers['cache-control'], 'no-cache');
    const again = await http.ask('/', { headers: { 'if-none-match': page.headers.etag ?? '' } });
    assert.deepEqual([again.status, again.text], [304, '']);
    const script = await http.ask('/assets/app.js');
    assert.equal(script.headers['cache-control'], 'no-cache');
    assert.match(String(script.headers['content-type']), /javascript/);
    const hashed = await http.ask('/assets/map-1A2B3C4D.js');
    assert.equal(hashed.headers['cache-control'], 'public, max-age=31536000, immutable');
  });

  test('comes with headers that forbid what it does not need, and none that plain HTTP cannot keep', async (t) => {
    const http = await HttpUnderTest.start();
    t.after(() => http.close());
    for (const path of ['/', '/assets/app.js', '/api/v1/status', '/nothing', '/healthz']) {
      const { headers } = await http.ask(path);
      const directives = String(headers['content-security-policy']).split(';');
      assert.deepEqual(directives.sort(), [
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "font-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
      ]);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['strict-transport-security'], undefined);
      assert.equal(headers['x-powered-by'], undefined);
      assert.equal(headers['server'], undefined);
    }
  });

  test('is absent when it was not built, with an error that says so; all else is there', async (t) => {
    const http = await HttpUnderTest.start({ deps: { assets: '/nonexistent' } });
    t.after(() => http.close());
    const answer = await http.ask('/');
    assertRefused(answer, 404);
    assert.match(answer.text, /npm run build/);
    assert.equal((await http.ask('/api/v1/status')).status, 200);
  });
});

describe('opening', () => {
  test('reports where it is', async (t) => {
    const http = await HttpUnderTest.start();
    t.after(() => http.close());
    assert.match(http.http.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await fetch(`${http.http.url}/healthz`)).status, 200);
  });

  test('is a fault with a remedy when somebody else listens there', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    assert.deepEqual(await open('127.0.0.1', port), {
      ok: false,
      code: 'EADDRINUSE',
      detail: `cannot listen on 127.0.0.1:${port}: another program uses this port: stop it, or set http.port to another port`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('is a fault with a remedy where this machine does not have this address', async () => {
    const opened = await open('192.0.2.1', 0);
    assert.ok(!opened.ok);
    assert.equal(opened.code, 'EADDRNOTAVAIL');
    assert.match(opened.detail, /http\.host/);
  });
});

describe('closing', () => {
  test('may be asked for twice, and frees the port', async (t) => {
    const http = await HttpUnderTest.start();
    t.after(() => http.close());
    const { port } = http;
    await Promise.all([http.http.close(), http.http.close()]);
    const next = await open('127.0.0.1', port);
    assert.ok(next.ok);
    await next.close();
  });

  test('does not wait for who keeps a connection open, half a request or an answer that never comes', async () => {
    const never = new Promise<never>(() => undefined);
    const http = await HttpUnderTest.start({ deps: { metrics: () => never } });
    const clients = [await http.socket(), await http.socket(), await http.socket()];
    clients[0]?.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    clients[1]?.socket.write('GET /healthz HTTP/1.1\r\nHo');
    clients[2]?.socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await clients[0]?.until(({ text }) => text.includes('200 OK'));
    await http.close();
    for (const client of clients) await client.closed;
  });
});
