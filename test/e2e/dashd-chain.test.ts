/** A dashd that is not what the relay needs: on another chain, catching up, starting. Health says so, and no block suffers. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { BlockVerdict } from '../../src/contracts/events.js';
import { Status } from '../../src/ops/status.js';
import { freePort } from '../../src/simulated/free-port.js';
import type { RpcFaults } from '../../src/simulated/rpc-calls.js';
import { clockAt } from '../support/clock.js';
import { InProcessNetwork, type InProcessNetworkOptions } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';

let net: InProcessNetwork | undefined;
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

/** A relay with two peers in front of a dashd that says of its chain what a test wants it to say. */
async function start(more: object, options: InProcessNetworkOptions = {}): Promise<InProcessNetwork> {
  net = await InProcessNetwork.start({
    peers: [{}, {}],
    ...options,
    prepare: (dashd) => {
      dashd.rpcFaults = saying(more);
    },
  });
  return net;
}

function saying(more: object): RpcFaults {
  return { alters: { getblockchaininfo: (info) => ({ ...(info as object), ...more }) } };
}

/** What `/readyz` would answer. */
function readiness({ relay }: InProcessNetwork) {
  const status = new Status({ clock: clockAt(() => 0) });
  for (const event of relay.events) status.listen(event);
  return status.readiness(relay.relay.view);
}

/** A block that dashd found elsewhere: mined at dashd, unknown to the nodes. */
async function feedShowsABlock({ dashd, nodes, relay }: InProcessNetwork): Promise<string> {
  const [raw] = dashd.generate(1);
  assert.ok(raw);
  for (const node of nodes) node.submit(raw);
  // The feed and RPC come over connections of their own: a block of the pool's behind it shows that both have been heard.
  await relay.push(Buffer.alloc(500));
  await relay.refusal('bad-proof-of-work');
  return dashd.node.chain.tip.hash;
}

describe('a dashd on another chain', () => {
  test('makes the relay not ready and critical, is given no block, and gives none', async () => {
    const one = await start({ chain: 'test' });
    const { detail } = await one.service('dashd-chain', 'wrong-network');
    await one.relay.connected(3);
    assert.match(detail, /^dashd is on chain test, but blockcast is set to chain regtest: set network to match/);
    assert.deepEqual(readiness(one), { ready: false, notReady: [detail], degraded: [] });
    await feedShowsABlock(one);
    assert.equal(one.relay.relay.view.tip(), undefined);

    const raw = one.mine();
    await one.relay.push(raw);
    const read = ({ outcome, peersReached, rpc }: BlockVerdict) => [outcome, peersReached >= 2, rpc?.outcome];
    const verdict = await one.relay.verdictSays(raw, read, ['delivered', true, 'unavailable']);
    assert.match(verdict.rpc?.reason ?? '', /wrong-network: dashd is on chain test/);
    assert.ok(!one.relay.events.some((event) => event.type === 'received' && event.source === 'dashd'));

    one.dashd.rpcFaults = {};
    await one.service('dashd-chain', 'synchronised');
    assert.equal(readiness(one).ready, true);
  });
});

describe('a dashd that is catching up', () => {
  test('makes the relay not ready, is no silent feed, has no old block pushed, and then all is as ever', async () => {
    const one = await start({ initialblockdownload: true, blocks: 120, headers: 4_000 });
    await one.service('dashd-chain', 'catching-up');
    await one.relay.connected(3);
    assert.deepEqual(readiness(one), {
      ready: false,
      notReady: ['dashd is catching up (height 120 of 4000)'],
      degraded: [],
    });
    await feedShowsABlock(one);
    assert.ok(!one.relay.events.some((event) => event.type === 'received' && event.source === 'dashd'));
    assert.ok(!one.relay.events.some((event) => event.type === 'tip'));

    const raw = one.mine();
    await one.relay.push(raw);
    const verdict = await one.relay.verdict(raw, ({ peersReached }) => peersReached >= 2);
    assert.equal(verdict.outcome, 'delivered', 'the peers are there all the same');

    one.dashd.rpcFaults = {};
    await one.service('dashd-chain', 'synchronised');
    assert.equal(readiness(one).ready, true);
    const [news] = one.dashd.generate(1);
    assert.ok(news);
    await one.relay.verdict(news, ({ source, peersReached }) => source === 'dashd' && peersReached > 0);
    assert.equal(one.countServiceEvents('dashd-feed', 'silent'), 0);
  });

  test('that still loads is reported as starting', async () => {
    net = await InProcessNetwork.start({
      peers: [{}],
      prepare: (dashd) => {
        dashd.rpcFaults = { warmingUp: 'Loading block index…' };
      },
    });
    await net.service('dashd-chain', 'starting');
    await net.relay.connected(2);
    assert.deepEqual(readiness(net).notReady, ['dashd is starting: Loading block index…']);
  });
});

describe("a feed that is connected before dashd's first answer", () => {
  /** A block that dashd shows while nothing is known of its chain yet. */
  async function feedIsEarly(faults: RpcFaults): Promise<{ readonly one: InProcessNetwork; readonly raw: Buffer }> {
    net = await InProcessNetwork.start({
      peers: [{}, {}],
      prepare: (dashd) => {
        dashd.rpcFaults = faults;
      },
    });
    await net.service('dashd-feed', 'connected');
    const [raw] = net.dashd.generate(1);
    assert.ok(raw);
    return { one: net, raw };
  }

  test('is not followed where the answer says that the chain is another', async () => {
    const { one } = await feedIsEarly({ delayMs: 1_000, ...saying({ chain: 'test' }) });
    await one.service('dashd-chain', 'wrong-network');
    await feedShowsABlock(one);
    assert.ok(!one.relay.events.some((event) => event.type === 'received' && event.source === 'dashd'));
    assert.ok(!one.relay.events.some((event) => event.type === 'tip'));
  });

  test('is followed from its first block on where the answer says that dashd is synchronised', async () => {
    const { one, raw } = await feedIsEarly({ delayMs: 1_000 });
    const { source } = await one.relay.verdict(raw);
    assert.equal(source, 'dashd');
    assert.equal(one.countServiceEvents('dashd-chain', 'synchronised'), 1);
  });

  test('is followed from its first block on where dashd never answers, or refuses to', async () => {
    for (const faults of [{ hangs: true }, { unauthorised: true }]) {
      const { one, raw } = await feedIsEarly(faults);
      const { source } = await one.relay.verdict(raw);
      assert.equal(source, 'dashd');
      await one.stop();
      net = undefined;
    }
  });
});

describe('a dashd whose topics are not at dashd.zmq.url', () => {
  test('is heard where it says that it publishes them', async () => {
    const one = await start({}, { flags: { 'dashd-zmq-url': `tcp://127.0.0.1:${await freePort()}` } });
    await one.relay.connected(3);
    const { detail } = await one.service('dashd-feed', 'connected');
    assert.match(
      detail,
      /dashd publishes rawblock and hashblock and hashchainlock at tcp:\/\/127\.0\.0\.1:\d+, and reports nothing at/,
    );
    const [raw] = one.dashd.generate(1);
    assert.ok(raw);
    await one.relay.until('the tip to come through the feed', (events) =>
      events.find((event) => event.type === 'tip' && event.hash === hashOf(raw) && event.source === 'feed'),
    );
  });

  test('is reported as a feed that is down when it publishes no block', async () => {
    net = await InProcessNetwork.start({
      prepare: (dashd) => {
        dashd.rpcFaults = { alters: { getzmqnotifications: () => [{ type: 'pubrawtx', address: dashd.zmqUrl }] } };
      },
    });
    const { detail } = await net.service('dashd-feed', 'no-block-topic');
    assert.match(
      detail,
      /^dashd publishes neither rawblock nor hashblock .*: put zmqpubrawblock=tcp:.* into dash\.conf$/,
    );
    await net.relay.connected(1);
    assert.deepEqual(readiness(net).ready, true, 'the tip is known over RPC');
  });
});
