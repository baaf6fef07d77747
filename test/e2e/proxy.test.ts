/** A pool that speaks JSON-RPC alone, on the embedded network: it takes the relay for its dashd. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, test } from 'node:test';
import { dial } from '../../src/adapters/tcp.js';
import type { BlockEvent, RelayEvent, ServiceEvent } from '../../src/contracts/events.js';
import type { SimulatedDashd } from '../../src/simulated/dashd.js';
import { freePort } from '../../src/simulated/free-port.js';
import type { Dial } from '../../src/streams/ports.js';
import { Caller } from '../adapters/rpc-proxy-support.js';
import { InProcessNetwork, type InProcessNetworkOptions } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';

const RIGHT = 'user:secret';
const POLL = '{"id":1,"method":"getblockcount"}';

let net: InProcessNetwork | undefined;
let port = 0;

afterEach(async () => {
  await net?.stop();
  net = undefined;
});

/** A network whose relay has its proxy open. */
async function start(options: InProcessNetworkOptions = {}, isKnown = true): Promise<InProcessNetwork> {
  const flags = { 'proxy-enabled': 'true', 'proxy-port': '0', 'http-enabled': 'false', ...options.flags };
  net = await InProcessNetwork.start({ peers: [{}, {}, {}], ...options, flags });
  const { detail } = await net.service('json-rpc-proxy', 'up');
  port = Number(/:(\d+)$/.exec(detail)?.[1]);
  await net.relay.connected((options.peers?.length ?? 3) + 1);
  await net.relay.tipKnown();
  // A pool polls before it finds anything.
  if (isKnown) await ask(POLL);
  return net;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** @param scheme dashd ignores further blanks behind it; to the proxy that is another caller than the relay itself */
async function ask(body: string, credentials = RIGHT, scheme = 'Basic '): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body,
    headers: { authorization: `${scheme}${Buffer.from(credentials).toString('base64')}` },
  });
  return { status: response.status, text: await response.text() };
}

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

/** Of a request as it is sent by hand: `fetch` would not send all of these. */
async function statusOf(body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const caller = await Caller.to(port);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  caller.send(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields.join('')}Content-Length: ${body.length}\r\n\r\n${body}`);
  const { status } = await caller.next();
  caller.leave();
  return status;
}

const submission = (raw: Buffer, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: '1.0', id, method: 'submitblock', params: [raw.toString('hex')] });
const answering = (result: unknown, id: unknown = 1) => ({
  status: 200,
  text: `${JSON.stringify({ result, error: null, id })}\n`,
});

test('a submitted block reaches all peers, and its submitter hears from dashd that it was accepted, not that it was there before', async () => {
  const { relay, dashd, nodes, mine } = bound(await start());
  for (const size of [undefined, 15_000, 1_900_000]) {
    const raw = mine(size === undefined ? {} : { size });
    assert.deepEqual(await ask(submission(raw)), answering(null));
    await relay.verdictSays(
      raw,
      (verdict) => [verdict.source, verdict.outcome, verdict.accepted, verdict.peersTried, verdict.rpc?.outcome],
      ['pool', 'delivered', 3, 3, 'accepted'],
    );
    assert.ok([dashd.node, ...nodes].every(({ chain }) => chain.tip.hash === hashOf(raw)));
  }
});

test('the block is with the socket of every peer before the request is with that of dashd, in one turn of the event loop', async () => {
  const order: string[] = [];
  const watched: Dial = (address, timeoutMs, handlers) => {
    const socket = dial(address, timeoutMs, handlers);
    const write: typeof socket.write = (buffers, taken) => {
      if (buffers.some((bytes) => /^(cmpct)?block/.test(bytes.toString('latin1', 4, 16)))) {
        if (order.length === 0) setImmediate(() => order.push('the next turn'));
        order.push('a peer');
      }
      socket.write(buffers, taken);
    };
    return new Proxy(socket, { get: (of, key) => (key === 'write' ? write : Reflect.get(of, key, of)) });
  };
  const { mine, relay } = bound(await start({ deps: { dial: watched } }));
  // Nobody else in this process is a client of Node's own HTTP; the proxy's connection to dashd stands from here on.
  const onRequest = () => order.push('dashd');
  subscribe('http.client.request.start', onRequest);
  await ask('{"id":1,"method":"getblockcount"}');
  order.length = 0;
  const raw = mine({ size: 1_900_000 });
  await ask(submission(raw));
  unsubscribe('http.client.request.start', onRequest);
  assert.deepEqual(order, ['a peer', 'a peer', 'a peer', 'dashd', 'the next turn']);
  await relay.verdictSays(raw, ({ accepted }) => accepted, 3);
});

test('other calls and batches come back as dashd answers them', async () => {
  const { dashd, mine, relay } = bound(await start());
  assert.deepEqual(await ask('{"id":"a","method":"getblockcount"}'), answering(dashd.node.chain.tip.height, 'a'));
  const raw = mine();
  const batch = `[{"id":1,"method":"getbestblockhash"},${submission(raw, 2)},{"id":3,"method":"getbestblockhash"},{"id":4,"method":"nope"}]`;
  const before = dashd.node.chain.tip.hash;
  const { status, text } = await ask(batch);
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), [
    { result: before, error: null, id: 1 },
    { result: null, error: null, id: 2 },
    { result: hashOf(raw), error: null, id: 3 },
    { result: null, error: { code: -32601, message: 'Method not found' }, id: 4 },
  ]);
  await relay.verdictSays(raw, ({ rpc }) => rpc?.outcome, 'accepted');
});

test('a caller that dashd does not accept causes nothing: no peer is sent its block, dashd is not asked again, one warning at most', async () => {
  const { mine, relay, dashd, nodes } = bound(await start());
  const raw = mine();
  const tips = () => [dashd.node, ...nodes].map(({ chain }) => chain.tip.hash);
  const before = tips();
  const warnings = () =>
    relay.events.filter((event) => event.type === 'refused' || (event.type === 'service' && event.state !== 'up'));
  const earlier = warnings().length;
  const attempts: Record<string, string>[] = [
    {},
    { authorization: '' },
    { authorization: basic('user:wrong') },
    { authorization: basic(RIGHT), origin: 'https://example.org', 'content-type': 'text/plain' },
    { authorization: basic(RIGHT), 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of attempts) {
    for (let count = 0; count < 60; count += 1) {
      const body = count % 2 === 0 ? submission(raw) : '{"id":1,"method":"submitblock","params":["00"]}';
      assert.match(String(await statusOf(body, headers)), /^40[13]$/);
    }
  }
  const ofBlock = (event: RelayEvent) => 'hash' in event && event.hash === hashOf(raw);
  assert.deepEqual(relay.events.filter(ofBlock), []);
  assert.ok(warnings().length - earlier <= 1);
  // What was to be sent would have been sent before the block of the pool is.
  const real = mine({ size: 15_000 });
  assert.deepEqual(await ask(submission(real)), answering(null));
  await relay.verdictSays(real, ({ accepted }) => accepted, 3);
  assert.deepEqual(before, Array(4).fill(before[0]));
  assert.deepEqual(tips(), Array(4).fill(hashOf(real)));
  assert.ok([dashd.node, ...nodes].every(({ chain }) => chain.get(hashOf(raw)) === undefined));
});

test('what is no block is between the pool and dashd: 300 of them are no event, nor is the question whether the method exists', async () => {
  const { relay } = bound(await start());
  const before = relay.events.length;
  for (let count = 0; count < 300; count += 1) {
    const { text } = await ask(`{"id":1,"method":"submitblock","params":["${count % 2 === 0 ? '00' : ''}"]}`);
    assert.equal(JSON.parse(text).error.code, -22);
  }
  for (let count = 0; count < 30; count += 1) await ask(submission(Buffer.alloc(200)));
  // What dashd answers about quorums comes a moment after the start.
  const since = relay.events
    .slice(before)
    .filter((event) => event.type === 'refused' || (event.type === 'service' && event.service !== 'quorums'));
  assert.equal(since.length, 1);
  assert.ok(since[0]?.type === 'service' && since[0].code === 'no-block');
});

test("the first block of a caller that dashd has not answered before goes to the peers with dashd's answer", async () => {
  const { mine, relay, dashd, nodes } = bound(await start({}, false));
  const raw = mine();
  assert.deepEqual(await ask(submission(raw), RIGHT, 'Basic  '), answering(null));
  // The pool's own dashd is among the peers of a block that it was asked about first.
  await relay.verdictSays(raw, (verdict) => [verdict.source, verdict.accepted, verdict.rpc?.outcome], [
    'pool',
    4,
    'accepted',
  ]);
  assert.ok([dashd.node, ...nodes].every(({ chain }) => chain.tip.hash === hashOf(raw)));
});

test('with dashd stopped the peers have the block, the caller an honest error, and dashd has it once it is back', async () => {
  const { mine, relay, dashd, nodes } = bound(await start());
  const raw = mine();
  await dashd.stop();
  await relay.connected(3);
  const { status, text } = await ask(submission(raw, 'x'));
  assert.equal(status, 503);
  const { result, error, id } = JSON.parse(text);
  assert.deepEqual([result, error.code, id], [null, -32603, 'x']);
  assert.match(
    error.message,
    /^blockcast: dashd at 127\.0\.0\.1:\d+ is unreachable \(ECONNREFUSED\); the block was sent to 3 peers;/,
  );
  await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.rpc?.outcome], [
    'delivered',
    3,
    'unavailable',
  ]);
  assert.ok(nodes.every(({ chain }) => chain.tip.hash === hashOf(raw)));
  await net?.service('json-rpc-proxy', 'dashd-unreachable');

  await dashd.start();
  await relay.verdict(raw, ({ rpc }) => rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate');
  assert.equal(dashd.node.chain.tip.hash, hashOf(raw));
  const count = await ask('{"id":1,"method":"getblockcount"}');
  assert.deepEqual(count, answering(dashd.node.chain.tip.height));
});

test("a relay that starts while dashd is down sends the blocks of a pool that presents the relay's own credentials, and of nobody else", async () => {
  const flags = { 'proxy-enabled': 'true', 'proxy-port': '0', 'http-enabled': 'false' };
  net = await InProcessNetwork.start({ peers: [{}, {}, {}], flags, prepare: (dashd) => dashd.stop() });
  const { mine, relay, nodes } = bound(net);
  port = Number(/:(\d+)$/.exec((await net.service('json-rpc-proxy', 'up')).detail)?.[1]);
  await relay.connected(3);
  const [strange, raw] = [mine(), mine()];
  const refused = await ask(submission(strange), 'user:wrong');
  assert.match(refused.text, /the block was sent to no peer/);
  const { status, text } = await ask(submission(raw));
  assert.equal(status, 503);
  assert.match(text, /the block was sent to 3 peers/);
  await relay.verdictSays(raw, ({ accepted }) => accepted, 3);
  assert.ok(nodes.every(({ chain }) => chain.tip.hash === hashOf(raw)));
});

for (const [what, written] of [
  ['a blank in front', (hex: string) => ` ${hex}`],
  ['0x in front', (hex: string) => `0x${hex}`],
  ['a line end behind', (hex: string) => `${hex}\n`],
] as const) {
  test(`a block with ${what} is no block to dashd: its caller hears that, and the relay submits the block itself`, async () => {
    const { mine, relay, dashd } = bound(await start());
    const raw = mine();
    const { text } = await ask(
      JSON.stringify({ id: 1, method: 'submitblock', params: [written(raw.toString('hex'))] }),
    );
    assert.equal(JSON.parse(text).error.code, -22);
    const { rpc } = await relay.verdict(raw, ({ outcome, rpc }) => outcome === 'delivered' && rpc !== undefined);
    // Which of the relay's two ways to dashd is faster, decides.
    assert.match(rpc?.outcome ?? '', /^(accepted|duplicate)$/);
    assert.equal(dashd.node.chain.tip.hash, hashOf(raw));
  });
}

test('a dashd that is silent has the block from us, both ways', async () => {
  const { mine, relay, dashd } = bound(await start());
  dashd.rpcFaults = { hangs: true };
  const raw = mine();
  const silent = ask(submission(raw));
  // Over RPC it stays silent to us as well; over P2P it is not.
  await relay.until('dashd to have the block', () =>
    relay.proofs(raw).find(({ peer, status }) => peer === dashd.node.address && status === 'accepted'),
  );
  dashd.rpcFaults = {};
  await dashd.stop();
  assert.match(String((await silent).status), /50[23]/);
  await dashd.start();
});

test('a block that the gate refuses goes to dashd alone, whose word comes back', async () => {
  const { mine, relay, nodes } = bound(await start());
  const lazy = Buffer.from(mine());
  for (let nonce = 0; hashOf(lazy) < '8'; nonce += 1) lazy.writeUInt32LE(nonce, 76);
  assert.deepEqual(await ask(submission(lazy)), answering('high-hash'));
  const { detail } = (await relay.until('no-block', (events) =>
    events.find((event) => event.type === 'service' && event.code === 'no-block'),
  )) as ServiceEvent;
  assert.match(detail, /bad-proof-of-work/);
  const nothing = await ask('{"id":1,"method":"submitblock","params":["xyz"]}');
  assert.equal(JSON.parse(nothing.text).error.code, -22);
  assert.ok(nodes.every(({ chain }) => chain.get(hashOf(lazy)) === undefined));
});

test('a block in doubt goes to dashd first', async () => {
  const { mine, relay, nodes } = bound(await start());
  const raw = mine({ size: 15_000 });
  const broken = Buffer.from(raw);
  broken.writeUInt8(broken.readUInt8(broken.length - 6) ^ 1, broken.length - 6);
  assert.deepEqual(await ask(submission(broken)), answering('bad-txnmrklroot'));
  await relay.verdictSays(broken, (verdict) => [verdict.outcome, verdict.peersTried], ['rejected', 0]);
  assert.ok(nodes.every(({ chain }) => chain.get(hashOf(raw)) === undefined));
});

test('a block submitted twice is sent once, and dashd says what it thinks of that', async () => {
  const { mine, relay } = bound(await start());
  const raw = mine();
  assert.deepEqual(await ask(submission(raw)), answering(null));
  await relay.verdict(raw);
  assert.deepEqual(await ask(submission(raw)), answering('duplicate'));
  await relay.until('repeated', (events) => events.find(({ type }) => type === 'repeated'));
  const reported = relay.events.filter(
    (event): event is BlockEvent =>
      (event.type === 'received' || event.type === 'verdict') && event.hash === hashOf(raw),
  );
  assert.equal(reported.filter(({ type }) => type === 'received').length, 1);
});

test('a relay whose proxy cannot listen says so and does its work', async () => {
  port = await freePort();
  const squatter = createServer().listen(port, '127.0.0.1');
  net = await InProcessNetwork.start({
    peers: [{}],
    flags: { 'proxy-enabled': 'true', 'proxy-port': String(port), 'http-enabled': 'false' },
  });
  const { relay, mine } = bound(net);
  const { state, detail } = await net.service('json-rpc-proxy', 'down');
  assert.equal(state, 'down');
  assert.match(detail, /EADDRINUSE.*set proxy\.host and proxy\.port/);
  await relay.connected(2);
  const raw = mine();
  await relay.push(raw);
  await relay.verdictSays(raw, ({ success }) => success, true);
  squatter.close();
  await net.service('json-rpc-proxy', 'up');
});

test('a relay stops although a caller waits for a new block', async () => {
  const { dashd } = bound(await start());
  const arrived = hangForCallers(dashd);
  const held = ask('{"id":1,"method":"getblocktemplate","params":[{"longpollid":"x"}]}').catch(
    (error: unknown) => error,
  );
  await arrived;
  await net?.stop();
  net = undefined;
  assert.ok((await held) instanceof Error);
});

/** From now on dashd never answers what comes through the proxy. Resolves when the first such request is there. */
function hangForCallers(dashd: SimulatedDashd): Promise<void> {
  return new Promise((resolve) => {
    subscribe('http.server.request.start', (message) => {
      const { request } = message as { request: IncomingMessage };
      const isCallers = request.headers.via !== undefined;
      dashd.rpcFaults = { hangs: isCallers };
      if (isCallers) setImmediate(resolve);
    });
  });
}

/** The parts of a network that most tests use. */
function bound(embedded: InProcessNetwork) {
  const { relay, dashd, nodes } = embedded;
  return { relay, dashd, nodes, mine: embedded.mine.bind(embedded) };
}
