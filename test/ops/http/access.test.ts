import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { clientOf, matcher } from '../../../src/ops/http/access.js';
import { ClientLimit } from '../../../src/ops/http/client-limit.js';
import { LIMITS } from '../../../src/ops/http/limits.js';
import { clockAt, TestClock } from '../../support/clock.js';
import {
  type Answer,
  type AskOptions,
  assertRefused,
  basic,
  blockRecord,
  FakeView,
  HttpUnderTest,
  hashOf,
  service,
} from './support.js';

const PASSWORD = 'pässword-7c1e9f';
const GUARDED = [
  '/',
  '/assets/app.js',
  '/metrics',
  '/api/v1/status',
  '/api/v1/events',
  '/api/v1/openapi.json',
  '/broadcaster_status',
  '/nothing',
];

async function withHttp(
  options: Parameters<typeof HttpUnderTest.start>[0],
  use: (http: HttpUnderTest) => Promise<void>,
): Promise<void> {
  const http = await HttpUnderTest.start(options);
  try {
    await use(http);
  } finally {
    await http.close();
  }
}

describe('with a password', () => {
  const config = { user: 'me', password: PASSWORD };

  test('nobody without it sees anything but that the process is there', async () => {
    await withHttp({ config }, async (http) => {
      for (const path of GUARDED) {
        const answer = await http.ask(path);
        assertRefused(answer, 401);
        assert.equal(answer.headers['www-authenticate'], 'Basic realm="blockcast", charset="UTF-8"');
      }
      const health = await http.ask('/healthz');
      assert.deepEqual([health.status, health.json()], [200, { status: 'ok' }]);
      assert.equal(health.headers['www-authenticate'], undefined);
      const ready = await http.ask('/readyz');
      assert.deepEqual([ready.status, ready.json()], [200, { ready: true }]);
    });
  });

  test('whoever has it sees everything, under whatever name', async () => {
    await withHttp({ config }, async (http) => {
      const headers = { ...basic('me', PASSWORD), host: 'pool.example' };
      for (const path of GUARDED.filter((guarded) => guarded !== '/nothing' && guarded !== '/api/v1/events')) {
        assert.equal((await http.ask(path, { headers })).status, 200, path);
      }
      assert.equal((await http.ask('/nothing', { headers })).status, 404);
      assert.deepEqual(Object.keys((await http.ask('/readyz', { headers })).json() as object), [
        'ready',
        'notReady',
        'degraded',
      ]);
    });
  });

  const wrong: [string, string][] = [
    ['another password', basic('me', 'password').authorization],
    ['no password', basic('me', '').authorization],
    ['another user', basic('you', PASSWORD).authorization],
    ['the user twice', basic('me:me', PASSWORD).authorization],
    ['no colon', `Basic ${Buffer.from('me').toString('base64')}`],
    ['another scheme', `Bearer ${PASSWORD}`],
    ['no base64', 'Basic ****'],
    ['nothing', ''],
    ['a password that only begins right', basic('me', PASSWORD.slice(0, -1)).authorization],
    ['a password with more behind it', basic('me', `${PASSWORD}x`).authorization],
    ['control characters', basic('me', `${PASSWORD}\n`).authorization],
    ['a very long password', basic('me', 'x'.repeat(8_000)).authorization],
  ];
  for (const [name, authorization] of wrong) {
    test(`is closed to ${name}`, async () => {
      await withHttp({ config }, async (http) => {
        assertRefused(await http.ask('/api/v1/status', { headers: { authorization } }), 401);
        assert.deepEqual((await http.ask('/healthz', { headers: { authorization } })).json(), { status: 'ok' });
      });
    });
  }

  test('too many wrong ones close it to the right one as well, but not the health checks', async () => {
    const limits = { failures: { max: 3, windowMs: 60_000 } };
    await withHttp({ config, deps: { limits } }, async (http) => {
      for (const path of ['/api/v1/status', '/healthz', '/nothing']) {
        await http.ask(path, { headers: basic('me', 'wrong') });
      }
      const answer = await http.ask('/api/v1/status', { headers: basic('me', PASSWORD) });
      assertRefused(answer, 429);
      assert.equal(answer.headers['retry-after'], '60');
      const health = await http.ask('/healthz', { headers: basic('me', PASSWORD) });
      assert.deepEqual([health.status, health.json()], [200, { status: 'ok' }]);
      assertRefused(await http.ask('/api/v1/status'), 401);
    });
  });

  test('asking without one is no attempt', async () => {
    const limits = { failures: { max: 3, windowMs: 60_000 } };
    await withHttp({ config, deps: { limits } }, async (http) => {
      for (let n = 0; n < 10; n += 1) await http.ask('/api/v1/status');
      assert.equal((await http.ask('/api/v1/status', { headers: basic('me', PASSWORD) })).status, 200);
    });
  });
});

describe('without a password, on loopback', () => {
  const own = ['127.0.0.1', 'localhost', 'LOCALHOST:8080', '127.0.0.1:9', '[::1]:8080', '127.8.8.8'];
  const others = [
    'attacker.example',
    'attacker.example:8080',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    '192.0.2.1',
    'localhost:8080@attacker.example',
    '[::2]',
    ':8080',
    'local host',
  ];

  test('this machine sees the pages under its own names', async () => {
    await withHttp({}, async (http) => {
      for (const host of own) assert.equal((await http.ask('/api/v1/status', { headers: { host } })).status, 200, host);
    });
  });

  test('a page that points its own name at us sees nothing', async () => {
    await withHttp({}, async (http) => {
      for (const host of others) {
        for (const path of GUARDED) assertRefused(await http.ask(path, { headers: { host } }), 403);
        assert.deepEqual((await http.ask('/readyz', { headers: { host } })).json(), { ready: true }, host);
      }
    });
  });

  test('the name that the configuration gives it is its own', async () => {
    await withHttp({ config: { host: 'localhost' } }, async (http) => {
      const { status } = await http.ask('/api/v1/status', { host: 'localhost', headers: { host: 'localhost' } });
      assert.equal(status, 200);
    });
  });

  test("what a header says of the client's address or of our name is not believed", async () => {
    await withHttp({}, async (http) => {
      const headers = { host: 'attacker.example', 'x-forwarded-host': 'localhost', 'x-forwarded-for': '127.0.0.1' };
      assertRefused(await http.ask('/api/v1/status', { headers }), 403);
    });
  });

  test("somebody else's page gets nothing, and uses up nobody's requests; a link to ours works", async () => {
    const limits = { requests: { max: 3, windowMs: 60_000 } };
    await withHttp({ deps: { limits } }, async (http) => {
      const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://attacker.example' };
      for (let n = 0; n < 10; n += 1) assertRefused(await http.ask('/api/v1/status', { headers: foreign }), 403);
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
      assert.equal((await http.ask('/', { headers: link })).status, 200);
    });
  });

  test('no other origin is ever allowed to read', async () => {
    await withHttp({}, async (http) => {
      const headers = { origin: 'https://attacker.example', 'access-control-request-method': 'GET' };
      const answers = [
        await http.ask('/api/v1/status', { headers }),
        await http.ask('/api/v1/status', { headers, method: 'OPTIONS' }),
      ];
      for (const answer of answers) {
        const names = Object.keys(answer.headers).filter((name) => name.startsWith('access-control'));
        assert.deepEqual(names, []);
      }
    });
  });
});

describe('behind a reverse proxy', () => {
  const config = { reverseProxies: ['127.0.0.1'] };

  test('the proxy sees the pages under whatever name', async () => {
    await withHttp({ config }, async (http) => {
      assert.equal((await http.ask('/', { headers: { host: 'pool.example' } })).status, 200);
    });
  });

  test('others do not, though they call themselves so', async () => {
    await withHttp({ config: { host: '127.0.0.2', reverseProxies: ['192.0.2.1'] } }, async (http) => {
      const headers = { host: 'pool.example', 'x-forwarded-for': '192.0.2.1' };
      assertRefused(await http.ask('/', { host: '127.0.0.2', headers }), 403);
    });
  });

  test('each client behind it has requests of his own', async () => {
    const limits = { requests: { max: 2, windowMs: 60_000 } };
    await withHttp({ config, deps: { limits } }, async (http) => {
      const ask = (from: string) => http.ask('/api/v1/peers', { headers: { 'x-forwarded-for': from } });
      await ask('203.0.113.1');
      await ask('203.0.113.1');
      assertRefused(await ask('203.0.113.1'), 429);
      assert.equal((await ask('203.0.113.2')).status, 200);
    });
  });
});

test('too many requests are refused no longer than the window, though the wall clock is set back by hours', async () => {
  const limits = { requests: { max: 2, windowMs: 60_000 } };
  const clock = new TestClock(Date.now());
  await withHttp({ deps: { limits, clock } }, async (http) => {
    const ask = async () => (await http.ask('/api/v1/peers')).status;
    assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
    clock.set(-3 * 3_600_000);
    assert.equal(await ask(), 429);
    clock.pass(60_000);
    assert.equal(await ask(), 200);
  });
});

test('too many requests are refused for a while, health checks never', async () => {
  const limits = { requests: { max: 5, windowMs: 60_000 } };
  await withHttp({ deps: { limits } }, async (http) => {
    const answers: Answer[] = [];
    for (let n = 0; n < 10; n += 1) answers.push(await http.ask(n % 2 === 0 ? '/api/v1/status' : '/nothing'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200, 404, 200, 429, 429, 429, 429, 429],
    );
    const refused = answers.at(-1);
    assert.ok(refused !== undefined);
    assertRefused(refused, 429);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    for (let n = 0; n < 20; n += 1) assert.equal((await http.ask('/healthz')).status, 200);
    assert.equal((await http.ask('/readyz')).status, 200);
  });
});

/** Planted where a secret could come from; none may come out. */
test('no answer ever has a secret in it', async () => {
  const secret = 'SECRET-4f2a';
  const password = `${secret}-http`;
  const view = new FakeView(undefined, [blockRecord(1)]);
  const broken = async () => {
    throw new Error(`cannot reach http://me:${secret}@127.0.0.1:9998/`);
  };
  const deps = { metrics: broken };
  await withHttp({ config: { user: 'me', password }, view, deps }, async (http) => {
    const answers: Answer[] = [];
    const asked: [string, AskOptions][] = [
      ...[...GUARDED, '/healthz', '/readyz', '/api/v1/peers', '/api/v1/blocks', `/api/v1/blocks/${hashOf(1)}`]
        .filter((path) => path !== '/api/v1/events')
        .map((path): [string, AskOptions] => [path, {}]),
      [`/api/v1/blocks?after=${secret}`, {}],
      [`/api/v1/blocks/${secret}`, {}],
      [`/${secret}`, {}],
      [`/%zz${secret}`, {}],
      [`/api/v1/status?password=${secret}`, {}],
      ['/api/v1/status', { method: 'POST', body: secret }],
      ['/api/v1/status', { headers: { authorization: `Bearer ${secret}` } }],
      ['/api/v1/events', { method: 'HEAD' }],
    ];
    for (const [path, options] of asked) {
      const headers = { cookie: `session=${secret}`, 'x-secret': secret, ...basic('me', password), ...options.headers };
      answers.push(await http.ask(path, { ...options, headers }), await http.ask(path, options));
    }
    const [fault, ...more] = http.faults;
    assert.deepEqual(more, []);
    assert.equal(fault?.detail, '/metrics failed: Error');
    // As the relay's services do.
    http.emit(service('http', 'fault', { code: fault.code, detail: fault.detail }));
    answers.push(await http.ask('/api/v1/status', { headers: basic('me', password) }));
    const metrics = answers.filter(({ status }) => status === 500);
    assert.equal(metrics.length, 1);
    assert.deepEqual(metrics[0]?.json(), { error: 'internal server error' });
    for (const { headers, text } of answers) {
      const reported = `${JSON.stringify(headers)}\n${text}`;
      assert.ok(!reported.includes(secret), reported);
      assert.ok(!reported.includes(Buffer.from(`me:${password}`).toString('base64')), reported);
      assert.doesNotMatch(text, /node_modules|\.js:\d+|\bat \w+ \(/, 'a stack');
    }
  });
});

describe('addresses', () => {
  test('are matched by range, IPv4 in the clothes of IPv6 as well', () => {
    const isProxy = matcher(['192.0.2.7', '172.16.0.0/12', '2001:db8::/32', '::1']);
    const inside = ['192.0.2.7', '::ffff:192.0.2.7', '172.16.0.1', '172.31.255.255', '2001:db8:ffff::1', '::1'];
    const outside = ['192.0.2.8', '172.32.0.1', '2001:db9::1', '::2', '', 'nonsense', '::ffff:172.32.0.1'];
    assert.deepEqual(inside.filter(isProxy), inside);
    assert.deepEqual(outside.filter(isProxy), []);
    assert.equal(matcher([])('127.0.0.1'), false);
  });

  test('are one client by IPv6 network and by IPv4 address', () => {
    assert.equal(clientOf('2001:db8:1:2::3'), clientOf('2001:db8:1:2:ffff::4'));
    assert.notEqual(clientOf('2001:db8:1:2::3'), clientOf('2001:db8:1:3::3'));
    assert.equal(clientOf('::ffff:192.0.2.1'), '192.0.2.1');
    assert.notEqual(clientOf('192.0.2.1'), clientOf('192.0.2.2'));
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => typeof clientOf(text) === 'string'));
  });
});

describe('failures', () => {
  test('are counted in windows of time, and looking does not count', () => {
    let now = 0;
    const count = new ClientLimit(
      { max: 2, windowMs: 10_000 },
      clockAt(() => now),
    );
    count.add('a');
    for (let n = 0; n < 10; n += 1) assert.equal(count.waitSeconds('a'), 0);
    now = 4_000;
    count.add('a');
    assert.equal(count.waitSeconds('a'), 6);
    assert.equal(count.waitSeconds('b'), 0);
    now = 10_000;
    assert.equal(count.waitSeconds('a'), 0);
    count.add('a');
    assert.equal(count.waitSeconds('a'), 0);
  });

  test('of many clients do not fill memory', () => {
    const count = new ClientLimit({ max: 1, windowMs: 10_000 }, clockAt(0));
    for (let n = 0; n < 10_001; n += 1) count.add(`client ${n}`);
    assert.equal(count.waitSeconds('client 0'), 0);
    assert.equal(count.waitSeconds('client 1'), 10);
  });
});

test('the limits leave room for what is meant to be: three dashboards, each asking as often as it can', () => {
  // The dashboard gathers its questions for 120 ms, and asks two at a time.
  const ofOne = (2 * LIMITS.requests.windowMs) / 120;
  assert.ok(LIMITS.requests.max >= 2 * ofOne);
  assert.ok(LIMITS.events.keptBytes < LIMITS.events.maxBacklog, 'what is replayed must not be too much at once');
  assert.ok(LIMITS.events.heartbeatMs < LIMITS.connections.idleMs, 'a quiet stream is no idle connection');
});

test('who asks too often waits for the refusal, and nobody else does', async () => {
  const limits = { requests: { max: 1, windowMs: 60_000 }, refusalMs: 400 };
  await withHttp({ deps: { limits } }, async (http) => {
    await http.ask('/api/v1/status');
    const order: string[] = [];
    const note = async (name: string, answer: Promise<Answer>) => {
      await answer;
      order.push(name);
    };
    const refused = note('refused', http.ask('/api/v1/status'));
    await note('health', http.ask('/healthz'));
    await note('health again', http.ask('/healthz'));
    await refused;
    assert.deepEqual(order, ['health', 'health again', 'refused']);
  });
});
