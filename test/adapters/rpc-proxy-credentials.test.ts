/** Whose blocks may go to the peers before dashd has said a word on them. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Answered, KnownCallers } from '../../src/adapters/rpc-proxy/credentials.js';
import { type Answering, OK, ProxyUnderTest, ScriptedDashd, saying } from './rpc-proxy-support.js';

const SUBMIT = `{"id":1,"method":"submitblock","params":["${'ab'.repeat(100)}"]}`;
const RIGHT = 'Basic dTpw';

const ACCEPTED: Answered = { method: 'POST', target: '/', status: 200, contentType: 'application/json' };

describe('a caller', () => {
  let now = 0;
  let known: KnownCallers;
  beforeEach(() => {
    now = 0;
    known = new KnownCallers(() => now);
  });
  const isKnown = (authorization: string | undefined = RIGHT) => known.has(known.credentialOf(authorization));
  const heard = (answered: Partial<Answered>, authorization: string | undefined = RIGHT) =>
    known.heard(known.credentialOf(authorization), { ...ACCEPTED, ...answered });

  it('is known once dashd has answered it behind its password, an error of the call included', () => {
    for (const [answer, target] of [
      [200, '/'],
      [500, '/'],
      [404, '/'],
      [400, '/wallet/x'],
    ] as const) {
      known = new KnownCallers(() => now);
      assert.equal(isKnown(), false);
      assert.equal(heard({ status: answer, target }), true);
      assert.equal(isKnown(), true);
    }
  });

  it('is not known by what dashd answers without a look at the password', () => {
    for (const answered of [
      { status: 401 },
      { status: 403 },
      { status: 401, contentType: undefined },
      { status: 503, contentType: 'text/html' },
      { status: 404, contentType: undefined },
      { method: 'GET' },
      { target: '/rest/chaininfo.json' },
      { target: '/nothing' },
      { target: 'http://127.0.0.1/' },
    ]) {
      assert.equal(heard(answered), false);
      assert.equal(isKnown(), false, JSON.stringify(answered));
    }
  });

  it('is no other caller, and not one without a password', () => {
    heard({});
    assert.equal(known.heard(undefined, ACCEPTED), false);
    assert.deepEqual(
      [isKnown(), isKnown('Basic dTpx'), isKnown('Basic dTpw '), known.has(undefined)],
      [true, false, false, false],
    );
  });

  for (const status of [401, 403]) {
    it(`is forgotten when dashd answers it with ${status}`, () => {
      heard({});
      heard({ status, contentType: undefined });
      assert.equal(isKnown(), false);
    });
  }

  it('is forgotten an hour after dashd last accepted it', () => {
    heard({});
    now = 3_000_000;
    heard({});
    now = 6_500_000;
    assert.equal(isKnown(), true);
    now = 6_600_000;
    assert.equal(isKnown(), false);
  });

  it('stays known as long as dashd is away, and has to show itself anew to the dashd that comes back', () => {
    heard({});
    heard({}, 'Basic other');
    known.dashdIsAway();
    assert.equal(isKnown(), true);
    heard({});
    assert.deepEqual([isKnown(), isKnown('Basic other')], [true, false]);
  });

  it('is one of 64 at most: the one that dashd accepted least recently is forgotten', () => {
    for (let count = 0; count < 70; count += 1) heard({}, `Basic ${count}`);
    assert.deepEqual([isKnown('Basic 5'), isKnown('Basic 6'), isKnown('Basic 69')], [false, true, true]);
  });

  it("is known at once with the relay's own credentials, until dashd refuses them; a new cookie of the relay's is another", () => {
    let own: string | undefined = RIGHT;
    known = new KnownCallers(
      () => now,
      () => own,
    );
    assert.deepEqual([isKnown(), isKnown('Basic dTpx'), known.has(undefined)], [true, false, false]);
    now = 10_000_000;
    assert.equal(isKnown(), true);
    heard({ status: 401, contentType: undefined });
    assert.equal(isKnown(), false);
    own = 'Basic renewed';
    assert.deepEqual([isKnown(), isKnown('Basic renewed')], [false, true]);
    own = RIGHT;
    heard({});
    assert.equal(isKnown(), true);
    own = undefined;
    assert.deepEqual([isKnown('Basic renewed'), known.has(undefined)], [false, false]);
  });

  it('leaves no trace of its password in memory that is kept', () => {
    heard({}, 'Basic c2VjcmV0');
    const kept = JSON.stringify(known, (_key, value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value));
    assert.ok(!kept.includes('c2VjcmV0') && !kept.includes('secret'));
  });
});

describe('a block in a request', () => {
  let dashd: ScriptedDashd;
  let proxy: ProxyUnderTest;
  let words: unknown[];
  beforeEach(async () => {
    dashd = await ScriptedDashd.start();
    proxy = await ProxyUnderTest.start(dashd);
    words = [];
    proxy.onBlock = ({ submitter, forward }) => {
      void forward().then((word) => words.push([submitter, dashd.asked.length, word]));
      return '';
    };
    dashd.answer = guarded;
  });
  afterEach(async () => {
    await proxy.stop();
    await dashd.stop();
  });

  const guarded: Answering = (response, asked) => {
    const isRight = asked.headers.includes(RIGHT);
    if (isRight) saying(OK)(response, asked);
    else response.writeHead(401, { 'Content-Length': 0 }).end();
  };

  async function raw(authorization: string, headers = ''): Promise<number> {
    const caller = await proxy.caller();
    const password = authorization === '' ? '' : `Authorization: ${authorization}\r\n`;
    caller.send(`POST / HTTP/1.1\r\n${password}${headers}Content-Length: ${SUBMIT.length}\r\n\r\n${SUBMIT}`);
    return (await caller.next()).status;
  }

  for (const [what, authorization] of [
    ['no password', ''],
    ['a wrong password', 'Basic eDp5'],
    ['an unknown scheme', 'Bearer x'],
  ] as const) {
    it(`is shown to nobody when it comes with ${what}, however often, and nothing is reported about it`, async () => {
      await proxy.poll(dashd);
      for (let count = 0; count < 5; count += 1) assert.equal(await raw(authorization), 401);
      assert.deepEqual([proxy.blocks, proxy.faults, dashd.asked.length], [[], [], 5]);
    });
  }

  it('of a caller that dashd has not answered before is shown with the answer of dashd', async () => {
    const reported = new Promise<void>((resolve) => {
      const { onBlock } = proxy;
      proxy.onBlock = (block) => {
        setImmediate(resolve);
        return onBlock(block);
      };
    });
    assert.equal(await raw(RIGHT), 200);
    await reported;
    assert.deepEqual(words, [['new', 1, { ok: true, result: null }]]);
    assert.equal(await raw(RIGHT), 200);
    assert.deepEqual(words[1], ['known', 2, { ok: true, result: null }]);
  });

  it('is shown before dashd has it when dashd has answered a poll of the caller', async () => {
    await proxy.poll(dashd);
    let asked = -1;
    proxy.onBlock = () => {
      asked = dashd.asked.length;
      return '';
    };
    assert.equal(await raw(RIGHT), 200);
    assert.equal(asked, 0);
  });

  it('is shown no more once dashd has turned its caller away', async () => {
    await proxy.poll(dashd);
    dashd.answer = (response) => response.writeHead(401, { 'Content-Length': 0 }).end();
    assert.equal(await raw(RIGHT), 401);
    assert.equal(await raw(RIGHT), 401);
    assert.equal(proxy.blocks.length, 1);
  });

  it('of a stranger goes nowhere when dashd is not there, and its caller gets the reason', async () => {
    await dashd.stop();
    const caller = await proxy.caller();
    caller.send(`POST / HTTP/1.1\r\nAuthorization: ${RIGHT}\r\nContent-Length: ${SUBMIT.length}\r\n\r\n${SUBMIT}`);
    const { status, body } = await caller.next();
    assert.equal(status, 503);
    assert.match(JSON.parse(body).error.message, /sent to no peer: dashd has not accepted this caller yet$/);
    assert.equal(proxy.blocks.length, 0);
  });
});
