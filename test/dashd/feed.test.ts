/** dashd's feed as operators set it up: one topic alone, and on IPv6. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { type DashdOptions, startDashd } from '../../src/simulated/dashd-process.js';
import { RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

async function feedOf(t: TestContext, options: DashdOptions): Promise<void> {
  const dashd = await startDashd(options);
  try {
    await dashd.generate(1);
    const relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-host': dashd.host,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
    });
    try {
      await relay.connected(1);
      const reported = await relay.until('the feed', (events) =>
        events.find((event) => event.type === 'service' && event.service === 'dashd-feed' && event.state === 'up'),
      );
      for (const { type, address } of await dashd.rpc<{ type: string; address: string }[]>('getzmqnotifications')) {
        t.diagnostic(`dashd: ${type} at ${address}`);
      }
      if (reported.type === 'service') t.diagnostic(reported.detail);
      await relay.tipKnown();
      const [hash] = await dashd.generate(1);
      const tip = await relay.until('the tip', (events) =>
        events.find((event) => event.type === 'tip' && event.hash === hash),
      );
      assert.ok(tip.type === 'tip' && tip.source === 'feed');
    } finally {
      await relay.stop();
    }
  } finally {
    await dashd.remove();
  }
}

describeWithDashd("a real dashd's feed", () => {
  it('of rawblock alone reports the tip', (t) => feedOf(t, { zmq: { topics: ['rawblock'] } }));
  it('of hashblock alone reports the tip', (t) => feedOf(t, { zmq: { topics: ['hashblock'] } }));
  it('of a port for each topic reports the tip, though rawblock is not at dashd.zmq.url', (t) =>
    feedOf(t, { zmq: { topics: ['hashchainlock', 'rawblock'], apart: true } }));
  it('on IPv6, with RPC and P2P there too, reports the tip', (t) => feedOf(t, { host: '::1' }));
});
