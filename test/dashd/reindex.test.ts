/** A dashd that builds its index anew, a few thousand blocks of it: what the relay reports meanwhile, and what it does with old blocks. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import type { ServiceEvent } from '../../src/contracts/events.js';
import { Status } from '../../src/ops/status.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { clockAt } from '../support/clock.js';
import { RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

const BLOCKS = 3_000;
/** dashd answers other calls between so many. */
const AT_ONCE = 500;

describeWithDashd('a dashd that is started with -reindex', () => {
  let dashd: DashdProcess;
  let other: DashdProcess;
  before(async () => {
    await loadX11();
    [dashd, other] = await Promise.all([startDashd(), startDashd()]);
  });
  after(async () => {
    await Promise.all([dashd, other].map((node) => node?.remove()));
  });

  it('is reported as catching up and not ready, has no old block pushed, is no silent feed, and is ready again afterwards', async (t) => {
    if (!(await dashd.hasMiner())) return t.skip('this dashd was built without its miner');
    for (let made = 0; made < BLOCKS; made += AT_ONCE) await dashd.generate(AT_ONCE);
    const tip = await dashd.rpc<string>('getbestblockhash');
    await dashd.stop();
    await dashd.start('-reindex');
    const relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      peers: other.address,
    });
    const chain = (code: string) =>
      relay.until(`the chain to be reported as ${code}`, (events) =>
        events.find(
          (event): event is ServiceEvent =>
            event.type === 'service' && event.service === 'dashd-chain' && event.code === code,
        ),
      );
    try {
      const { detail } = await chain('catching-up');
      t.diagnostic(detail);
      const status = new Status({ clock: clockAt(() => 0) });
      for (const event of relay.events) status.listen(event);
      assert.deepEqual(status.readiness(relay.relay.view).notReady, [detail]);
      assert.equal(relay.relay.view.tip(), undefined);

      t.diagnostic((await chain('synchronised')).detail);
      await relay.until('the tip', (events) => events.find((event) => event.type === 'tip' && event.hash === tip));
      await relay.connected(2);
      const [news] = await dashd.generate(1);
      const { source } = await relay.until('the next block', (events) =>
        events.flatMap((event) => (event.type === 'tip' && event.hash === news ? [event] : [])).at(0),
      );
      for (const event of relay.events) status.listen(event);
      assert.equal(status.readiness(relay.relay.view).ready, true);
      t.diagnostic(`the block behind it was reported by the ${source}`);
      const given = relay.events.flatMap((event) => (event.type === 'received' ? [event.hash] : []));
      assert.ok(
        given.every((hash) => hash === news),
        `pushed: ${given.join()}`,
      );
      assert.ok(!relay.events.some((event) => event.type === 'service' && event.code === 'silent'));
    } finally {
      await relay.stop();
    }
  });
});
