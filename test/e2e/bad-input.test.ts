/** Bad input from every side: reported once, clearly, while the block in hand still reaches whoever can take it. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Pull, Push } from 'zeromq';
import type { BlockVerdict } from '../../src/contracts/events.js';
import type { Behaviour } from '../../src/simulated/behaviour.js';
import { freePort } from '../../src/simulated/free-port.js';
import type { RpcFaults } from '../../src/simulated/rpc-calls.js';
import { InProcessNetwork, type InProcessNetworkOptions } from '../support/in-process-network.js';

let net: InProcessNetwork | undefined;
async function start(options: InProcessNetworkOptions = {}): Promise<InProcessNetwork> {
  net = await InProcessNetwork.start(options);
  return net;
}
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

/** Pushes a block and sees it accepted by so many. */
async function assertDelivers(one: InProcessNetwork, accepted: number): Promise<void> {
  const raw = one.mine();
  await one.relay.push(raw);
  await one.relay.verdictSays(raw, (verdict) => [verdict.success, verdict.accepted], [true, accepted]);
}

describe('on the pool socket', () => {
  test('each bad frame is refused with its reason, and the next block is delivered', async () => {
    const one = await start({ peers: [{}] });
    const { relay } = one;
    await relay.connected(2);
    const raw = one.mine();
    const frames: [string, (Buffer | string)[]][] = [
      ['empty', ['']],
      ['empty', ['block', '']],
      ['bad-hex', ['{"not": "a block, but long enough to be taken for one if nobody looked at it closely enough"}']],
      ['bad-hex', [`${'00'.repeat(100)}a`]],
      ['too-small', [raw.subarray(0, 80)]],
      ['bad-proof-of-work', [Buffer.alloc(500, 0xff)]],
      ['too-large', [Buffer.concat([raw, Buffer.alloc(2_000_000)])]],
      ['too-large', ['ab'.repeat(2_000_001)]],
      ['unknown-topic', ['hashblock', Buffer.alloc(32, 1)]],
      ['unknown-topic', ['', 'no-block']],
    ];
    for (const [code, frame] of frames) {
      const before = relay.events.length;
      await relay.push(...frame);
      const refused = await relay.until(`a refusal of ${code}`, (events) =>
        events.slice(before).find((event) => event.type === 'refused'),
      );
      assert.ok(refused.type === 'refused');
      assert.equal(refused.code, code);
      assert.match(refused.sha256, /^[0-9a-f]{64}$/);
    }
    await assertDelivers(one, 2);
  });

  test('a frame beyond any block drops its sender, not the relay', async () => {
    const one = await start({ peers: [{}] });
    await one.relay.connected(2);
    const flooder = new Push({ linger: 0 });
    flooder.connect(one.relay.poolBind);
    const dropped = new Promise<void>((resolve) => flooder.events.on('disconnect', () => resolve()));
    await flooder.send(Buffer.alloc(17 * 1024 * 1024));
    await dropped;
    flooder.close();
    await assertDelivers(one, 2);
  });

  test('an endpoint that is taken is reported once, and bound as soon as it is free', async () => {
    const port = await freePort();
    const bind = `tcp://127.0.0.1:${port}`;
    const squatter = new Pull();
    await squatter.bind(bind);
    const one = await start({ peers: [{}], flags: { 'pool-bind': bind } });
    const { detail } = await one.service('pool-socket', 'down');
    assert.match(detail, new RegExp(`${bind}.*in use`));
    await one.relay.connected(2);
    squatter.close();
    await one.service('pool-socket', 'up');
    assert.equal(one.countServiceEvents('pool-socket', 'down'), 1);
    await assertDelivers(one, 2);
  });
});

describe('from a peer', () => {
  const cases: readonly [string, Behaviour, readonly string[]][] = [
    ['another network', { magic: Buffer.from('bf0c6bbd', 'hex') }, ['wrong-magic']],
    ['an obsolete version', { version: 70_220 }, ['obsolete-version']],
    ['our own nonce', { echoesNonce: true }, ['self-connection']],
    ['bad checksums', { badChecksums: true }, ['bad-checksum']],
    ['a claim of 3 MiB and a byte', { claimsPayload: 3 * 1024 * 1024 + 1 }, ['oversized']],
    ['a flood of unknown commands', { floods: 'unknown-commands' }, ['message-flood']],
    ['a flood of pings', { floods: 'pings' }, ['message-flood', 'backlog']],
  ];
  for (const [what, behaviour, codes] of cases) {
    test(`${what} ends that session with its own reason, and costs the others nothing`, async () => {
      const one = await start({ peers: [{}, behaviour, {}] });
      const good = [one.dashd.node, one.nodes[0], one.nodes[2]].map((node) => node?.address ?? '');
      await one.relay.until('the good peers', () => good.every((peer) => one.relay.relay.peers.has(peer)) || undefined);
      for (const raw of one.mineChain(2)) {
        await one.relay.push(raw);
        const lackers = ({ peers }: BlockVerdict): string[] => {
          const accepted = peers.flatMap(({ peer, status }) => (status === 'accepted' ? [peer] : []));
          return good.filter((peer) => !accepted.includes(peer));
        };
        await one.relay.verdictSays(raw, (verdict) => [verdict.success, lackers(verdict)], [true, []]);
      }
      const code = await one.lost(one.nodes[1]);
      assert.ok(codes.includes(code), code);
    });
  }

  test('a slow drip delays nobody', async () => {
    const one = await start({ peers: [{}, { dripMs: 20 }, {}] });
    await one.relay.connected(3);
    await assertDelivers(one, 3);
  });

  test('silence from the start delays nobody', async () => {
    const one = await start({ peers: [{}, { silent: 'from-the-start' }, {}] });
    await one.relay.connected(3);
    await assertDelivers(one, 3);
  });
});

describe('from-dashd', () => {
  const faults: readonly [string, RpcFaults, string][] = [
    ['HTML', { html: true }, 'not-json'],
    ['a refusal of the password', { unauthorised: true }, 'unauthorised'],
  ];
  for (const [what, rpcFaults, code] of faults) {
    test(`${what} over RPC is reported once, and the peers get the block all the same`, async () => {
      const one = await start({
        peers: [{}, {}],
        prepare: (dashd) => {
          dashd.rpcFaults = rpcFaults;
        },
      });
      await one.service('dashd-rpc', code);
      await one.relay.connected(3);
      const raw = one.mine();
      await one.relay.push(raw);
      await one.relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.rpc?.outcome], [
        'delivered',
        3,
        'unavailable',
      ]);
      // Once dashd answers again, it is asked again, and says that it has the block.
      one.dashd.rpcFaults = {};
      await one.relay.verdict(raw, ({ rpc }) => rpc?.outcome === 'duplicate');
      assert.equal(one.countServiceEvents('dashd-rpc', code), 1);
    });
  }

  test('nobody at all: no RPC, no P2P, no feed; the peers get the block', async () => {
    const [rpc, p2p, zmq] = [await freePort(), await freePort(), await freePort()];
    const one = await start({
      peers: [{}, {}],
      flags: {
        'dashd-rpc-url': `http://127.0.0.1:${rpc}`,
        'dashd-p2p-port': String(p2p),
        'dashd-zmq-url': `tcp://127.0.0.1:${zmq}`,
      },
    });
    await one.service('dashd-rpc', 'unreachable');
    await one.service('dashd-feed', 'disconnected');
    await one.relay.connected(2);
    await assertDelivers(one, 2);
    assert.equal(one.countServiceEvents('dashd-rpc', 'unreachable'), 1);
    assert.equal(one.countServiceEvents('dashd-feed', 'disconnected'), 1);
  });

  test('neither peers nor dashd: the verdict says so, and dashd gets the block when it comes', async () => {
    const one = await start({});
    await one.relay.connected(1);
    await one.dashd.stop();
    await one.relay.connected(0);
    const raw = one.mine();
    await one.relay.push(raw);
    await one.relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.success], ['failed', false]);
    await one.dashd.start();
    const delivered = await one.relay.verdict(raw, ({ success }) => success);
    assert.equal(delivered.outcome, 'local-only');
  });

  test('a feed that comes and goes is reported, once each time', async () => {
    const one = await start({ peers: [{}] });
    await one.service('dashd-feed', 'connected');
    await one.dashd.stop();
    await one.service('dashd-feed', 'disconnected');
    await one.dashd.start();
    await one.relay.until(
      'the feed again',
      (events) =>
        events.filter((event) => event.type === 'service' && event.service === 'dashd-feed' && event.state === 'up')[1],
    );
    assert.equal(one.countServiceEvents('dashd-feed', 'disconnected'), 1);
  });
});
