/** A devnet with a name: dashd hangs up on whoever does not name it, and names it as its chain. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { eventually, pointsIn } from '../contract/node-under-test.js';
import { RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

const NAME = 'blockcast-test';

function relayTo(dashd: DashdProcess, name: string): Promise<RelayUnderTest> {
  return RelayUnderTest.start({
    network: 'devnet',
    'devnet-name': name,
    'dashd-rpc-url': dashd.rpcUrl,
    'dashd-rpc-cookie-file': dashd.cookieFile,
    'dashd-p2p-port': String(dashd.port),
    'dashd-zmq-url': dashd.zmqUrl,
    'broadcast-skip-bootstrap': 'true',
  });
}

describeWithDashd('a dashd on a devnet', () => {
  let dashd: DashdProcess;
  before(async () => {
    await loadX11();
    dashd = await startDashd({ devnet: NAME });
  });
  after(() => dashd?.remove());

  it('accepts a relay that is given its name', async (t) => {
    const relay = await relayTo(dashd, NAME);
    try {
      await relay.connected(1);
      const [peer] = await dashd.rpc<{ subver: string }[]>('getpeerinfo');
      assert.equal(peer?.subver, `/blockcast:test(devnet.devnet-${NAME})/`);
      const { chain } = await dashd.rpc<{ chain: string }>('getblockchaininfo');
      t.diagnostic(`dashd: chain ${chain}, subver of the relay ${peer?.subver}`);
      assert.equal(chain, `devnet-${NAME}`);
      const { code } = (await relay.until('the chain to be reported', (events) =>
        events.find((event) => event.type === 'service' && event.service === 'dashd-chain'),
      )) as { code: string };
      assert.notEqual(code, 'wrong-network');
      assert.deepEqual(pointsIn(dashd.log()), []);
    } finally {
      await relay.stop();
    }
  });

  it('hangs up on a relay that names another, which says so', async (t) => {
    const relay = await relayTo(dashd, 'other');
    try {
      const reported = (await relay.until('the chain to be reported', (events) =>
        events.find((event) => event.type === 'service' && event.service === 'dashd-chain'),
      )) as { detail: string };
      t.diagnostic(reported.detail);
      assert.match(reported.detail, new RegExp(`devnet-${NAME}.*set network to devnet and devnet.name to ${NAME}`));
      const line = await eventually(() => /connected to wrong devnet.*/.exec(dashd.log())?.[0], 'dashd to hang up');
      t.diagnostic(`dashd: ${line}`);
      assert.equal(relay.relay.peers.size, 0);
    } finally {
      await relay.stop();
    }
  });
});
