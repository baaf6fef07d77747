/** The proxy as a way for blocks: what it shows on the way, when, and what it hears of it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RpcAnswer } from '../../src/contracts/rpc.js';
import { ProxyUnderTest, post, ScriptedDashd, saying } from './rpc-proxy-support.js';

const RAW = randomBytes(300);
const HEX = RAW.toString('hex');
const SUBMIT = `{"jsonrpc":"1.0","id":"x","method":"submitblock","params":["${HEX}"]}`;
const ACCEPTED: RpcAnswer = { ok: true, result: null };

let dashd: ScriptedDashd;
let proxy: ProxyUnderTest;
/** dashd's words on the blocks, as they come. */
let words: Promise<RpcAnswer>[];

beforeEach(async () => {
  dashd = await ScriptedDashd.start();
  proxy = await ProxyUnderTest.start(dashd, { submitResultMs: 60_000 });
  await proxy.poll(dashd);
  words = [];
  proxy.onBlock = ({ forward }) => {
    words.push(forward());
    return 'the block was sent to 3 peers';
  };
});
afterEach(async () => {
  await proxy.stop();
  await dashd.stop();
});

describe('a block that is submitted', () => {
  for (const [what, body] of [
    ['alone', SUBMIT],
    ['by JSON-RPC 1.1, its params first', `{"params":["${HEX}"],"version":"1.1","id":1,"method":"submitblock"}`],
    ['by JSON-RPC 2.0', `{"jsonrpc":"2.0","method":"submitblock","params":["${HEX}"],"id":null}`],
    [
      'with a second parameter, spaces and lines',
      `\r\n{ "method" :\t"submitblock" ,\n"params" : [ "${HEX}" , {"workid":"x"} ] }\n`,
    ],
    ['by name', `{"id":1,"method":"submitblock","params":{"hexdata":"${HEX}","dummy":"x"}}`],
    ['by position in a named one', `{"id":1,"method":"submitblock","params":{"args":["${HEX}"]}}`],
    ['in capitals', SUBMIT.replace(HEX, HEX.toUpperCase())],
    ['behind escapes', SUBMIT.replace('submitblock', 'submit\\u0062lock')],
    ['in a batch of one', `[${SUBMIT}]`],
    [
      'in a batch, between others',
      `[{"id":1,"method":"getblockcount"},${SUBMIT},{"id":2,"method":"getblock","params":["00"]}]`,
    ],
  ] as const) {
    it(`is seen ${what}, and passes to dashd as it is`, async () => {
      await proxy.call(body);
      assert.deepEqual(
        proxy.blocks.map(({ raw }) => raw),
        [RAW],
      );
      assert.deepEqual(
        dashd.asked.map((asked) => String(asked.body)),
        [body],
      );
    });
  }

  it('is seen in chunks, and when it is as large as any', async () => {
    const raw = randomBytes(2_000_000);
    const body = SUBMIT.replace(HEX, raw.toString('hex'));
    await proxy.call(body);
    const caller = await proxy.caller();
    caller.send('POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let at = 0; at < body.length; at += 1_000_000) {
      const piece = body.slice(at, at + 1_000_000);
      caller.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    caller.send('0\r\n\r\n');
    await caller.next();
    assert.ok(proxy.blocks.length === 2 && proxy.blocks.every((block) => block.raw.equals(raw)));
    assert.ok(dashd.asked.every((asked) => String(asked.body) === body));
  });

  for (const body of [
    SUBMIT.replace('submitblock', 'getblock'),
    SUBMIT.slice(0, -1),
    `${SUBMIT}}`,
    '{"id":1,"method":"submitblock","params":[]}',
    `{"id":1,"method":"help","params":["${SUBMIT.replaceAll('"', '\\"')}"]}`,
    `{"id":1,"method":"help","params":[${SUBMIT}]}`,
    'submitblock',
  ]) {
    it(`is not seen where there is none: ${body.slice(0, 60)}…`, async () => {
      await proxy.call(body);
      assert.deepEqual([proxy.blocks.length, String(dashd.asked[0]?.body)], [0, body]);
    });
  }

  it('is shown before dashd gets a byte of the request; that it then gets in the same turn', async () => {
    const order: string[] = [];
    dashd.answer = (response, asked) => {
      order.push('dashd');
      saying('{"result":null,"error":null,"id":"x"}\n')(response, asked);
    };
    // Its connection stands.
    await proxy.call('{"method":"help"}');
    order.length = 0;
    proxy.onBlock = () => {
      order.push('shown');
      setImmediate(() => order.push('the next turn'));
      return '';
    };
    const [socket] = dashd.asked.map((asked) => asked.socket);
    const before = socket?.bytesRead;
    const caller = await proxy.caller();
    caller.send(post(SUBMIT));
    await caller.next();
    assert.deepEqual([order[0], dashd.connections], ['shown', 1]);
    assert.ok((socket?.bytesRead ?? 0) > (before ?? 0));
  });

  it('goes to dashd once, whoever hands it over', async () => {
    proxy.onBlock = ({ forward }) => {
      words.push(forward(), forward());
      return '';
    };
    await proxy.call(SUBMIT);
    assert.deepEqual(await Promise.all(words), [ACCEPTED, ACCEPTED]);
    proxy.onBlock = () => '';
    await proxy.call(SUBMIT);
    assert.equal(dashd.asked.length, 2);
  });

  for (const [status, body, word] of [
    [200, '{"result":null,"error":null,"id":"x"}\n', ACCEPTED],
    [200, '{"result":"duplicate","error":null,"id":"x"}\n', { ok: true, result: 'duplicate' }],
    [
      500,
      '{"result":null,"error":{"code":-22,"message":"Block decode failed"},"id":"x"}\n',
      { ok: false, code: 'rpc-error', detail: 'Block decode failed', rpcCode: -22 },
    ],
    [401, '', { ok: false, code: 'unauthorised', detail: 'dashd rejected the user and password' }],
    [403, '', { ok: false, code: 'forbidden', detail: 'dashd does not allow this address or method' }],
    [503, 'Work queue depth exceeded', { ok: false, code: 'http-error', detail: 'HTTP 503 Work queue depth exceeded' }],
  ] as const) {
    it(`has dashd's answer for its submitter as it is, and dashd's word for us: ${status} ${body.trim()}`, async () => {
      dashd.answer = saying(body, status);
      const answer = await proxy.call(SUBMIT);
      assert.deepEqual([answer.status, answer.body], [status, body]);
      assert.deepEqual(await Promise.all(words), [word]);
    });
  }

  it('in a batch has the word that stands at its place', async () => {
    const other = randomBytes(300);
    dashd.answer = saying(
      '[{"result":7,"error":null,"id":1},{"result":"high-hash","error":null,"id":"x"},{"result":null,"error":{"code":-22,"message":"no"},"id":3}]\n',
    );
    const batch = `[{"id":1,"method":"getblockcount"},${SUBMIT},{"id":3,"method":"submitblock","params":["${other.toString('hex')}"]}]`;
    await proxy.call(batch);
    assert.deepEqual(
      proxy.blocks.map(({ raw }) => raw),
      [RAW, other],
    );
    assert.deepEqual(await Promise.all(words), [
      { ok: true, result: 'high-hash' },
      { ok: false, code: 'rpc-error', detail: 'no', rpcCode: -22 },
    ]);
    assert.equal(dashd.asked.length, 1);
  });

  it('in a batch that is answered as a whole has that answer for its word', async () => {
    dashd.answer = saying('', 401);
    await proxy.call(`[${SUBMIT}]`);
    assert.deepEqual(await Promise.all(words), [
      { ok: false, code: 'unauthorised', detail: 'dashd rejected the user and password' },
    ]);
    dashd.answer = saying('[]\n');
    await proxy.poll(dashd);
    await proxy.call(`[${SUBMIT}]`);
    assert.equal((await words[1])?.ok, false);
  });
});

describe('a block without an answer', () => {
  it('informs its submitter that dashd is not there, and what was done with the block', async () => {
    const { port } = dashd;
    await dashd.stop();
    const { status, body } = await proxy.call(SUBMIT);
    assert.equal(status, 503);
    const message = `blockcast: dashd at 127.0.0.1:${port} is unreachable (ECONNREFUSED); the block was sent to 3 peers`;
    assert.equal(body, `{"result":null,"error":{"code":-32603,"message":"${message}"},"id":"x"}\n`);
    const [word] = await Promise.all(words);
    assert.ok(word?.ok === false && word.code === 'unreachable');
  });

  it('in a batch has that in the error of its own call only', async () => {
    await dashd.stop();
    const { body } = await proxy.call(`[{"id":1,"method":"getblockcount"},${SUBMIT}]`);
    const messages = JSON.parse(body).map(({ error }: { error: { message: string } }) => error.message);
    assert.doesNotMatch(messages[0], /peers/);
    assert.match(messages[1], /the block was sent to 3 peers$/);
  });

  it('is known to have none when dashd breaks off before, or in the middle', async () => {
    dashd.answer = (_response, { socket }) => socket.destroy();
    const { status, body } = await proxy.call(SUBMIT);
    assert.equal(status, 502);
    assert.match(body, /closed the connection before replying \(ECONNRESET\); the block was sent to 3 peers/);
    dashd.answer = (response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"result":null', () => response.destroy());
    };
    const caller = await proxy.caller();
    caller.send(post(SUBMIT));
    await caller.ended();
    const codes = (await Promise.all(words)).map((word) => !word.ok && word.code);
    assert.deepEqual(codes, ['unreachable', 'unreachable']);
  });

  it('has no word after some time, but its answer whenever that comes', async () => {
    const brief = await ProxyUnderTest.start(dashd, { submitResultMs: 1 });
    await brief.poll(dashd);
    brief.onBlock = proxy.onBlock;
    let answer = () => undefined as unknown;
    dashd.answer = (response, asked) => {
      answer = () => saying('"late"')(response, asked);
    };
    const caller = await brief.caller();
    caller.send(post(SUBMIT));
    await dashd.request(0);
    const [word] = await Promise.all(words);
    assert.ok(word?.ok === false && word.code === 'timeout');
    answer();
    assert.equal((await caller.next()).body, '"late"');
    await brief.stop();
  });

  it('goes its way although its submitter has gone: dashd is not hung up on, and its word is heard', async () => {
    let answer = () => undefined as unknown;
    dashd.answer = (response, asked) => {
      answer = () => saying('{"result":null,"error":null,"id":"x"}\n')(response, asked);
    };
    const caller = await proxy.caller();
    caller.send(post(SUBMIT));
    const { socket } = await dashd.request(0);
    caller.socket.resetAndDestroy();
    await once(caller.socket, 'close');
    // A call of another caller's, begun later, is through: had dashd been hung up on, that would have happened by now.
    dashd.answer = saying('{}');
    await proxy.call('{"method":"help"}');
    assert.equal(socket.destroyed, false);
    answer();
    assert.deepEqual(await Promise.all(words), [ACCEPTED]);
  });

  it('is waited for when the proxy is closed, longer than other calls are', async () => {
    const answers = new Map<string, () => unknown>();
    dashd.answer = (response, asked) => {
      const body = String(asked.body);
      answers.set(body, () => saying('"accepted"')(response, asked));
    };
    const [submitter, poller] = [await proxy.caller(), await proxy.caller()];
    submitter.send(post(SUBMIT));
    poller.send(post('{"method":"getblocktemplate"}'));
    await dashd.request(1);
    const closing = proxy.close();
    // Longer than the grace that other calls have.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(submitter.over, false);
    answers.get(SUBMIT)?.();
    assert.equal((await submitter.next()).body, '"accepted"');
    await Promise.all([closing, poller.ended()]);
  });
});
