/**
 * A program that only speaks JSON-RPC to dashd, by a client library that is not ours, with the relay in dashd's place, in front of a
 * real dashd.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import RpcClient from '@dashevo/dashd-rpc';
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { freePort } from '../../src/simulated/free-port.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { Caller } from '../adapters/rpc-proxy-support.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

const USER = 'pool';
const PASSWORD = 'correct horse battery';
const COMMON = 3;
/** As many blocks one after the other as the answers to them are worth counting. */
const IN_A_ROW = 40;

RpcClient.config.logger = 'none';

/** What the library's callback is given: an error or an envelope. */
function answerOf<T>(call: (callback: (error: unknown, answer: T | undefined) => void) => void) {
  return new Promise<{ readonly error: unknown; readonly answer: T | undefined }>((resolve) => {
    call((error, answer) => resolve({ error, answer }));
  });
}

/** The pool's dashd, two others that are connected to the relay alone, and a pool that takes the relay for its dashd. */
class Net {
  private extraNonce = 0;

  private constructor(
    readonly local: DashdProcess,
    readonly others: readonly DashdProcess[],
    readonly relay: RelayUnderTest,
    readonly proxyPort: number,
  ) {}

  static async start(): Promise<Net> {
    await loadX11();
    const [local, ...others] = await Promise.all([
      startDashd({ user: USER, password: PASSWORD }),
      startDashd(),
      startDashd(),
    ]);
    for (const hash of await local.generate(COMMON)) {
      const hex = await local.rpc<string>('getblock', hash, 0);
      for (const other of others) assert.equal(await other.rpc('submitblock', hex), null);
    }
    const proxyPort = await freePort();
    const relay = await RelayUnderTest.start({
      'dashd-rpc-url': local.rpcUrl,
      'dashd-rpc-user': USER,
      'dashd-rpc-password': PASSWORD,
      'dashd-p2p-port': String(local.port),
      'dashd-zmq-url': local.zmqUrl,
      'proxy-enabled': 'true',
      'proxy-port': String(proxyPort),
      'http-enabled': 'false',
      peers: others.map(({ address }) => address).join(','),
    });
    const net = new Net(local, others, relay, proxyPort);
    await relay.connected(3);
    await relay.tipKnown();
    await relay.until('the proxy', (events) =>
      events.find((event) => event.type === 'service' && event.service === 'json-rpc-proxy' && event.state === 'up'),
    );
    return net;
  }

  get all(): readonly DashdProcess[] {
    return [this.local, ...this.others];
  }

  /** A pool that asks the proxy, or whoever listens at another port. */
  pool(pass = PASSWORD, port = this.proxyPort): RpcClient {
    return new RpcClient({ protocol: 'http', host: '127.0.0.1', port, user: USER, pass });
  }

  /** Finds a block the way a pool does: for dashd's template. */
  async find(size?: number): Promise<Buffer> {
    const { previousblockhash: parent, height, curtime: time } = await this.template();
    this.extraNonce += 1;
    const options = { extraNonce: this.extraNonce, ...(size !== undefined && { size }) };
    return mineBlock({ parent, height, time, special: false }, options);
  }

  async template(): Promise<Template> {
    const { answer } = await answerOf<{ result: Template }>((callback) => this.pool().getBlockTemplate(callback));
    assert.ok(answer, 'there is no template');
    return answer.result;
  }

  tips(): Promise<string[]> {
    return Promise.all(this.all.map((node) => node.rpc<string>('getbestblockhash')));
  }

  async assertAllOn(raw: Buffer): Promise<void> {
    const tips = await this.tips();
    assert.deepEqual(
      tips,
      tips.map(() => hashOf(raw)),
    );
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await Promise.all(this.all.map((node) => node.remove()));
  }
}

interface Template {
  readonly previousblockhash: string;
  readonly height: number;
  readonly curtime: number;
  readonly longpollid: string;
}

/** The library makes a string of this parameter: a string that is the object. */
function asking(longpollid: string): object {
  const request = { longpollid };
  Object.defineProperty(request, 'toString', { value: () => request, enumerable: false });
  return request;
}

describeWithDashd('a pool that takes the relay for its dashd', () => {
  let net: Net;
  before(async () => {
    net = await Net.start();
  });
  after(() => net?.stop());

  const submit = (raw: Buffer, pool = net.pool()) =>
    answerOf<{ result: unknown }>((callback) => pool.submitBlock(raw.toString('hex'), callback));

  it('is answered as by dashd', async () => {
    const direct = net.pool(PASSWORD, Number(new URL(net.local.rpcUrl).port));
    for (const call of ['getBlockCount', 'getBestBlockHash', 'getBlockTemplate'] as const) {
      const timeless = async (pool: RpcClient) => {
        const { error, answer } = await answerOf<{ result: unknown }>((callback) => pool[call](callback));
        assert.equal(error, null);
        return JSON.stringify(answer?.result).replace(/"curtime":\d+/, '');
      };
      assert.equal(await timeless(net.pool()), await timeless(direct));
    }
  });

  it('has its block with all peers and with dashd, which calls it accepted', async () => {
    const raw = await net.find();
    const { error, answer } = await submit(raw);
    assert.deepEqual([error, answer?.result], [null, null]);
    const verdict = await net.relay.verdict(raw);
    assert.deepEqual(
      [verdict.outcome, verdict.accepted, verdict.peersTried, verdict.rpc?.outcome],
      ['delivered', 2, 2, 'accepted'],
    );
    await net.assertAllOn(raw);
    const answered = verdict.rpc?.ms ?? 0;
    for (const { writtenMs = Number.POSITIVE_INFINITY } of verdict.peers) assert.ok(writtenMs <= answered);
  });

  it(`never hears that a block of its own was there before, ${IN_A_ROW} times in a row`, async () => {
    for (let count = 0; count < IN_A_ROW; count += 1) {
      const raw = await net.find();
      const { error, answer } = await submit(raw);
      assert.deepEqual([error, answer?.result], [null, null]);
      assert.equal((await net.relay.verdict(raw)).accepted, 2);
    }
  });

  it('may submit in a batch and ask for the block behind it, as Miningcore does', async () => {
    const raw = await net.find();
    const pool = net.pool();
    const { error, answer } = await answerOf<readonly { result: unknown }[]>((callback) =>
      pool.batch(() => {
        pool.getBlockCount();
        pool.submitBlock(raw.toString('hex'));
        pool.getBlock(hashOf(raw));
      }, callback),
    );
    assert.equal(error, undefined);
    const [before, submitted, block] = answer ?? [];
    assert.equal(submitted?.result, null);
    const { hash, height } = Object(block).result as { hash: string; height: number };
    assert.deepEqual([hash, height], [hashOf(raw), Number(before?.result) + 1]);
    assert.equal((await net.relay.verdict(raw)).accepted, 2);
  });

  it("is held until there is a new block when it asks so, disturbed by nothing and disturbing nothing: by another's block", async () => {
    const { longpollid } = await net.template();
    let answered = 0;
    const held = Array.from({ length: 2 }, () =>
      answerOf<{ result: Template }>((callback) => net.pool().getBlockTemplate(asking(longpollid), callback)).then(
        (answer) => {
          answered += 1;
          return answer;
        },
      ),
    );
    for (let count = 0; count < 20; count += 1) {
      const { error } = await answerOf((callback) => net.pool().getBlockCount(callback));
      assert.equal(error, null);
    }
    const [hash = ''] = (await net.others[0]?.generate(1)) ?? [];
    const elsewhere = Buffer.from((await net.others[0]?.rpc<string>('getblock', hash, 0)) ?? '', 'hex');
    assert.equal(answered, 0);
    // dashd hears of it over RPC: no connection is between the two.
    assert.equal((await submit(elsewhere)).answer?.result, null);
    for (const { error, answer } of await Promise.all(held)) {
      assert.equal(error, null);
      assert.equal(answer?.result.previousblockhash, hash);
      assert.notEqual(answer?.result.longpollid, longpollid);
    }
    await net.relay.verdict(elsewhere);
  });

  it('gets 401 from dashd when its password is wrong, and causes nothing: the block reaches nobody until it is right', async () => {
    const raw = await net.find();
    const before = await net.tips();
    for (let count = 0; count < 3; count += 1) {
      const { error } = await submit(raw, net.pool('wrong'));
      assert.match(String(error), /401/);
    }
    assert.ok(net.relay.events.every((event) => !('hash' in event) || event.hash !== hashOf(raw)));
    assert.deepEqual(await net.tips(), before);
    assert.equal((await submit(raw)).answer?.result, null);
    assert.equal((await net.relay.verdict(raw)).accepted, 2);
    await net.assertAllOn(raw);
  });

  it('hears what dashd has against a block', async () => {
    const raw = await net.find();
    const broken = Buffer.from(raw);
    broken.writeUInt8(broken.readUInt8(broken.length - 6) ^ 1, broken.length - 6);
    assert.equal((await submit(broken)).answer?.result, 'bad-txnmrklroot');
    assert.equal((await net.relay.verdict(broken)).peersTried, 0);
    assert.equal((await submit(raw)).answer?.result, null);
    assert.equal((await net.relay.verdict(raw, ({ outcome }) => outcome === 'delivered')).accepted, 2);
    assert.equal((await submit(raw)).answer?.result, 'duplicate');
  });

  it('gets an error when dashd is stopped; the peers have its block, and dashd once it is back', async () => {
    const raw = await net.find();
    await net.local.stop();
    await net.relay.connected(2);
    const { error } = await submit(raw);
    const { code, message } = error as { code: number; message: string };
    assert.equal(code, -32603);
    assert.match(message, /dashd at 127\.0\.0\.1:\d+ is unreachable \(ECONNREFUSED\); the block was sent to 2 peers/);
    const verdict = await net.relay.verdict(raw);
    assert.deepEqual([verdict.outcome, verdict.accepted, verdict.rpc?.outcome], ['delivered', 2, 'unavailable']);
    await net.local.start();
    await net.relay.verdict(raw, ({ rpc }) => rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate');
    await net.assertAllOn(raw);
    assert.equal((await answerOf((callback) => net.pool().getBlockCount(callback))).error, null);
  });
});

/** Requests as they might be sent by hand; `CRED` stands for credentials. */
const REQUESTS: Readonly<Record<string, string>> = {
  'a call': post('{"id":1,"method":"getblockcount","params":[]}'),
  'a call that fails': post('{"id":"x","method":"getblockhash","params":[1000000]}'),
  'an unknown method': post('{"id":null,"method":"nope"}'),
  'a call by name': post('{"id":1,"method":"getblockhash","params":{"height":0}}'),
  'no method': post('{"id":1}'),
  'keys that are there twice': post('{"method":"getblockcount","method":"help","id":7,"id":8}'),
  'a batch': post('[{"id":1,"method":"getblockcount"},5,{"id":"a","method":"nope"}]'),
  'an empty batch': post('[]'),
  'no JSON': post('{"id"'),
  'no body': post(''),
  'a block that is none': post('{"id":1,"method":"submitblock","params":["00"]}'),
  'a submission without a block': post('{"id":1,"method":"submitblock","params":[]}'),
  'a submission of a number': post('{"id":1,"method":"submitblock","params":[7]}'),
  'no password': post('{"id":1,"method":"getblockcount"}').replace('CRED', 'X: y'),
  'a wrong password': post('{"id":1,"method":"getblockcount"}').replace('CRED', 'Authorization: Basic eDp5'),
  'another path': post('{"id":1,"method":"getblockcount"}').replace('POST /', 'POST /nothing/here'),
  'a wallet': post('{"id":1,"method":"getwalletinfo"}').replace('POST /', 'POST /wallet/none'),
  REST: 'GET /rest/chaininfo.json HTTP/1.1\r\n\r\n',
  GET: 'GET / HTTP/1.1\r\nCRED\r\n\r\n',
  DELETE: 'DELETE / HTTP/1.1\r\nCRED\r\n\r\n',
  'lines that end in LF': post('{"id":1,"method":"getblockcount"}').replaceAll('\r\n', '\n'),
  chunks:
    'POST / HTTP/1.1\r\nCRED\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n1d\r\n:1, "method":"getblockcount"}\r\n0\r\n\r\n',
  'a connection that is to end': post('{"id":1,"method":"getblockcount"}').replace('CRED', 'CRED\r\nConnection: close'),
  'three requests ahead': post('{"id":1,"method":"getblockcount"}').repeat(3),
};

function post(body: string): string {
  return `POST / HTTP/1.1\r\nHost: x\r\nCRED\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

describeWithDashd('what comes back over the proxy and from dashd itself, byte for byte', () => {
  let net: Net;
  before(async () => {
    net = await Net.start();
  });
  after(() => net?.stop());

  /** Without the date: it may be a second later. */
  async function answer(port: number, request: string, count: number): Promise<string[]> {
    const caller = await Caller.to(port);
    const credentials = `Authorization: Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    caller.send(request.replaceAll('CRED', credentials));
    const answers: string[] = [];
    while (answers.length < count) {
      const { head, body } = await caller.next();
      answers.push(`${head.replace(/^Date: .*$/m, 'Date: …')}\n\n${body}`);
    }
    caller.leave();
    return answers;
  }

  for (const [what, request] of Object.entries(REQUESTS)) {
    it(`is the same: ${what}`, async () => {
      const count = what.startsWith('three') ? 3 : 1;
      const direct = await answer(Number(new URL(net.local.rpcUrl).port), request, count);
      assert.deepEqual(await answer(net.proxyPort, request, count), direct);
    });
  }
});
