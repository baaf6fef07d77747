/** One dashd under three addresses, against one other node: what dashd shows of our connections reveals which end at it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import type { RelayEvent, ServiceEvent } from '../../src/contracts/events.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { pointsIn, templateOn } from '../contract/node-under-test.js';
import { RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

describeWithDashd("the pool's own dashd at two addresses and by a name", () => {
  let dashd: DashdProcess;
  let other: DashdProcess;
  let relay: RelayUnderTest;
  before(async () => {
    await loadX11();
    const second = (port: number) => [`-bind=127.0.0.2:${port}`];
    [dashd, other] = await Promise.all([startDashd({ argumentsAt: second }), startDashd()]);
    const [hash] = await dashd.generate(1);
    await other.rpc('submitblock', await dashd.rpc('getblock', hash, 0));
    relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      peers: [`127.0.0.2:${dashd.port}`, `localhost:${dashd.port}`, other.address].join(','),
    });
  });
  after(async () => {
    await relay?.stop();
    await Promise.all([dashd, other].map((node) => node?.remove()));
  });

  it('counts once, by the mark that it shows in getpeerinfo', async (t) => {
    const twins = (events: readonly RelayEvent[]) =>
      events.filter((event): event is ServiceEvent => event.type === 'service' && event.code === 'own-dashd');
    const reported = await relay.until('both to be found out', (events) =>
      twins(events).length === 2 ? twins(events) : undefined,
    );
    for (const { detail } of reported) t.diagnostic(detail);
    await relay.connected(2);
    const [peer] = await dashd.rpc<{ addrlocal: string }[]>('getpeerinfo');
    t.diagnostic(`dashd: addrlocal ${peer?.addrlocal}`);
    await relay.tipKnown();
    const raw = mineBlock(await templateOn(dashd));
    await relay.push(raw);
    const verdict = await relay.verdict(raw, ({ peersReached }) => peersReached === 2);
    assert.deepEqual(verdict.peers.map(({ peer: name }) => name).sort(), [dashd.address, other.address].sort());
    assert.deepEqual([...pointsIn(dashd.log()), ...pointsIn(other.log())], []);
  });
});
