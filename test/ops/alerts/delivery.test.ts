/** Both channels against receivers of every kind, over real sockets. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/adapters/system.js';
import { type AlertOutcome, createAlerts, sendTestAlert } from '../../../src/ops/alerts/alerts.js';
import { createTelegram, MAX_TEXT } from '../../../src/ops/alerts/telegram.js';
import type { Delivery, Transport } from '../../../src/ops/alerts/transport.js';
import { createWebhook, payload } from '../../../src/ops/alerts/webhook.js';
import { freePort } from '../../../src/simulated/free-port.js';
import { clockAt } from '../../support/clock.js';
import { httpReceiver, type Receiver, tcpReceiver } from './receivers.js';
import { aNotice, FAILED, hash, service, verdict } from './support.js';

const NOW = 1_795_331_402_150;
const TOKEN = '123456:AAE-very_secret';
const SECRET_PATH = 'hooks/very-secret-token';
const sender = { network: 'regtest', instance: 'pool-1' };
const clock = clockAt(NOW);
const envelope = { notice: aNotice(), id: 'f00d', leftOut: 3 };

const cleanUp: (() => Promise<void>)[] = [];
after(async () => {
  await Promise.all(cleanUp.map((close) => close()));
});

async function opened(receiver: Promise<Receiver>): Promise<Receiver> {
  const one = await receiver;
  cleanUp.push(() => one.close());
  return one;
}

interface Given {
  readonly timeoutMs?: number;
  readonly secret?: string;
  readonly origin?: string;
}

function webhook({ origin, secret, timeoutMs = 5_000 }: Given): Transport {
  const config = { url: `${origin}/${SECRET_PATH}?key=very-secret`, ...(secret === undefined ? {} : { secret }) };
  const transport = createWebhook(config, { ...sender, clock, timeoutMs });
  cleanUp.push(() => transport.close());
  return transport;
}

function telegram({ origin = '', timeoutMs = 5_000 }: Given): Transport {
  const transport = createTelegram({ token: TOKEN, chat: '-100200', api: origin }, { ...sender, timeoutMs });
  cleanUp.push(() => transport.close());
  return transport;
}

const send = (transport: Transport): Promise<Delivery> => transport.send(envelope, new AbortController().signal);

function assertDiscreet(text: string): void {
  assert.doesNotMatch(text, /very.?secret|123456|hooks|bot1/);
}

describe('a webhook', () => {
  test('gets what happened as JSON', async () => {
    const receiver = await opened(httpReceiver((response) => response.writeHead(204).end()));
    const delivery = await send(webhook({ origin: receiver.origin }));
    assert.deepEqual(delivery, { ok: true, detail: `127.0.0.1:${receiver.port} answered 204` });
    const [one] = receiver.received;
    assert.equal(one?.path, `/${SECRET_PATH}?key=very-secret`);
    assert.equal(one?.headers['content-type'], 'application/json');
    assert.equal(one?.headers['idempotency-key'], 'f00d');
    assert.equal(one?.headers['x-blockcast-signature'], undefined);
    assert.deepEqual(JSON.parse(one?.body ?? ''), {
      version: 1,
      id: 'f00d',
      key: 'dashd-lost',
      alert: 'dashd-lost',
      state: 'firing',
      severity: 'critical',
      title: 'Local dashd lost',
      text: 'It is lost.',
      at: 1_794_000_015_000,
      since: 1_794_000_000_000,
      repeat: 0,
      details: { peer: '127.0.0.1:9999' },
      remedy: 'Start it.',
      docs: 'docs/operations.md#blockcast-dashd-lost',
      network: 'regtest',
      instance: 'pool-1',
      leftOut: 3,
    });
  });

  test('can verify the signature over the time and the body as it came', async () => {
    const receiver = await opened(httpReceiver((response) => response.end()));
    const notice = aNotice({ summary: 'Grüße, 世界', text: 'Grüße, 世界 🔴' });
    const transport = webhook({ origin: receiver.origin, secret: 'sesame' });
    assert.ok((await transport.send({ ...envelope, notice }, new AbortController().signal)).ok);
    const [one] = receiver.received;
    const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(one?.headers['x-blockcast-signature'])) ?? [];
    assert.equal(Number(t), Math.floor(NOW / 1_000));
    const expected = createHmac('sha256', 'sesame')
      .update(t)
      .update('.')
      .update(one?.body ?? '')
      .digest('hex');
    assert.equal(v1, expected);
    assert.match(one?.body ?? '', /Grüße, 世界 🔴/);
  });

  test('gets credentials of its address as a header', async () => {
    const receiver = await opened(httpReceiver((response) => response.end()));
    const url = `http://user:p%40ss@127.0.0.1:${receiver.port}/`;
    const transport = createWebhook({ url }, { ...sender, clock });
    cleanUp.push(() => transport.close());
    assert.ok((await send(transport)).ok);
    const expected = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    assert.equal(receiver.received[0]?.headers.authorization, expected);
  });

  test('says of a resolved alert how long it lasted', () => {
    const notice = aNotice({ state: 'resolved', lastedMs: 5_000 });
    assert.equal(payload({ notice, id: '', leftOut: 0 }, sender).lastedMs, 5_000);
  });
});

describe('a bot', () => {
  test('sends plain text to the chat', async () => {
    const receiver = await opened(httpReceiver((response) => response.end('{"ok":true,"result":{}}')));
    assert.deepEqual(await send(telegram({ origin: `${receiver.origin}/` })), {
      ok: true,
      detail: `127.0.0.1:${receiver.port} answered 200`,
    });
    const [one] = receiver.received;
    assert.equal(one?.path, `/bot${TOKEN}/sendMessage`);
    assert.deepEqual(JSON.parse(one?.body ?? ''), {
      chat_id: '-100200',
      text: [
        '🔴 CRITICAL: Local dashd lost',
        'pool-1, regtest',
        'It is lost.',
        'Messages left out before this one: 3.',
      ].join('\n'),
      link_preview_options: { is_disabled: true },
    });
  });

  test('sends no more than a message may hold', async () => {
    const receiver = await opened(httpReceiver((response) => response.end('{"ok":true}')));
    const notice = aNotice({ state: 'resolved', text: '😀'.repeat(10_000) });
    await telegram({ origin: receiver.origin }).send({ ...envelope, notice }, new AbortController().signal);
    const { text } = JSON.parse(receiver.received[0]?.body ?? '') as { text: string };
    assert.ok(text.length <= MAX_TEXT && text.length >= MAX_TEXT - 1);
    assert.match(text, /^🟢 RESOLVED: .*😀…$/su);
  });

  test('waits as long as Telegram asks', async () => {
    const body =
      '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 15","parameters":{"retry_after":15}}';
    const receiver = await opened(httpReceiver((response) => response.writeHead(429).end(body)));
    assert.deepEqual(await send(telegram({ origin: receiver.origin })), {
      ok: false,
      rejected: false,
      detail: `127.0.0.1:${receiver.port} answered 429: Too Many Requests: retry after 15`,
      retryAfterMs: 15_000,
    });
  });

  test('knows that a 200 which is not Telegram has sent nothing', async () => {
    for (const body of ['<html>Please log in</html>', '{"ok":false}', '', '[]']) {
      const receiver = await opened(httpReceiver((response) => response.end(body)));
      const delivery = await send(telegram({ origin: receiver.origin }));
      assert.deepEqual([delivery.ok, delivery.detail.includes("not from Telegram's API")], [false, true], body);
    }
  });

  test('says what Telegram has against a message, but never its token', async () => {
    const body = JSON.stringify({ ok: false, error_code: 400, description: `Bad Request:\nno chat for ${TOKEN}` });
    const receiver = await opened(httpReceiver((response) => response.writeHead(400).end(body)));
    const delivery = await send(telegram({ origin: receiver.origin }));
    assert.deepEqual([delivery.ok, !delivery.ok && delivery.rejected], [false, true]);
    assert.match(delivery.detail, / answered 400: Bad Request: no chat for \*\*\*$/);
  });

  test('with a token that is none cannot be led to another address', async () => {
    const receiver = await opened(httpReceiver((response) => response.writeHead(404).end('{"ok":false}')));
    const transport = createTelegram({ token: '../x?y#z', chat: '1', api: receiver.origin }, sender);
    cleanUp.push(() => transport.close());
    await send(transport);
    assert.equal(receiver.received[0]?.path, '/bot..%2Fx%3Fy%23z/sendMessage');
  });
});

interface Bad {
  readonly name: string;
  readonly receiver: () => Promise<Receiver>;
  readonly detail: RegExp;
  readonly rejected?: boolean;
  readonly retryAfterMs?: number;
  readonly timeoutMs?: number;
  readonly https?: boolean;
  /** A webhook's receiver has said all with its status. */
  readonly fineForWebhook?: boolean;
}

const answering =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    httpReceiver((response) => response.writeHead(status, headers).end('{}'));

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n';

const BAD: readonly Bad[] = [
  { name: 'answers 500', receiver: answering(500), detail: /answered 500$/ },
  { name: 'answers 404', receiver: answering(404), detail: /answered 404$/, rejected: true },
  { name: 'answers 429', receiver: answering(429), detail: /answered 429$/ },
  {
    name: 'answers 429 with a time',
    receiver: answering(429, { 'retry-after': '7' }),
    detail: /429$/,
    retryAfterMs: 7_000,
  },
  {
    name: 'answers 503 with a date',
    receiver: answering(503, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }),
    detail: /503$/,
  },
  {
    name: 'wants to be left alone for years',
    receiver: answering(503, { 'retry-after': '99999999' }),
    detail: /503$/,
    retryAfterMs: 3_600_000,
  },
  {
    name: 'hangs',
    receiver: () => httpReceiver(() => undefined),
    detail: /timeout: no full answer within 200 ms$/,
    timeoutMs: 200,
  },
  {
    name: 'accepts and says nothing',
    receiver: () => tcpReceiver(() => undefined),
    detail: /timeout: /,
    timeoutMs: 200,
  },
  {
    name: 'drips its head',
    receiver: () => tcpReceiver((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-long: ')),
    detail: /timeout: /,
    timeoutMs: 300,
  },
  {
    name: 'drips its body',
    receiver: () => tcpReceiver((socket) => drip(socket, HEAD)),
    detail: /timeout: /,
    timeoutMs: 300,
    fineForWebhook: true,
  },
  {
    name: 'resets in the middle of its body',
    receiver: () =>
      tcpReceiver((socket) =>
        socket.once('data', () => socket.write(`${HEAD}{"ok":tr`, () => socket.resetAndDestroy())),
      ),
    detail: /no-connection: (UND_ERR_SOCKET|ECONNRESET)$/,
    fineForWebhook: true,
  },
  {
    name: 'resets at once',
    receiver: () => tcpReceiver((socket) => socket.resetAndDestroy()),
    detail: /no-connection: (UND_ERR_SOCKET|ECONNRESET)$/,
  },
  {
    name: 'never stops talking',
    receiver: () => httpReceiver((response) => flood(response)),
    detail: /too-large: the answer is longer than 65536 bytes$/,
    fineForWebhook: true,
  },
  {
    name: 'never stops its head',
    receiver: () => tcpReceiver((socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(100_000)}`)),
    detail: /no-connection: UND_ERR_HEADERS_OVERFLOW$/,
  },
  {
    name: 'is no HTTP',
    receiver: () => tcpReceiver((socket) => socket.end('SSH-2.0-OpenSSH\r\n')),
    detail: /no-connection: HTTPParserError$/,
  },
  {
    name: 'is no TLS',
    receiver: () => tcpReceiver((socket) => socket.end('garbage, garbage, garbage')),
    detail: /no-connection: E/,
    https: true,
  },
  { name: 'is closed', receiver: closed, detail: /no-connection: ECONNREFUSED$/ },
];

/** Sends a byte now and then for as long as somebody listens. */
function drip(socket: import('node:net').Socket, head: string): void {
  socket.once('data', () => {
    socket.write(head);
    const timer = setInterval(() => socket.write('a'), 20);
    socket.on('close', () => clearInterval(timer));
  });
}

function flood(response: import('node:http').ServerResponse): void {
  const chunk = Buffer.alloc(16_384, 'x');
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

/** An address that nobody listens at. */
async function closed(): Promise<Receiver> {
  const port = await freePort();
  return { origin: `http://127.0.0.1:${port}`, port, received: [], open: 0, close: () => Promise.resolve() };
}

/** What came of sending to a bad receiver. A webhook's has said all with its status, if it has one. */
async function sendTo(kind: 'webhook' | 'telegram', { receiver, https, timeoutMs, fineForWebhook }: Bad) {
  const { origin, port } = await opened(receiver());
  const isFine = kind === 'webhook' && fineForWebhook === true;
  const given = {
    origin: https === true ? origin.replace('http:', 'https:') : origin,
    ...(timeoutMs === undefined || isFine ? {} : { timeoutMs }),
  };
  const delivery = await send(kind === 'webhook' ? webhook(given) : telegram(given));
  return { delivery, isFine, host: `127.0.0.1:${port}` };
}

for (const kind of ['webhook', 'telegram'] as const) {
  describe(`a ${kind} whose receiver`, () => {
    for (const bad of BAD) {
      test(bad.name, async () => {
        const { delivery, isFine, host } = await sendTo(kind, bad);
        assertDiscreet(delivery.detail);
        assert.ok(delivery.detail.startsWith(host), delivery.detail);
        if (delivery.ok) {
          assert.ok(isFine, delivery.detail);
          return;
        }
        // A reset may overtake what was sent before it, the status among it.
        assert.ok(!isFine || bad.name.startsWith('resets'), delivery.detail);
        assert.match(delivery.detail, bad.detail);
        assert.deepEqual([delivery.rejected, delivery.retryAfterMs], [bad.rejected ?? false, bad.retryAfterMs]);
      });
    }

    test('sends elsewhere is not followed', async () => {
      const elsewhere = await opened(httpReceiver((response) => response.end('{"ok":true}')));
      for (const status of [301, 302, 307, 308]) {
        const location = `${elsewhere.origin}/very-secret`;
        const receiver = await opened(answering(status, { location })());
        const delivery = await send(kind === 'webhook' ? webhook(receiver) : telegram(receiver));
        assert.ok(!delivery.ok && delivery.rejected);
        assert.equal(delivery.detail, `127.0.0.1:${receiver.port} answered ${status}: redirects are not followed`);
      }
      assert.deepEqual(elsewhere.received, []);
    });

    test('hangs is let go of when the relay ends', async () => {
      const receiver = await opened(httpReceiver(() => undefined));
      const ending = new AbortController();
      const transport = kind === 'webhook' ? webhook(receiver) : telegram(receiver);
      const sending = transport.send(envelope, ending.signal);
      await until(() => receiver.received.length === 1);
      ending.abort();
      const delivery = await sending;
      assert.match(delivery.detail, /stopped: aborted, the relay is shutting down$/);
      assert.match((await transport.send(envelope, ending.signal)).detail, /stopped: not sent$/);
      await transport.close();
      await until(() => receiver.open === 0);
    });
  });
}

describe('from an event to the receiver', () => {
  test('a lost block arrives though the receiver fails at first, once, and its recovery behind it', async () => {
    let requests = 0;
    const receiver = await opened(
      httpReceiver((response) => {
        requests += 1;
        response.writeHead(requests === 1 ? 500 : 200).end();
      }),
    );
    const outcomes: AlertOutcome[] = [];
    let ahead = 0;
    const config = { webhook: { url: receiver.origin, secret: 'sesame' }, repeatAfter: 0, maxPerHour: 30 };
    const alerts = createAlerts(config, {
      ...sender,
      clock: clockAt(() => systemClock.now() + ahead),
      random: systemRandom,
      onOutcome: (outcome) => outcomes.push(outcome),
      rest: { firstMs: 5, lastMs: 5 },
    });
    alerts.listen(verdict(hash(1), FAILED));
    ahead += 15_000;
    // Whatever comes next, the engine looks at the clock.
    alerts.listen(service('http', 'up'));
    alerts.listen(service('peers', 'up'));
    await until(() => outcomes.length === 2);
    alerts.listen(verdict(hash(1)));
    await until(() => outcomes.length === 3);
    await alerts.stop();
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['failed', 'sent', 'sent'],
    );
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as { id: string; state: string });
    assert.deepEqual(
      bodies.map(({ state }) => state),
      ['firing', 'firing', 'resolved'],
    );
    assert.equal(bodies[0]?.id, bodies[1]?.id);
    assert.notEqual(bodies[1]?.id, bodies[2]?.id);
    for (const { detail } of outcomes) assert.match(detail, /^block-failed:0+1 (firing|resolved): 127\.0\.0\.1:\d+ /);
  });
});

describe('a test alert', () => {
  test('goes through each channel, once, and says what came of it', async () => {
    const hook = await opened(httpReceiver((response) => response.writeHead(500).end()));
    const bot = await opened(httpReceiver((response) => response.end('{"ok":true}')));
    const config = {
      webhook: { url: `${hook.origin}/${SECRET_PATH}`, secret: 'sesame' },
      telegram: { token: TOKEN, chat: '1', api: bot.origin },
      repeatAfter: 0,
      maxPerHour: 30,
    };
    const results = await sendTestAlert(config, { ...sender, clock, random: systemRandom });
    assert.deepEqual(results, [
      { channel: 'webhook', ok: false, detail: `127.0.0.1:${hook.port} answered 500` },
      { channel: 'telegram', ok: true, detail: `127.0.0.1:${bot.port} answered 200` },
    ]);
    assert.deepEqual([hook.received.length, bot.received.length], [1, 1]);
    const { alert, state } = JSON.parse(hook.received[0]?.body ?? '') as Record<string, unknown>;
    assert.deepEqual([alert, state], ['test', 'firing']);
    assert.match(bot.received[0]?.body ?? '', /This is a test message\./);
    await until(() => hook.open === 0 && bot.open === 0);
  });

  test('without channels comes to nothing', async () => {
    const deps = { ...sender, clock, random: systemRandom };
    assert.deepEqual(await sendTestAlert({ repeatAfter: 0, maxPerHour: 1 }, deps), []);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
