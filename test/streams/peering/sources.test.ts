import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NETWORKS } from '../../../src/wire/network.js';
import { answer } from '../dashd/fake-rpc.js';
import { Asked, HOUR } from './sources-support.js';

describe('whatever dashd answers', () => {
  it('is heard as addresses, reported as a fault, or passed over', async () => {
    const anything = fc.anything({ maxDepth: 4, withBigInt: true, withNullPrototype: true });
    const nearly = fc.array(fc.record({ addr: fc.anything(), inbound: fc.anything(), minping: fc.anything() }));
    const list = fc.dictionary(fc.string(), fc.record({ address: fc.anything(), status: fc.constant('ENABLED') }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, nearly, list), fc.oneof(anything, list), async (peers, masternodes) => {
        const under = new Asked();
        for (const method of ['masternodelist', 'protx']) under.rpc.replies.set(method, answer(masternodes));
        under.rpc.replies.set('getpeerinfo', answer(peers));
        under.begin();
        await under.time.pass(20_000);
        assert.equal(under.rpc.times('getpeerinfo').length >= 1, true);
        for (const news of under.news) {
          if (news.type === 'heard') assert.ok(news.peers.every(({ address }) => address.port > 0));
          else assert.ok(['not-understood', 'no-address'].includes(news.code));
        }
        under.stop();
        assert.equal(under.time.pending, 0);
      }),
      { numRuns: 200 },
    );
  });

  it('is not asked for where the operator does not want it', async () => {
    const under = new Asked().begin({ askDashd: false });
    await under.time.pass(3 * HOUR);
    assert.deepEqual(under.rpc.calls, []);
    assert.deepEqual(under.resolved[0], ['dnsseed.dash.org', 11_000]);
  });
});

describe('DNS seeds', () => {
  it('are asked when dashd had its time to name peers and few are known', async () => {
    const under = new Asked();
    under.seed = async () => ['5.6.7.8', '2001:db8::1', '', 'x y', '5.6.7.300'];
    under.begin();
    await under.time.pass(10_999);
    assert.deepEqual(under.resolved, []);
    await under.time.pass(1);
    assert.deepEqual(under.resolved, [['dnsseed.dash.org', 11_000]]);
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:9999', '[2001:db8::1]:9999']);
  });

  it('give addresses with the port of their network', async () => {
    const under = new Asked();
    under.seed = async () => ['5.6.7.8'];
    under.begin({ network: NETWORKS.testnet });
    await under.time.pass(11_000);
    assert.deepEqual(under.resolved, [['testnet-seed.dashdot.io', 11_000]]);
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:19999']);
  });

  it('are left alone while enough peers are known, and on networks that have none', async () => {
    const rich = new Asked();
    rich.isThin = false;
    rich.begin();
    await rich.time.pass(3 * HOUR);
    assert.deepEqual(rich.resolved, []);
    for (const network of [NETWORKS.devnet, NETWORKS.regtest]) {
      const local = new Asked().begin({ network });
      await local.time.pass(3 * HOUR);
      assert.deepEqual([local.resolved, local.heard('dns')], [[], []]);
    }
  });

  it('are asked again until they answer, as when the network was down at the start, and then for hours no more', async () => {
    const under = new Asked();
    const answers = [[], [], ['5.6.7.8']];
    under.seed = async () => answers.shift() ?? [];
    under.begin();
    await under.time.pass(HOUR);
    assert.deepEqual(
      under.resolved.map(([, at]) => at),
      [11_000, 21_000, 31_000],
    );
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:9999']);
    await under.time.pass(HOUR);
    assert.equal(under.resolved.length, 4, 'few peers are known still');
  });

  it('are not asked twice at a time, however slow the resolver', async () => {
    const under = new Asked();
    under.seed = () => new Promise(() => undefined);
    under.begin();
    await under.time.pass(HOUR);
    assert.equal(under.resolved.length, 1);
  });
});

describe('sources that are no longer wanted', () => {
  it('leave no timer behind', async () => {
    const under = new Asked().begin();
    await under.time.pass(95_000);
    assert.notEqual(under.time.pending, 0);
    under.stop();
    assert.equal(under.time.pending, 0);
    const calls = under.rpc.calls.length;
    await under.time.pass(HOUR);
    assert.equal(under.rpc.calls.length, calls);
  });
});
