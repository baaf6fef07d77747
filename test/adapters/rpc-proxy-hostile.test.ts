/** Callers that send what they should not: each gets an error, nobody else notices, and memory stays bounded. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ThrottledReporter } from '../../src/adapters/rpc-proxy/throttled-reporter.js';
import { type Caller, OK, ProxyUnderTest, post, ScriptedDashd, saying } from './rpc-proxy-support.js';

const COUNT = '{"id":1,"method":"getblockcount"}';
const SUBMIT = `{"id":1,"method":"submitblock","params":["${'00'.repeat(100)}"]}`;

let dashd: ScriptedDashd;
let proxy: ProxyUnderTest | undefined;

beforeEach(async () => {
  dashd = await ScriptedDashd.start();
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
  await dashd.stop();
});

async function start(limits: Parameters<typeof ProxyUnderTest.start>[1] = {}): Promise<ProxyUnderTest> {
  proxy = await ProxyUnderTest.start(dashd, limits);
  return proxy;
}

describe('what is no HTTP', () => {
  for (const [what, text, status] of [
    ['words', 'hello world\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a length that is no number', 'POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n{}', 400],
    ['a negative length', 'POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n{}', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400],
    ['a length beyond all numbers', `POST / HTTP/1.1\r\nContent-Length: ${'9'.repeat(40)}\r\n\r\n{}`, 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      400,
    ],
    [
      'an encoding that is not chunked',
      'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      400,
    ],
    ['another expectation than 100-continue', 'POST / HTTP/1.1\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n{}', 417],
    ['a chunk without a size', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n', 400],
    ['headers without end', `POST / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['a way to elsewhere', 'CONNECT example.org:443 HTTP/1.1\r\n\r\n', 501],
  ] as const) {
    it(`is turned away with ${status}, and reaches no dashd: ${what}`, async () => {
      const caller = await (await start()).caller();
      caller.socket.end(Buffer.from(text, 'latin1'));
      assert.equal((await caller.next()).status, status);
      await caller.ended();
      assert.equal(dashd.asked.length, 0);
      if (status !== 501) assert.match((await proxy?.fault('bad-request')) ?? '', /\w/);
    });
  }

  it('behind a call that is being answered ends the connection: an answer would be taken for that of the call', async () => {
    const open = await start();
    dashd.answer = () => undefined;
    const caller = await open.caller();
    caller.send(post(COUNT));
    await dashd.request(0);
    caller.send('hello world\r\n\r\n');
    await caller.ended();
    assert.equal(caller.rest, '');
  });

  it('is no fault when it is nothing at all, or ends in the middle', async () => {
    const open = await start({ requestMs: 50 });
    const silent = await open.caller();
    const leaving = await open.caller();
    leaving.socket.end('POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{');
    await Promise.all([silent.ended(), leaving.ended()]);
    assert.deepEqual([silent.rest, open.faults], ['', []]);
  });
});

describe('a body that is no JSON-RPC', () => {
  for (const body of [
    '',
    'null',
    '[]',
    'submitblock',
    '{"method":"submitblock"',
    '\\',
    '\u0000',
    '[[[[[[',
    '{}'.repeat(1_000),
  ]) {
    it(`is dashd's to answer: ${JSON.stringify(body.slice(0, 30))}`, async () => {
      const open = await start();
      assert.equal((await open.call(body)).body, OK);
      assert.equal(String(dashd.asked[0]?.body), body);
      assert.deepEqual([open.blocks, open.faults], [[], []]);
    });
  }
});

describe('a caller that takes its time', () => {
  it('is turned away with 408, and holds up nobody', async () => {
    const open = await start({ requestMs: 300 });
    const slow = await open.caller();
    slow.send('POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"id"');
    assert.equal((await open.call(COUNT)).body, OK);
    assert.equal((await slow.next()).status, 408);
    await slow.ended();
    assert.match(await open.fault('slow-request'), /408/);
    assert.equal((await open.call(COUNT)).body, OK);
    assert.equal(dashd.asked.length, 2);
  });

  it('gives back the memory that its request took', async () => {
    const open = await start({ memoryBytes: 1_000 });
    for (let turn = 0; turn < 5; turn += 1) {
      const caller = await open.caller();
      caller.send(`POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(900)}`);
      // The answer to a second connection's call shows that the bytes of the first have been read.
      assert.equal((await open.call(COUNT)).body, OK);
      caller.socket.resetAndDestroy();
      await caller.ended();
    }
    assert.equal((await open.call(SUBMIT.padEnd(900))).body, OK);
    assert.deepEqual([open.blocks.length, open.faults], [1, []]);
  });
});

describe('a body larger than a block can be', () => {
  const large = ' '.repeat(1_000) + SUBMIT;

  it('passes to dashd without a look into it, from its first byte on', async () => {
    const open = await start({ bodyBytes: 1_000 });
    const caller = await open.caller();
    caller.send(`POST / HTTP/1.1\r\nContent-Length: ${large.length}\r\n\r\n`);
    await new Promise(setImmediate);
    caller.send(large.slice(0, 500));
    // It is on its way before it is all there.
    while (dashd.open === 0) await new Promise(setImmediate);
    caller.send(large.slice(500));
    assert.equal((await caller.next()).body, OK);
    assert.equal(String(dashd.asked[0]?.body), large);
    assert.equal(open.blocks.length, 0);
    assert.match(await open.fault('body-too-large'), /larger than any block/);
    assert.equal((await open.call(SUBMIT)).body, OK);
    assert.equal(open.blocks.length, 1);
  });

  it('that dashd does not want is not waited for', async () => {
    const open = await start();
    dashd.early = (response) => response.writeHead(413, { Connection: 'close', 'Content-Length': 0 }).end();
    const caller = await open.caller();
    caller.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n');
    const { status, head } = await caller.next();
    assert.equal(status, 413);
    assert.match(head, /\r\nConnection: close/);
    await caller.ended();
  });

  it('that does not say its length passes from where it becomes too large', async () => {
    const open = await start({ bodyBytes: 1_000 });
    const caller = await open.caller();
    caller.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const char of large) caller.send(`1\r\n${char}\r\n`);
    caller.send('0\r\n\r\n');
    assert.equal((await caller.next()).body, OK);
    assert.equal(String(dashd.asked[0]?.body), large);
    assert.equal(open.blocks.length, 0);
    await open.fault('body-too-large');
  });

  it('of 40 MB passes, and ends in an error when dashd has gone', async () => {
    const open = await start();
    const caller = await open.caller();
    const piece = Buffer.alloc(1_000_000, 'x');
    caller.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${40 * piece.length}\r\n\r\n`);
    for (let count = 0; count < 40; count += 1) caller.send(piece);
    await caller.next();
    assert.equal(dashd.asked[0]?.body.length, 40 * piece.length);

    await dashd.stop();
    const other = await open.caller();
    other.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${40 * piece.length}\r\n\r\n`, piece);
    const { status, head } = await other.next();
    assert.equal(status, 503);
    assert.match(head, /Connection: close/);
  });
});

describe('many callers at once', () => {
  it('share a bounded memory: what is beyond it passes to dashd without a look, and is not refused', async () => {
    const open = await start({ memoryBytes: 10_000 });
    const held: Caller[] = [];
    dashd.answer = (response, asked) => {
      if (!String(asked.body).includes('held')) saying(OK)(response, asked);
    };
    for (let count = 0; count < 9; count += 1) {
      const caller = await open.caller();
      caller.send(post('held'.padEnd(1_000), 'X-Is: known\r\n'));
      held.push(caller);
      await dashd.request(count);
    }
    assert.deepEqual(open.faults, []);
    assert.equal((await open.call(SUBMIT.padEnd(2_000))).body, OK);
    assert.equal(String(dashd.asked[9]?.body).length, 2_000);
    assert.match(await open.fault('buffers-full'), /memory for requests is used up/);
    assert.equal(open.blocks.length, 0);
    for (const caller of held) caller.leave();
    await open.poll(dashd);
    assert.equal((await open.call(SUBMIT.padEnd(9_000))).body, OK);
    assert.equal(open.blocks.length, 1);
  });

  it('that stall lose their place to whoever comes; a caller whom dashd knows has memory that no stranger uses up', async () => {
    const open = await start({ memoryBytes: 10_000 });
    const stalling: Caller[] = [];
    for (let count = 0; count < 20; count += 1) {
      const caller = await open.caller();
      caller.send(`POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(1_990)}`);
      stalling.push(caller);
      // Its bytes have been read once another's are answered.
      assert.equal((await open.call(COUNT, 'X: y\r\n')).status, 200);
    }
    const [first] = stalling;
    assert.equal((await first?.next())?.status, 408);
    assert.match(await open.fault('slow-request'), /dropped a stalled request/);
    await open.poll(dashd);
    assert.equal((await open.call(SUBMIT.padEnd(9_000))).body, OK);
    assert.equal(open.blocks.length, 1);
    const last = stalling.at(-1);
    last?.send('y'.repeat(10));
    assert.equal((await last?.next())?.status, 200, 'the latest have kept theirs');
  });

  it('hold no connection that a newcomer needs, unless dashd knows them', async () => {
    const open = await start({ connections: 8 });
    const pool = await open.caller();
    pool.send(post(COUNT));
    await pool.next();
    const idle: Caller[] = [];
    for (let count = 0; count < 20; count += 1) {
      const caller = await open.caller();
      caller.send('POST / HTTP/1.1\r\n');
      idle.push(caller);
    }
    await idle[0]?.ended();
    assert.equal((await open.call(SUBMIT)).body, OK);
    pool.send(post(SUBMIT));
    assert.equal((await pool.next()).body, OK);
    assert.equal(open.blocks.length, 2);
    assert.equal(open.faults.length, 1);
  });

  it('from one address are no more than it may have', async () => {
    const open = await start({ connectionsPerAddress: 3 });
    const callers: Caller[] = [];
    for (let count = 0; count < 5; count += 1) callers.push(await open.caller());
    await Promise.all([callers[0]?.ended(), callers[1]?.ended()]);
    callers[4]?.send(post(COUNT));
    assert.equal((await callers[4]?.next())?.body, OK);
    assert.match(await open.fault('too-many-connections'), /3 from one address/);
  });

  it('may not send any number of requests ahead; those who do not are not affected', async () => {
    const open = await start({ memoryBytes: 1_000_000 });
    dashd.answer = (response, asked) => {
      if (!String(asked.body).includes('held')) saying(OK)(response, asked);
    };
    // Of bodies over 16 kB Node reads no more until their turn comes: those need no hanging up.
    for (const ahead of [String(post(COUNT)).repeat(1_100), String(post(COUNT.padEnd(15_000))).repeat(100)]) {
      const flooding = await open.caller();
      flooding.send(post('"held"'), ahead);
      await flooding.ended();
      assert.equal(flooding.rest, '');
    }
    assert.match(await open.fault('bad-request'), /too many pipelined requests/);
    await open.poll(dashd);
    assert.equal((await open.call(SUBMIT.replace('0'.repeat(200), '0'.repeat(900_000)))).body, OK);
    assert.equal(open.blocks.length, 1, 'the memory has been given back');
  });

  it('are no more than there is room for', async () => {
    const open = await start({ connections: 3 });
    const callers = await Promise.all([open.caller(), open.caller(), open.caller()]);
    for (const caller of callers) {
      caller.send(post(COUNT));
      assert.equal((await caller.next()).body, OK);
    }
    const excess = await open.caller();
    await excess.ended();
    assert.match(await open.fault('too-many-connections'), /more than 3/);
    callers[0]?.send(post(COUNT));
    assert.equal((await callers[0]?.next())?.body, OK);
  });
});

describe('a batch that is a bomb', () => {
  it('of 100,000 calls passes to dashd without a look for blocks in it', async () => {
    const open = await start();
    await open.poll(dashd);
    const batch = `[${Array(100_000).fill('{"id":1,"method":"submitblock","params":["00"]}').join(',')}]`;
    assert.equal((await open.call(batch)).body, OK);
    assert.equal(dashd.asked[0]?.body.length, batch.length);
    assert.equal(open.blocks.length, 0);
    await open.fault('batch-too-large');
  });

  it('of 1,000 blocks has the first 16 shown, and passes to dashd as it is', async () => {
    const open = await start();
    await open.poll(dashd);
    const batch = `[${Array(1_000).fill(SUBMIT).join(',')}]`;
    assert.equal((await open.call(batch)).body, OK);
    assert.equal(String(dashd.asked[0]?.body), batch);
    assert.equal(open.blocks.length, 16);
    assert.match(await open.fault('too-many-blocks'), /1000 blocks/);
  });

  it('has one error for all of it when dashd is not there', async () => {
    const open = await start();
    await dashd.stop();
    const { status, body } = await open.call(`[${Array(100_000).fill(COUNT).join(',')}]`);
    assert.equal(status, 503);
    assert.ok(body.length < 1_000 && JSON.parse(body).id === null);
  });
});

describe('an address of dashd that is the own', () => {
  it('is reported instead of followed in a circle', async () => {
    const [port] = [dashd.port];
    await dashd.stop();
    proxy = ProxyUnderTest.open(`http://127.0.0.1:${port}`, {}, port);
    const { status, body } = await proxy.call(COUNT);
    assert.equal(status, 508);
    assert.match(body, new RegExp(`127\\.0\\.0\\.1:${port} is the address of this proxy`));
    await proxy.fault('loop');
    dashd = await ScriptedDashd.start();
  });
});

describe('a web page', () => {
  for (const field of [
    'Origin: https://example.org',
    'Origin: null',
    'oRIGIN: http://127.0.0.1',
    'Sec-Fetch-Site: none',
    'Sec-Fetch-Dest: empty',
    'Sec-Fetch-Mode: no-cors',
  ]) {
    it(`gets 403 and reaches neither dashd nor a peer, with the right password too: ${field}`, async () => {
      const open = await start();
      await open.poll(dashd);
      const { status, head, body } = await open.call(SUBMIT, `${field}\r\nContent-Type: text/plain\r\n`);
      assert.equal(status, 403);
      assert.match(head, /Connection: close/);
      assert.match(JSON.parse(body).error.message, /cross-site request rejected/);
      assert.deepEqual([dashd.asked.length, open.blocks.length], [0, 0]);
    });
  }

  it("is not what a program on Node is, whose fetch sends one of a browser's fields", async () => {
    const open = await start();
    assert.equal((await open.call(COUNT, 'sec-fetch-mode: cors\r\n')).status, 200);
  });

  it('cannot point a name of its own here and read', async () => {
    const open = await start();
    for (const [host, status] of [
      ['evil.example.org:28502', 403],
      ['evil.example.org.', 403],
      ['127.0.0.1.evil.example.org', 403],
      ['127.0.0.1:28502', 200],
      ['[::1]:28502', 200],
      ['localhost', 200],
      ['dashd', 200],
      ['blockcast.localhost:1', 200],
    ] as const) {
      const caller = await open.caller();
      caller.send(`GET /rest/chaininfo.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal((await caller.next()).status, status, host);
    }
    assert.equal(dashd.asked.length, 5);
  });
});

describe('a request that is refused', () => {
  for (const [what, head] of [
    [
      'two passwords',
      'POST / HTTP/1.1\r\nAuthorization: Basic dTpw\r\nAuthorization: Basic eDp5\r\nContent-Length: 2\r\n',
    ],
    ['two hosts', 'POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n'],
    ['a length and chunks', 'POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['the same length twice', 'POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n'],
    ['a NUL in a value', 'POST / HTTP/1.1\r\nX: a\0b\r\nContent-Length: 2\r\n'],
    ['a bare CR in a value', 'POST / HTTP/1.1\r\nX: a\rTransfer-Encoding: chunked\r\nContent-Length: 2\r\n'],
    ['a blank before the colon', 'POST / HTTP/1.1\r\nContent-Length : 2\r\n'],
    ['a hundred fields', `POST / HTTP/1.1\r\n${'X: y\r\n'.repeat(120)}Content-Length: 2\r\n`],
    ['an origin', 'POST / HTTP/1.1\r\nOrigin: null\r\nContent-Length: 2\r\n'],
  ] as const) {
    it(`ends its connection, and what stands behind it is not carried out: ${what}`, async () => {
      const open = await start();
      const caller = await open.caller();
      caller.send(
        Buffer.concat([Buffer.from(`${head}\r\n{}`, 'latin1'), Buffer.from(post(COUNT)), Buffer.from(post(COUNT))]),
      );
      await caller.ended();
      assert.match(caller.rest, /^HTTP\/1\.1 4\d\d /);
      assert.equal(caller.rest.split('HTTP/1.1 ').length, 2, 'one answer');
      assert.equal(dashd.asked.length, 0);
    });
  }

  it('is no other than the last when the caller says that it is the last', async () => {
    const open = await start();
    const caller = await open.caller();
    caller.send(post(COUNT, 'Connection: close\r\n'), post(COUNT));
    await caller.ended();
    assert.equal(caller.rest.split('HTTP/1.1 ').length, 2);
    assert.equal(dashd.asked.length, 1);
  });
});

describe('the throttled reporter', () => {
  it('are reported once a minute of callers and of dashd, with what was left out', () => {
    let now = 0;
    const reported: string[] = [];
    const reporter = new ThrottledReporter(
      (code, detail) => reported.push(`${code}: ${detail}`),
      () => now,
    );
    for (let count = 0; count < 1_000; count += 1) reporter.report('bad-request', 'a');
    reporter.report('cross-site', 'x');
    reporter.report('dashd-unreachable', 'b');
    now = 59_999;
    reporter.report('bad-request', 'c');
    assert.deepEqual(reported, ['bad-request: a', 'dashd-unreachable: b']);
    now = 60_000;
    reporter.report('bad-request', 'd');
    assert.equal(reported[2], 'bad-request: d (omitted since the previous report: 1000 × bad-request, 1 × cross-site)');
    now = 180_000;
    reporter.report('bad-request', 'e');
    assert.equal(reported[3], 'bad-request: e');
  });
});
