import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { Agent, request } from 'undici';
import { probeSocks, type SocksOutcome, socksDial } from '../../src/adapters/socks.js';
import { socksConnector } from '../../src/adapters/socks-http.js';
import { SocksHandshake, type SocksStep } from '../../src/adapters/socks5.js';
import type { TcpConnection } from '../../src/adapters/tcp.js';
import { SocksServer } from '../support/socks-server.js';

const USER = { user: 'run-1', password: 'run-1' };
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const METHOD = Buffer.from('0502', 'hex');
const ACCEPTED = Buffer.from('0100', 'hex');
const CONNECTED = Buffer.from('05000001000000000000', 'hex');

/** What a handshake does with these chunks; undefined for those after which it waits for more. */
function steps(target: { host: string; port: number } | undefined, ...chunks: Buffer[]): (SocksStep | undefined)[] {
  const handshake = new SocksHandshake({ ...USER, ...(target !== undefined && { target }) });
  return chunks.map((chunk) => handshake.receive(chunk));
}

function sent(step: SocksStep | undefined): string {
  return step?.type === 'send' ? step.bytes.toString('hex') : `${step?.type}`;
}

describe('a SOCKS5 handshake', () => {
  it('offers a user and password and nothing else, so that a proxy cannot choose to keep nobody apart', () => {
    assert.equal(new SocksHandshake(USER).greeting.toString('hex'), '050102');
  });

  it('sends its user, then the command, and is open with what came behind the answer', () => {
    const [auth, command, opened] = steps(
      { host: ONION, port: 9999 },
      METHOD,
      ACCEPTED,
      Buffer.concat([CONNECTED, Buffer.from('abc')]),
    );
    assert.equal(sent(auth), `0105${Buffer.from('run-1').toString('hex')}05${Buffer.from('run-1').toString('hex')}`);
    assert.equal(sent(command), `050100033e${Buffer.from(ONION).toString('hex')}270f`);
    assert.deepEqual(opened, { type: 'open', rest: Buffer.from('abc') });
  });

  for (const [host, bytes] of [
    ['203.0.113.7', '01cb007107'],
    ['2001:db8::1', '0420010db8000000000000000000000001'],
    ['node.example', `030c${Buffer.from('node.example').toString('hex')}`],
    ['node.example.', `030c${Buffer.from('node.example').toString('hex')}`],
  ] as const) {
    it(`asks for ${host}`, () => {
      assert.equal(sent(steps({ host, port: 1 }, METHOD, ACCEPTED)[1]), `050100${bytes}0001`);
    });
  }

  for (const [what, reply] of [
    ['IPv4', '050000017f0000010001'],
    ['IPv6', `05000004${'00'.repeat(16)}0001`],
    ['a name', '05000003036162630001'],
  ] as const) {
    it(`reads an answer with ${what}, however it is cut`, () => {
      const bytes = [...Buffer.from(`${reply}ff`, 'hex')].map((byte) => Buffer.from([byte]));
      const all = steps({ host: 'a', port: 1 }, METHOD, ACCEPTED, ...bytes.slice(0, -1));
      assert.deepEqual(all.slice(2, -1), all.slice(2, -1).fill(undefined));
      assert.deepEqual(all.at(-1), { type: 'open', rest: Buffer.alloc(0) });
    });
  }

  it('without a target is open once its user is accepted', () => {
    assert.equal(steps(undefined, METHOD, ACCEPTED)[1]?.type, 'open');
  });

  for (const [what, chunks, fault] of [
    ['a web server', ['HTTP/1.1 400 Bad Request'], { code: 'not-socks', bytes: '485454502f312e31' }],
    ['SOCKS4', ['\x04\x5a'], { code: 'not-socks', bytes: '045a' }],
    ['a proxy without a method in common', ['\x05\xff'], { code: 'auth' }],
    ['a proxy that chooses no authentication', ['\x05\x00'], { code: 'auth' }],
    ['a method that was not offered', ['\x05\x01'], { code: 'not-socks', bytes: '0501' }],
    ['a proxy that talks out of turn', ['\x05\x02\x01\x00'], { code: 'not-socks', bytes: '05020100' }],
    ['a proxy that refuses the user', ['\x05\x02', '\x01\x01'], { code: 'auth' }],
    ['garbage for an answer to the user', ['\x05\x02', '\x07\x00'], { code: 'not-socks', bytes: '0700' }],
    ['a refusal', ['\x05\x02', '\x01\x00', '\x05\x04'], { code: 'reply', reply: 4 }],
    ['a refusal of Tor', ['\x05\x02', '\x01\x00', '\x05\xf0\x00\x01'], { code: 'reply', reply: 0xf0 }],
    [
      'an unknown kind of address',
      ['\x05\x02', '\x01\x00', '\x05\x00\x00\x09'],
      { code: 'not-socks', bytes: '05000009' },
    ],
  ] as const) {
    it(`names ${what} for what it is`, () => {
      const last = steps({ host: 'a', port: 1 }, ...chunks.map((text) => Buffer.from(text, 'latin1'))).at(-1);
      assert.deepEqual(last, { type: 'fault', fault });
    });
  }

  it('whatever it reads, asks for more, or ends: it never throws', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(METHOD, ACCEPTED, CONNECTED));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
        const handshake = new SocksHandshake({ ...USER, target: { host: ONION, port: 9999 } });
        for (const chunk of chunks) {
          const step = handshake.receive(Buffer.from(chunk));
          if (step?.type === 'open' || step?.type === 'fault') return;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has no words for what SOCKS5 cannot say', () => {
    for (const host of ['fe80::1%eth0', 'x'.repeat(256), '']) {
      assert.throws(() => new SocksHandshake({ ...USER, target: { host, port: 1 } }), RangeError, host);
    }
  });
});

describe('a connection through a SOCKS proxy', () => {
  const open: (() => unknown)[] = [];
  after(() => Promise.all(open.map((close) => close())));

  /** A server that does to each client what a test wants. */
  async function serving(serve: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  async function proxied(route: ConstructorParameters<typeof SocksServer>[0]): Promise<SocksServer> {
    const server = await new SocksServer(route).start();
    open.push(() => server.stop());
    return server;
  }

  /** Dials through the proxy until the connection is made or over. @returns all that was reported */
  async function dialled(port: number, { host = 'peer.example', timeoutMs = 60_000, proxyTimeoutMs = 60_000 } = {}) {
    const reported: string[] = [];
    const outcomes: SocksOutcome[] = [];
    const received: Buffer[] = [];
    let connection: TcpConnection | undefined;
    await new Promise<void>((resolve) => {
      const dial = socksDial(
        { host: '127.0.0.1', port },
        { credentials: () => USER, onOutcome: (outcome) => outcomes.push(outcome), proxyTimeoutMs },
      );
      connection = dial({ host, port: 9999 }, timeoutMs, {
        connected() {
          reported.push('connected');
          resolve();
        },
        data: (chunk) => received.push(chunk),
        closed(code, detail) {
          reported.push(`${code}: ${detail}`);
          resolve();
        },
      });
    });
    assert.ok(connection);
    open.push(() => connection?.destroy());
    return { connection, reported, outcomes, received };
  }

  it('carries bytes both ways, under its own user, and does not call the proxy its peer', async () => {
    const echo = await serving((socket) => socket.pipe(socket));
    const proxy = await proxied(() => ({ to: echo }));
    const { connection, reported, outcomes, received } = await dialled(proxy.port, { host: ONION });
    connection.write([Buffer.from('ping')]);
    while (Buffer.concat(received).length < 4) await new Promise(setImmediate);
    assert.deepEqual([Buffer.concat(received).toString(), reported], ['ping', ['connected']]);
    assert.deepEqual(outcomes, [{ type: 'opened' }]);
    assert.deepEqual(proxy.asked, [{ ...USER, host: ONION, port: 9999 }]);
    assert.equal(connection.endpoint, undefined);
  });

  for (const [reply, code, text] of [
    [1, 'tor-failure', /general failure/],
    [2, 'tor-not-allowed', /not allowed/],
    [3, 'tor-unreachable', /network unreachable/],
    [4, 'tor-unreachable', /host unreachable/],
    [5, 'tor-refused', /connection refused/],
    [6, 'tor-timeout', /TTL expired/],
    [8, 'tor-failure', /address type/],
    [0xf0, 'tor-onion', /not found/],
    [0xf7, 'tor-onion', /timed out/],
    [99, 'tor-failure', /unknown reply \(99\)/],
  ] as const) {
    it(`that the proxy refuses with ${reply} ends with ${code}`, async () => {
      const proxy = await proxied(() => ({ reply }));
      const { reported, outcomes } = await dialled(proxy.port);
      assert.equal(reported.length, 1);
      assert.match(reported[0] ?? '', new RegExp(`^${code}: `));
      assert.match(reported[0] ?? '', text);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.type === 'failed' && outcome.code),
        [code],
      );
    });
  }

  for (const [what, code, serve] of [
    ['a web server', 'proxy-not-socks', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a proxy that wants no user', 'proxy-auth', (socket: Socket) => socket.write(Buffer.from('0500', 'hex'))],
    ['one that closes at once', 'proxy-closed', (socket: Socket) => socket.end()],
    ['one that resets', 'proxy-closed', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
    [
      'one that closes half-way',
      'proxy-closed',
      (socket: Socket) => {
        socket.once('data', () => {
          socket.write(METHOD);
          socket.once('data', () => socket.end(Buffer.from('01', 'hex')));
        });
      },
    ],
  ] as const) {
    it(`to ${what} ends with ${code}, once`, async () => {
      const { reported, outcomes } = await dialled(await serving(serve));
      assert.equal(reported.length, 1);
      assert.match(reported[0] ?? '', new RegExp(`^${code}: 127.0.0.1:\\d+ `));
      assert.equal(outcomes.length, 1);
    });
  }

  it('to a proxy that is not there ends with proxy-unreachable', async () => {
    const proxy = await new SocksServer(() => 'silence').start();
    const { port } = proxy;
    await proxy.stop();
    const { reported } = await dialled(port);
    assert.deepEqual(reported, [`proxy-unreachable: 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`]);
  });

  it('to a proxy that says nothing is given up for the proxy’s fault, and to a target that does not answer for its own', async () => {
    const mute = await serving(() => undefined);
    const silent = await dialled(mute, { proxyTimeoutMs: 20 });
    assert.deepEqual(silent.reported, [`proxy-timeout: 127.0.0.1:${mute} did not answer within 0.02 s`]);
    const proxy = await proxied(() => 'silence');
    const slow = await dialled(proxy.port, { timeoutMs: 20 });
    assert.deepEqual(slow.reported, ['dial-timeout: no connection within 0.02 s']);
  });

  it('that is destroyed while the proxy works reports nothing', async () => {
    const proxy = await proxied(() => 'silence');
    const outcomes: SocksOutcome[] = [];
    const dial = socksDial(
      { host: '127.0.0.1', port: proxy.port },
      { credentials: () => USER, onOutcome: (outcome) => outcomes.push(outcome) },
    );
    const unexpected = (): never => assert.fail('reported');
    const connection = dial({ host: 'a', port: 1 }, 60_000, {
      connected: unexpected,
      data: unexpected,
      closed: unexpected,
    });
    while (proxy.asked.length === 0) await new Promise(setImmediate);
    connection.destroy();
    await proxy.stop();
    assert.deepEqual(outcomes, []);
  });

  it('is not needed to learn whether the proxy accepts us', async () => {
    const probed = (port: number): Promise<SocksOutcome> =>
      new Promise((resolve) =>
        probeSocks({ host: '127.0.0.1', port }, { credentials: () => USER, onOutcome: resolve }),
      );
    const proxy = await proxied(() => 'silence');
    assert.deepEqual(await probed(proxy.port), { type: 'opened' });
    assert.deepEqual(proxy.asked, []);
    const web = await serving((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const outcome = await probed(web);
    assert.equal(outcome.type === 'failed' && outcome.code, 'proxy-not-socks');
  });
});

describe('HTTP through a SOCKS proxy', () => {
  const open: (() => unknown)[] = [];
  after(() => Promise.all(open.map((close) => close())));

  async function receiver(): Promise<{ readonly port: number; readonly got: string[] }> {
    const got: string[] = [];
    const server = createHttpServer((asked, answer) => {
      got.push(`${asked.method} ${asked.headers.host}${asked.url}`);
      answer.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(() => server.close());
    return { port: (server.address() as AddressInfo).port, got };
  }

  function agentFor(proxy: SocksServer): Agent {
    const isProxied = (host: string): boolean => host !== '127.0.0.1';
    const connect = socksConnector(
      { host: '127.0.0.1', port: proxy.port },
      { credentials: () => USER, isProxied, timeoutMs: 60_000 },
    );
    const agent = new Agent({ connect });
    open.unshift(() => agent.destroy());
    return agent;
  }

  it('reaches a host by its name, which nobody here looks up, and another directly', async () => {
    const { port, got } = await receiver();
    const proxy = await new SocksServer(() => ({ to: port })).start();
    open.push(() => proxy.stop());
    const dispatcher = agentFor(proxy);
    for (const host of ['hooks.example', 'hooks.example:8080', `127.0.0.1:${port}`]) {
      const { statusCode } = await request(`http://${host}/x`, { dispatcher, method: 'POST' });
      assert.equal(statusCode, 200);
    }
    assert.deepEqual(got, ['POST hooks.example/x', 'POST hooks.example:8080/x', `POST 127.0.0.1:${port}/x`]);
    assert.deepEqual(
      proxy.asked.map((asked) => `${asked.host}:${asked.port}`),
      ['hooks.example:80', 'hooks.example:8080'],
    );
  });

  it('speaks TLS with the host, behind the proxy: what is no TLS there fails', async () => {
    const { port, got } = await receiver();
    const proxy = await new SocksServer(() => ({ to: port })).start();
    open.push(() => proxy.stop());
    await assert.rejects(request('https://hooks.example/x', { dispatcher: agentFor(proxy) }));
    assert.deepEqual([proxy.asked.map((asked) => asked.port), got], [[443], []]);
  });

  it('fails with the code of the proxy', async () => {
    const proxy = await new SocksServer(() => ({ reply: 6 })).start();
    open.push(() => proxy.stop());
    await assert.rejects(request('http://hooks.example/', { dispatcher: agentFor(proxy) }), { code: 'TOR_TIMEOUT' });
  });
});
