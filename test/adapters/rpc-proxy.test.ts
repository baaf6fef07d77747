/** The proxy as a way to dashd and back: what passes, and how. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { freePort } from '../../src/simulated/free-port.js';
import { eventually } from '../contract/node-under-test.js';
import { OK, ProxyUnderTest, post, ScriptedDashd, saying } from './rpc-proxy-support.js';

const COUNT = '{"jsonrpc":"1.0","id":1,"method":"getblockcount","params":[]}';

let dashd: ScriptedDashd;
let proxy: ProxyUnderTest;

beforeEach(async () => {
  dashd = await ScriptedDashd.start();
  proxy = await ProxyUnderTest.start(dashd);
});
afterEach(async () => {
  await proxy.stop();
  await dashd.stop();
});

describe('a request', () => {
  it('passes as it is: method, path, header fields in their order, case and number, every byte of the body', async () => {
    const body = Buffer.from([...Array(256).keys(), 0, 13, 10]);
    const caller = await proxy.caller();
    caller.send(
      'POST /wallet/a%20b?x=1 HTTP/1.1\r\nHOST: some.where:1\r\nX-two: b\r\nauthorization: Basic eDp5\r\n',
      `X-Two: a\r\nContent-type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`,
      body,
    );
    await caller.next();
    const [asked] = dashd.asked;
    assert.ok(asked);
    assert.deepEqual([asked.method, asked.path, asked.body], ['POST', '/wallet/a%20b?x=1', body]);
    const expected = ['HOST', 'some.where:1', 'X-two', 'b', 'authorization', 'Basic eDp5', 'X-Two', 'a'];
    assert.deepEqual(asked.headers.slice(0, 8), expected);
    assert.deepEqual(asked.headers.slice(8, 12), ['Content-type', 'text/plain', 'Content-Length', String(body.length)]);
    assert.match(asked.headers.slice(12).join(), /^Via,1\.1 blockcast-[0-9a-f]{8}(,Connection,keep-alive)?$/);
  });

  it('leaves behind what concerns its own connection, and what that names', async () => {
    const caller = await proxy.caller();
    caller.send(
      'POST / HTTP/1.1\r\nConnection: keep-alive, X-Mine,Content-Length\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nTE: trailers\r\n',
      'Upgrade: websocket\r\nProxy-Connection: close\r\nX-Stays: 1\r\nContent-Length: 2\r\n\r\n{}',
    );
    assert.equal((await caller.next()).status, 200);
    const names = dashd.asked[0]?.headers.filter((_, place) => place % 2 === 0);
    assert.deepEqual(names, ['X-Stays', 'Content-Length', 'Via', 'Connection']);
  });

  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    it(`passes with ${method} too, on any path`, async () => {
      const caller = await proxy.caller();
      caller.send(`${method} /rest/chaininfo.json HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal((await caller.next()).body, OK);
      assert.deepEqual([dashd.asked[0]?.method, dashd.asked[0]?.path], [method, '/rest/chaininfo.json']);
    });
  }

  it("passes with HEAD, and the body that dashd sends with the answer is nobody else's answer", async () => {
    dashd.answer = (response, asked) => {
      if (asked.method !== 'HEAD') {
        saying(OK)(response, asked);
        return;
      }
      asked.socket.write('HTTP/1.1 405 Method Not Allowed\r\n\r\n');
      setImmediate(() => asked.socket.write('JSONRPC server handles only POST requests'));
    };
    const caller = await proxy.caller();
    for (let turn = 0; turn < 20; turn += 1) {
      caller.send('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
      assert.equal((await caller.next()).status, 405);
      caller.send(post(COUNT));
      assert.equal((await caller.next()).body, OK);
    }
    assert.deepEqual(proxy.faults, []);
  });

  it('may come in chunks, and is passed on with its length', async () => {
    const caller = await proxy.caller();
    caller.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n');
    caller.send('3;note=1\r\n:1}\r\n0\r\nX-Trailer: 1\r\n\r\n');
    assert.equal((await caller.next()).body, OK);
    const [asked] = dashd.asked;
    assert.equal(String(asked?.body), '{"id":1}');
    assert.ok(asked?.headers.includes('Content-Length') && !asked.headers.includes('Transfer-Encoding'));
  });

  it('may end its lines with a bare LF and name no host, as hand-made clients do', async () => {
    const caller = await proxy.caller();
    caller.send(
      `POST / HTTP/1.1\nAuthorization: Basic dTpw\nContent-type: application/json\nContent-Length: ${COUNT.length}\n\n${COUNT}`,
    );
    assert.equal((await caller.next()).body, OK);
    assert.equal(String(dashd.asked[0]?.body), COUNT);
  });

  it('has its 100 Continue at once, and dashd the body alone', async () => {
    const caller = await proxy.caller();
    caller.send(`POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${COUNT.length}\r\n\r\n`);
    assert.equal((await caller.next()).status, 100);
    assert.equal(dashd.asked.length, 0);
    caller.send(COUNT);
    assert.equal((await caller.next()).body, OK);
    assert.ok(!dashd.asked[0]?.headers.includes('Expect'));
  });

  it('without a body passes without one', async () => {
    const caller = await proxy.caller();
    caller.send('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await caller.next()).status, 200);
    assert.equal(dashd.asked[0]?.body.length, 0);
  });
});

describe('an answer', () => {
  it('comes back as it is: status, reason, header fields in their order, case and number, every byte of the body', async () => {
    const body = Buffer.from([...Array(256).keys()]);
    dashd.answer = (response) => {
      response.sendDate = false;
      response.writeHead(404, 'Not here', [
        'X-two',
        'b',
        'WWW-Authenticate',
        'Basic realm="jsonrpc"',
        'X-Two',
        'a',
        'Content-Length',
        '256',
      ]);
      response.end(body);
    };
    const caller = await proxy.caller();
    caller.send(post(COUNT));
    await caller.has('\xfe\xff');
    const expected =
      'HTTP/1.1 404 Not here\r\nX-two: b\r\nWWW-Authenticate: Basic realm="jsonrpc"\r\nX-Two: a\r\nContent-Length: 256\r\n\r\n';
    assert.equal(caller.rest, expected + body.toString('latin1'));
  });

  it('comes as it is made: its beginning does not wait for its end', async () => {
    let finish = () => undefined as unknown;
    dashd.answer = (response) => {
      response.writeHead(200, { 'Content-Length': 8 });
      response.write('{"a"');
      finish = () => response.end(':12}');
    };
    const caller = await proxy.caller();
    caller.send(post(COUNT));
    await caller.has('{"a"');
    finish();
    assert.equal((await caller.next()).body, '{"a":12}');
  });

  it('of unknown length comes in chunks, or to its end for HTTP/1.0', async () => {
    dashd.answer = (response) => {
      response.write('{"a"');
      response.end(':12}');
    };
    const modern = await proxy.caller();
    modern.send(post(COUNT));
    await modern.has('0\r\n\r\n');
    assert.match(modern.rest, /Transfer-Encoding: chunked/);
    const old = await proxy.caller();
    old.send(`POST / HTTP/1.0\r\nContent-Length: ${COUNT.length}\r\n\r\n${COUNT}`);
    await old.ended();
    assert.match(old.rest, /\r\n\r\n\{"a":12}$/);
  });

  it('that breaks off is broken off here too', async () => {
    dashd.answer = (response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('half', () => response.destroy());
    };
    const caller = await proxy.caller();
    caller.send(post(COUNT));
    await caller.ended();
    assert.match(caller.rest, /half$/);
  });
});

describe('a connection', () => {
  it('stays as long as the caller wants, as one to dashd does', async () => {
    const caller = await proxy.caller();
    for (let turn = 0; turn < 20; turn += 1) {
      caller.send(post(COUNT));
      assert.equal((await caller.next()).status, 200);
    }
    assert.equal(dashd.connections, 1);
  });

  it('ends after the answer where the caller says so, or speaks HTTP/1.0', async () => {
    for (const head of ['POST / HTTP/1.1\r\nConnection: close', 'POST / HTTP/1.0']) {
      const caller = await proxy.caller();
      caller.send(`${head}\r\nContent-Length: ${COUNT.length}\r\n\r\n${COUNT}`);
      const { head: answered, body } = await caller.next();
      assert.match(answered, /\r\nConnection: close/);
      assert.equal(body, OK);
      await caller.ended();
    }
    const old = await proxy.caller();
    for (let turn = 0; turn < 2; turn += 1) {
      old.send(`POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: ${COUNT.length}\r\n\r\n${COUNT}`);
      assert.match((await old.next()).head, /\r\nConnection: keep-alive/);
    }
    assert.equal(dashd.connections, 1);
  });

  it('on which many requests are sent ahead has them answered in order, dashd being asked one at a time', async () => {
    dashd.answer = (response, { body }) => setImmediate(() => saying(String(body))(response, {} as never));
    const caller = await proxy.caller();
    const bodies = Array.from({ length: 100 }, (_, turn) => `{"id":${turn},"method":"getblockcount"}`);
    caller.send(bodies.map((body) => post(body)).join(''));
    for (const body of bodies) assert.equal((await caller.next()).body, body);
    assert.deepEqual([dashd.mostOpen, dashd.connections], [1, 1]);
  });

  it('of which the caller has closed its side has the answer still, and ends then', async () => {
    const patient = await ProxyUnderTest.start(dashd, { lingerMs: 600_000 });
    let answer = () => undefined as unknown;
    dashd.answer = (response, asked) => {
      answer = () => saying(OK)(response, asked);
    };
    const caller = await patient.caller();
    caller.socket.end(post(COUNT));
    await dashd.request(0);
    answer();
    assert.equal((await caller.next()).body, OK);
    await caller.ended();
    await patient.stop();
  });
});

describe('a call that dashd holds', () => {
  it('disturbs no other, has no time limit of ours, and is answered when dashd answers', async () => {
    const held: (() => unknown)[] = [];
    dashd.answer = (response, asked) => {
      if (String(asked.body).includes('longpollid')) held.push(() => saying('"new"')(response, asked));
      else saying(OK)(response, asked);
    };
    const pollers = await Promise.all(Array.from({ length: 20 }, () => proxy.caller()));
    for (const poller of pollers) poller.send(post('{"method":"getblocktemplate","params":[{"longpollid":"x"}]}'));
    await dashd.request(19);
    for (let turn = 0; turn < 50; turn += 1) assert.equal((await proxy.call(COUNT)).body, OK);
    assert.equal(held.length, 20);
    for (const answer of held) answer();
    for (const poller of pollers) assert.equal((await poller.next()).body, '"new"');
  });

  it('is let go when its caller breaks the connection', async () => {
    dashd.answer = () => undefined;
    const caller = await proxy.caller();
    caller.send(post('{"method":"getblocktemplate"}'));
    const { socket } = await dashd.request(0);
    caller.socket.resetAndDestroy();
    await once(socket, 'close');
  });

  it('is let go when its caller has closed its side and does not come back', async () => {
    const patient = await ProxyUnderTest.start(dashd, { lingerMs: 1 });
    dashd.answer = () => undefined;
    const caller = await patient.caller();
    caller.send(post('{"method":"getblocktemplate"}'));
    const { socket } = await dashd.request(0);
    caller.leave();
    await once(socket, 'close');
    await patient.stop();
  });
});

describe('a connection to dashd', () => {
  it('is not kept when dashd says it stops, for it would wait for it', async () => {
    await proxy.call(COUNT);
    const [first] = dashd.asked;
    dashd.answer = saying('<HTML>stopping</HTML>', 503);
    const [one, other] = await Promise.all([proxy.caller(), proxy.caller()]);
    one.send(post(COUNT));
    other.send(post(COUNT));
    assert.deepEqual([(await one.next()).status, (await other.next()).status], [503, 503]);
    assert.equal(dashd.connections, 2);
    await proxy.call(COUNT);
    assert.deepEqual([dashd.connections, first?.socket.destroyed], [3, true]);
  });

  /** A dashd that closes a kept connection at the moment when it is used again, as often as configured; then it answers. */
  async function hangingUp(times: number) {
    const heard: string[] = [];
    let turn = 0;
    const server = createServer((socket) => {
      let answers = 0;
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        heard.push(String(chunk));
        answers += 1;
        if (answers > 1) turn += 1;
        if (answers > 1 && turn <= times) socket.resetAndDestroy();
        else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${OK.length}\r\n\r\n${OK}`);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return { heard, server, url: `http://127.0.0.1:${address.port}` };
  }

  it('that was closed while nobody used it costs a call nothing that may be repeated', async () => {
    const stale = await hangingUp(1);
    const other = await ProxyUnderTest.start(stale.url);
    const block = '{"method":"submitblock","params":["00"]}';
    assert.equal((await other.call(COUNT)).status, 200);
    assert.deepEqual(await other.call(block), await other.call(COUNT));
    assert.equal(stale.heard.filter((text) => text.endsWith(block)).length, 2);
    assert.deepEqual(other.faults, []);
    await other.stop();
    stale.server.close();
  });

  it('that was closed just then costs a call an honest error that must not be carried out twice', async () => {
    const stale = await hangingUp(1);
    const other = await ProxyUnderTest.start(stale.url);
    await other.call(COUNT);
    const { status, body } = await other.call(
      '[{"method":"getblockcount"},{"id":7,"method":"sendtoaddress","params":["x",1]}]',
    );
    assert.equal(status, 502);
    const [, error] = JSON.parse(body);
    assert.deepEqual([error.id, error.result, error.error.code], [7, null, -32603]);
    assert.match(
      error.error.message,
      /closed the connection before replying \(ECONNRESET\); whether it executed the call is not known/,
    );
    assert.equal(stale.heard.length, 2);
    assert.match(await other.fault('dashd-broke-off'), /ECONNRESET/);
    await other.stop();
    stale.server.close();
  });

  it('may be over TLS', async () => {
    const refused = await ProxyUnderTest.start(`https://127.0.0.1:${dashd.port}`);
    assert.equal((await refused.call(COUNT)).status, 502, 'a dashd that does not speak TLS is not understood');
    await refused.stop();
  });
});

describe('without a dashd', () => {
  for (const [id, text] of [
    ['1', '{"id":1,"method":"getblockcount"}'],
    ['"aAb"', '{"method":"getblockcount","id":"a\\u0041b"}'],
    ['1234567890123456', '{"method":"getblockcount","id":1234567890123456}'],
    ['null', '{"method":"getblockcount"}'],
    ['null', '{"id":{"x":[1]},"method":"getblockcount"}'],
    ['null', 'not-json'],
  ] as const) {
    it(`a caller has an error in dashd's shape, with its own id: ${text}`, async () => {
      await dashd.stop();
      const { status, head, body } = await proxy.call(text);
      assert.equal(status, 503);
      assert.match(head, /\r\nContent-Type: application\/json\r\n/);
      const message = `blockcast: dashd at 127.0.0.1:${portOf(body)} is unreachable (ECONNREFUSED)`;
      assert.equal(body, `{"result":null,"error":{"code":-32603,"message":"${message}"},"id":${id}}\n`);
      await proxy.fault('dashd-unreachable');
    });
  }

  const portOf = (body: string) => /127\.0\.0\.1:(\d+)/.exec(body)?.[1];

  it('a batch has an error for each of its calls', async () => {
    await dashd.stop();
    const { status, body } = await proxy.call('[{"id":1,"method":"getblockcount"},7,{"id":"x"}]');
    assert.equal(status, 503);
    assert.deepEqual(
      JSON.parse(body).map(({ id }: { id: unknown }) => id),
      [1, null, 'x'],
    );
  });

  it('all is well again once dashd is back, on the same connection of the caller', async () => {
    const { port } = dashd;
    const caller = await proxy.caller();
    await dashd.stop();
    caller.send(post(COUNT));
    assert.equal((await caller.next()).status, 503);
    dashd = await ScriptedDashd.start(port);
    caller.send(post(COUNT));
    assert.equal((await caller.next()).body, OK);
  });
});

describe('listening', () => {
  it('says what stands in the way and what to do about it, and listens once the way is free', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    const late = ProxyUnderTest.open(`http://127.0.0.1:${dashd.port}`, {}, port);
    await eventually(() => late.states[0], 'a complaint');
    assert.deepEqual(late.states, [
      {
        state: 'down',
        detail: `cannot listen on 127.0.0.1:${port} (EADDRINUSE): set proxy.host and proxy.port to a free address and port of this machine`,
      },
    ]);
    squatter.close();
    assert.equal(await late.up(), port);
    assert.equal((await late.call(COUNT)).body, OK);
    await late.stop();
  });

  it('can be given up while the way is not free', async () => {
    const taken = ProxyUnderTest.open(`http://127.0.0.1:${dashd.port}`, {}, dashd.port);
    await eventually(() => taken.states[0], 'a complaint');
    await taken.close();
    assert.equal(taken.states.length, 1);
  });

  it('ends with close: no caller is let in, one that waits for dashd is hung up on', async () => {
    dashd.answer = () => undefined;
    const caller = await proxy.caller();
    const port = await proxy.up();
    caller.send(post('{"method":"getblocktemplate"}'));
    await dashd.request(0);
    await proxy.close();
    await caller.ended();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    squatter.close();
    await proxy.close();
  });
});
