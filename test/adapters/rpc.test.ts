import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { createRpc, type RpcClient, type RpcOptions } from '../../src/adapters/rpc.js';

const PASSWORD = 'correct horse battery';
const BASIC = `Basic ${Buffer.from(`pool:${PASSWORD}`).toString('base64')}`;

interface Call {
  readonly authorization: string | undefined;
  readonly body: string;
  readonly socket: Socket;
}
type Behaviour = (call: Call, response: ServerResponse, request: IncomingMessage) => void;

const result =
  (value: unknown): Behaviour =>
  (_call, response) =>
    response.end(JSON.stringify({ result: value, error: null, id: 'x' }));

const error =
  (status: number, code: number, message: string): Behaviour =>
  (_call, response) => {
    response.statusCode = status;
    response.end(JSON.stringify({ result: null, error: { code, message }, id: 'x' }));
  };

/** Stands where dashd would: answers as `behaviour` says, and keeps what it was asked. */
async function fakeDashd(first: Behaviour) {
  const calls: Call[] = [];
  const state = { behaviour: first };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { socket, headers } = request;
      const call = { authorization: headers.authorization, body: Buffer.concat(chunks).toString(), socket };
      calls.push(call);
      state.behaviour(call, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    calls,
    port,
    url: `http://127.0.0.1:${port}`,
    answer(behaviour: Behaviour) {
      state.behaviour = behaviour;
    },
    close() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe('rpc', () => {
  let dashd: Awaited<ReturnType<typeof fakeDashd>>;
  let folder: string;
  const clients: RpcClient[] = [];

  before(async () => {
    dashd = await fakeDashd(result('x'));
    folder = mkdtempSync(join(tmpdir(), 'blockcast-rpc-'));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    dashd.calls.length = 0;
  });
  after(async () => {
    await dashd.close();
    rmSync(folder, { recursive: true });
  });

  function client(options: Partial<RpcOptions> = {}): RpcClient {
    const rpc = createRpc({ url: dashd.url, user: 'pool', password: PASSWORD, timeoutMs: 5_000, ...options });
    clients.push(rpc);
    return rpc;
  }

  test('a call carries its method, parameters and credentials', async () => {
    dashd.answer(result({ blocks: 7 }));
    assert.deepEqual(await client().call('getblock', ['00ff', 0]), { ok: true, result: { blocks: 7 } });
    const [call] = dashd.calls;
    assert.equal(call?.authorization, BASIC);
    assert.deepEqual(JSON.parse(call?.body ?? ''), {
      jsonrpc: '1.0',
      id: 'blockcast',
      method: 'getblock',
      params: ['00ff', 0],
    });
  });

  test('credentials in the URL are used, and the path is kept', async () => {
    let path: string | undefined;
    dashd.answer((call, response, request) => {
      path = request.url;
      result(null)(call, response, request);
    });
    const url = `http://pool:${encodeURIComponent(PASSWORD)}@127.0.0.1:${dashd.port}/wallet/w`;
    const answer = await client({ url, user: undefined, password: undefined }).call('x');
    assert.deepEqual(answer, { ok: true, result: null });
    assert.equal(dashd.calls[0]?.authorization, BASIC);
    assert.equal(path, '/wallet/w');
  });

  const failures: [string, Behaviour, object][] = [
    [
      'a JSON-RPC error',
      error(500, -5, 'Block not found'),
      { code: 'rpc-error', detail: 'Block not found', rpcCode: -5 },
    ],
    [
      'an unknown method',
      error(404, -32601, 'Method not found'),
      { code: 'rpc-error', detail: 'Method not found', rpcCode: -32601 },
    ],
    [
      'start-up',
      error(500, -28, 'Loading block index…'),
      { code: 'warming-up', detail: 'Loading block index…', rpcCode: -28 },
    ],
    [
      'HTML instead of JSON',
      (_call, response) => response.end('<html>\n\u001b[31mhello</html>'),
      { code: 'not-json', detail: 'no JSON-RPC answer: <html> [31mhello</html>' },
    ],
    [
      'JSON of another shape',
      (_call, response) => response.end('[1]'),
      { code: 'not-json', detail: 'no JSON-RPC answer: [1]' },
    ],
    [
      'an empty object',
      (_call, response) => response.end('{}'),
      { code: 'not-json', detail: 'no JSON-RPC answer: {}' },
    ],
    ['nothing at all', (_call, response) => response.end(), { code: 'not-json', detail: 'no JSON-RPC answer:' }],
    [
      'a full work queue',
      (_call, response) => response.writeHead(503).end('Work queue depth exceeded'),
      { code: 'http-error', detail: 'HTTP 503 Work queue depth exceeded' },
    ],
    [
      'a redirect',
      (_call, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      { code: 'http-error', detail: 'HTTP 302' },
    ],
    [
      'a refused password',
      (_call, response) => response.writeHead(401).end(),
      { code: 'unauthorised', detail: 'dashd rejected the user and password' },
    ],
    [
      'a refused address',
      (_call, response) => response.writeHead(403).end(),
      { code: 'forbidden', detail: 'dashd does not allow this address or method' },
    ],
    [
      'an answer that echoes the password',
      (_call, response) => response.end(`${PASSWORD} ${BASIC}`),
      { code: 'not-json', detail: 'no JSON-RPC answer: *** Basic ***' },
    ],
  ];
  for (const [name, behaviour, expected] of failures) {
    test(`${name} is a value`, async () => {
      dashd.answer(behaviour);
      assert.deepEqual(await client().call('x'), { ok: false, ...expected });
      assert.deepEqual(await client().submitBlock(Buffer.of(1)), { ok: false, ...expected });
    });
  }

  test('an answer that never comes ends at the limit', async () => {
    dashd.answer(() => undefined);
    const answer = await client({ timeoutMs: 50 }).call('x');
    assert.deepEqual(answer, { ok: false, code: 'timeout', detail: `127.0.0.1:${dashd.port}: no answer in 50 ms` });
  });

  test('an answer that drips in ends at the limit too', async () => {
    dashd.answer((_call, response) => {
      const dripping = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(dripping));
    });
    const answer = await client({ timeoutMs: 100 }).call('x');
    assert.equal(!answer.ok && answer.code, 'timeout');
  });

  test('an answer cut short is distinguished from one that never began', async () => {
    dashd.answer((call, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"result":', () => call.socket.destroy());
    });
    const answer = await client().call('x');
    assert.equal(!answer.ok && answer.code, 'unreachable');
    assert.match(answer.ok ? '' : answer.detail, /broke before the answer was complete/);
  });

  test('an answer without end is not read beyond its bound', async () => {
    let sent = 0;
    dashd.answer((_call, response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && sent < 200 * chunk.length) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const answer = await client().call('x');
    assert.equal(!answer.ok && answer.code, 'too-large');
    assert.ok(sent < 100 * 1024 * 1024, `${sent} bytes were sent`);
  });

  test('a dashd that hangs does not keep the client open', async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    dashd.answer(() => asked());
    const rpc = client();
    const answer = rpc.call('x');
    await isAsked;
    await rpc.close();
    assert.equal((await answer).ok, false);
  });

  test('nobody listening is unreachable, and names the address without credentials', async () => {
    const gone = await fakeDashd(result(null));
    await gone.close();
    const url = `http://pool:${encodeURIComponent(PASSWORD)}@127.0.0.1:${gone.port}`;
    const answer = await client({ url, user: undefined, password: undefined }).call('x');
    assert.deepEqual(answer, { ok: false, code: 'unreachable', detail: `127.0.0.1:${gone.port}: ECONNREFUSED` });
  });

  test('what is no URL is refused without being quoted', () => {
    for (const url of [`http://u:${PASSWORD}@:x`, `ftp://u:secret@host`, '']) {
      assert.throws(
        () => createRpc({ url }),
        (thrown) =>
          thrown instanceof Error &&
          !JSON.stringify([thrown.message, thrown]).includes('secret') &&
          /RPC address/.test(thrown.message),
      );
    }
  });

  describe('the cookie', () => {
    const path = () => join(folder, '.cookie');
    const cookieClient = () => client({ user: undefined, password: undefined, cookieFile: path() });
    const accepting =
      (cookie: string): Behaviour =>
      (call, response, request) => {
        if (call.authorization === `Basic ${Buffer.from(cookie).toString('base64')}`)
          result(1)(call, response, request);
        else response.writeHead(401).end();
      };

    test('is read, and read again after dashd has written a new one', async () => {
      writeFileSync(path(), '__cookie__:one\n');
      dashd.answer(accepting('__cookie__:one'));
      const rpc = cookieClient();
      assert.deepEqual(await rpc.call('x'), { ok: true, result: 1 });
      dashd.answer(accepting('__cookie__:two'));
      writeFileSync(path(), '__cookie__:two');
      assert.deepEqual(await rpc.submitBlock(Buffer.of(1)), { ok: true, result: 1 });
      assert.deepEqual(await rpc.call('x'), { ok: true, result: 1 });
      assert.equal(dashd.calls.length, 4, 'one refusal, one repetition, no refusal after that');
    });

    test('that is refused and unchanged is not tried twice', async () => {
      writeFileSync(path(), '__cookie__:old');
      dashd.answer(accepting('__cookie__:new'));
      const answer = await cookieClient().call('x');
      assert.equal(!answer.ok && answer.code, 'unauthorised');
      assert.equal(dashd.calls.length, 1);
    });

    test('that cannot be read is a value, and is looked for again', async () => {
      rmSync(path(), { force: true });
      dashd.answer(accepting('__cookie__:late'));
      const rpc = cookieClient();
      assert.deepEqual(await rpc.submitBlock(Buffer.of(1)), {
        ok: false,
        code: 'cookie-unreadable',
        detail: `${path()}: ENOENT`,
      });
      writeFileSync(path(), '__cookie__:late');
      assert.deepEqual(await rpc.submitBlock(Buffer.of(1)), { ok: true, result: 1 });
    });

    for (const [name, cookieFile] of [
      ['a folder', () => folder],
      ['a device that never ends', () => '/dev/zero'],
    ] as const) {
      test(`in ${name} is not read`, async () => {
        const rpc = client({ user: undefined, password: undefined, cookieFile: cookieFile() });
        const answer = await rpc.call('x');
        assert.equal(!answer.ok && answer.code, 'cookie-unreadable');
      });
    }

    test('of any other content is not one', async () => {
      writeFileSync(path(), 'nonsense');
      const answer = await cookieClient().call('x');
      assert.deepEqual(answer, {
        ok: false,
        code: 'cookie-unreadable',
        detail: `${path()}: it holds no user:password`,
      });
    });
  });

  describe('submitblock', () => {
    test('sends the block as hex, whatever its size', async () => {
      dashd.answer(result('duplicate'));
      const raw = Buffer.alloc(2_000_000, 'block');
      assert.deepEqual(await client().submitBlock(raw), { ok: true, result: 'duplicate' });
      const body = JSON.parse(dashd.calls[0]?.body ?? '') as { method: string; params: string[] };
      assert.equal(body.method, 'submitblock');
      assert.equal(body.params.length, 1);
      assert.ok(Buffer.from(body.params[0] ?? '', 'hex').equals(raw));
    });

    test('finds the connection that the ping left open', async () => {
      dashd.answer(result('tip'));
      const rpc = client();
      assert.deepEqual(await rpc.submitConnectionPing(), { ok: true, result: 'tip' });
      await rpc.submitBlock(Buffer.of(1));
      const [ping, submit] = dashd.calls;
      assert.match(ping?.body ?? '', /getblockchaininfo/);
      assert.equal(submit?.socket, ping?.socket);
    });

    test('does not wait behind another call', async () => {
      const held: ServerResponse[] = [];
      dashd.answer((call, response, request) => {
        if (call.body.includes('slow')) held.push(response);
        else result(null)(call, response, request);
      });
      const rpc = client();
      const slow = Array.from({ length: 8 }, () => rpc.call('slow'));
      assert.deepEqual(await rpc.submitBlock(Buffer.of(1)), { ok: true, result: null });
      dashd.answer(result('late'));
      for (const response of held) response.end('{"result":"late"}');
      for (const answer of await Promise.all(slow)) assert.deepEqual(answer, { ok: true, result: 'late' });
    });

    test('is written in the same round of the event loop, when the connection stands', async () => {
      dashd.answer(result(null));
      const rpc = client();
      await rpc.submitConnectionPing();
      // undici has not let go of the connection yet when it gives out the answer.
      await endOfRound();
      const written: string[] = [];
      const onWrite = (message: unknown) => written.push((message as { request: { path: string } }).request.path);
      subscribe('undici:client:sendHeaders', onWrite);
      const answer = rpc.submitBlock(Buffer.of(1));
      await endOfRound();
      unsubscribe('undici:client:sendHeaders', onWrite);
      assert.deepEqual(written, ['/']);
      assert.deepEqual(await answer, { ok: true, result: null });
    });

    test('is sent again, once, over a new connection when the old one breaks before the answer', async () => {
      dashd.answer(result('tip'));
      const rpc = client();
      await rpc.submitConnectionPing();
      let broken = 0;
      dashd.answer((call, response, request) => {
        if (broken++ === 0) call.socket.resetAndDestroy();
        else result('duplicate')(call, response, request);
      });
      assert.deepEqual(await rpc.submitBlock(Buffer.of(7)), { ok: true, result: 'duplicate' });
      const [, first, second] = dashd.calls;
      assert.equal(first?.body, second?.body);
      assert.notEqual(first?.socket, second?.socket);
    });

    test('keeps the order of blocks, however fast they come', async () => {
      dashd.answer((call, response, request) => void setImmediate(() => result(null)(call, response, request)));
      const rpc = client();
      const blocks = Array.from({ length: 100 }, (_, index) => Buffer.of(index));
      for (const answer of await Promise.all(blocks.map((block) => rpc.submitBlock(block)))) assert.ok(answer.ok);
      const seen = dashd.calls.map((call) => (JSON.parse(call.body) as { params: string[] }).params[0]);
      assert.deepEqual(
        seen,
        blocks.map((block) => block.toString('hex')),
      );
    });

    test('is not sent a third time', async () => {
      dashd.answer((call) => void call.socket.resetAndDestroy());
      const answer = await client().submitBlock(Buffer.of(7));
      assert.equal(!answer.ok && answer.code, 'unreachable');
      assert.equal(dashd.calls.length, 2);
    });

    test('survives dashd starting anew between two blocks', async () => {
      const old = await fakeDashd(result(null));
      const rpc = client({ url: old.url });
      assert.deepEqual(await rpc.submitBlock(Buffer.of(1)), { ok: true, result: null });
      await old.close();
      const down = await rpc.submitBlock(Buffer.of(2));
      assert.equal(!down.ok && down.code, 'unreachable');
      const back = createServer((request, response) =>
        request.resume().on('end', () => response.end('{"result":"again"}')),
      );
      await new Promise<void>((resolve) => back.listen(old.port, '127.0.0.1', resolve));
      assert.deepEqual(await rpc.submitBlock(Buffer.of(3)), { ok: true, result: 'again' });
      back.closeAllConnections();
      await new Promise((resolve) => back.close(resolve));
    });
  });

  test('a dashd that is stopping is not kept waiting for idle connections', async () => {
    const dashd = await fakeDashd(result('00'));
    const client = createRpc({ url: dashd.url });
    await client.call('getblockcount');
    await client.submitConnectionPing();
    const idle = dashd.calls.map(({ socket }) => once(socket, 'close'));
    dashd.answer((_call, response) => {
      response.statusCode = 503;
      response.end('<HTML>Service Unavailable</HTML>');
    });
    const answer = await client.submitConnectionPing();
    assert.equal(answer.ok, false);
    await Promise.all(idle);
    await client.close();
    await dashd.close();
  });

  test('close waits for what is under way, and later calls are values', async () => {
    const rpc = client();
    let release: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      dashd.answer((call, response, request) => {
        release = () => result('done')(call, response, request);
        resolve();
      });
    });
    const answer = rpc.submitBlock(Buffer.of(1));
    await asked;
    const closed = rpc.close();
    release?.();
    assert.deepEqual(await answer, { ok: true, result: 'done' });
    await closed;
    const late = await rpc.call('x');
    assert.deepEqual(late, { ok: false, code: 'unreachable', detail: `127.0.0.1:${dashd.port}: the client is closed` });
  });
});

/** The check phase that ends this round, behind whatever has asked for it before. */
function endOfRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
