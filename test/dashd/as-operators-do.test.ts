/** What operators and pools do with a dashd that is out of the ordinary: nodes added by name and without a port, bytes behind a block. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { NETWORKS } from '../../src/wire/network.js';
import { eventually, mine, pointsIn, templateOn, tipOf } from '../contract/node-under-test.js';
import { TestPeer } from '../contract/test-peer.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

/** dashd adds the network's port to an address without one; of all loopback addresses hardly anybody else uses this one. */
const BARE = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}.77`;

describeWithDashd('nodes that were added to dashd by name and without a port', () => {
  let dashd: DashdProcess;
  let other: DashdProcess;
  let relay: RelayUnderTest | undefined;
  before(async () => {
    await loadX11();
    const bare = `-bind=${BARE}:${NETWORKS.regtest.p2pPort}`;
    [dashd, other] = await Promise.all([startDashd(), startDashd({ arguments: [bare] })]);
    await dashd.generate(1);
  });
  after(async () => {
    await relay?.stop();
    await Promise.all([dashd, other].map((node) => node?.remove()));
  });

  it('are connected to by the relay too', async (t) => {
    const byName = `localhost:${other.port}`;
    for (const typed of [byName, BARE]) await dashd.rpc('addnode', typed, 'add');
    const shown = await eventually(async () => {
      const addresses = (await dashd.rpc<{ addr: string }[]>('getpeerinfo')).map(({ addr }) => addr);
      return addresses.includes(byName) && addresses.includes(BARE) ? addresses : undefined;
    }, 'dashd to be connected to both');
    t.diagnostic(`dashd: getpeerinfo.addr ${shown.join(', ')}`);
    relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-refresh-interval': '1',
    });
    await relay.connected(3);
    assert.deepEqual(
      [...relay.relay.peers.keys()].sort(),
      [`${BARE}:${NETWORKS.regtest.p2pPort}`, dashd.address, byName].sort(),
    );
  });
});

describeWithDashd('bytes behind a block', () => {
  let dashd: DashdProcess;
  let other: DashdProcess;
  let relay: RelayUnderTest;
  before(async () => {
    await loadX11();
    [dashd, other] = await Promise.all([startDashd(), startDashd()]);
    const [hash] = await dashd.generate(1);
    await other.rpc('submitblock', await dashd.rpc('getblock', hash, 0));
    relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      peers: other.address,
    });
    await relay.connected(2);
    await relay.tipKnown();
  });
  after(async () => {
    await relay?.stop();
    await Promise.all([dashd, other].map((node) => node?.remove()));
  });

  const withByte = (raw: Buffer) => Buffer.concat([raw, Buffer.of(0x41)]);

  it('are passed over by dashd, as it is submitted and as it is sent, at no cost', async (t) => {
    const submitted = mine(await templateOn(dashd));
    const word = await dashd.rpc<string | null>('submitblock', withByte(submitted).toString('hex'));
    t.diagnostic(`dashd: submitblock answers ${word}`);
    assert.equal(word, null);
    assert.equal((await tipOf(dashd)).hash, hashOf(submitted));

    const sent = mine(await templateOn(dashd));
    const peer = await TestPeer.ready(dashd);
    peer.send({ command: 'block', raw: withByte(sent) });
    await peer.sync();
    await peer.hangUp();
    assert.equal((await tipOf(dashd)).hash, hashOf(sent));
    t.diagnostic('dashd: block with a byte behind it is connected');
    assert.deepEqual(pointsIn(dashd.log()), []);
  });

  it('cost no block: dashd is asked first, and every peer has it', async (t) => {
    const raw = mine(await templateOn(dashd));
    await relay.push(withByte(raw));
    const verdict = await relay.verdict(raw, ({ rpc }) => rpc !== undefined);
    t.diagnostic(`relay: ${verdict.outcome} of ${verdict.source}, submitblock ${verdict.rpc?.outcome}`);
    assert.equal(verdict.rpc?.outcome, 'accepted');
    await eventually(async () => {
      const tips = await Promise.all([dashd, other].map(tipOf));
      return tips.every(({ hash }) => hash === hashOf(raw)) || undefined;
    }, 'both to have the block');
    assert.deepEqual([...pointsIn(dashd.log()), ...pointsIn(other.log())], []);
  });
});
