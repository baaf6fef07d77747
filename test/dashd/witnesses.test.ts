/** Real dashds as witnesses: they announce each block in compact form at once, and are sent nothing of one. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import type { BlockPropagation } from '../../src/contracts/propagation.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { eventually, pointsIn, templateOn } from '../contract/node-under-test.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

const NODES = 4;
const WITNESSES = 3;
/** Twice the tolerance of delivery/propagation.ts. */
const SHORT_MS = 40;

interface PeerInfo {
  readonly subver: string;
  readonly bip152_hb_from: boolean;
  readonly bytesrecv_per_msg: Readonly<Record<string, number>>;
}

describeWithDashd('a relay with one peer among four dashds, and the others as witnesses', () => {
  let local: DashdProcess;
  let nodes: readonly DashdProcess[] = [];
  let relay: RelayUnderTest;
  before(async () => {
    await loadX11();
    [local, ...nodes] = await Promise.all([startDashd(), ...Array.from({ length: NODES }, () => startDashd())]);
    const inARow = [local, ...nodes];
    await Promise.all(inARow.slice(1).map((node, place) => node.rpc('addnode', inARow[place]?.address, 'onetry')));
    const [hash] = await local.generate(1);
    const raw = await local.rpc<string>('getblock', hash, 0);
    await Promise.all(nodes.map((node) => node.rpc('submitblock', raw)));
    relay = await RelayUnderTest.start({
      'dashd-rpc-url': local.rpcUrl,
      'dashd-rpc-cookie-file': local.cookieFile,
      'dashd-p2p-port': String(local.port),
      'dashd-zmq-url': local.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      'broadcast-max-peers': '2',
      'broadcast-min-peers': '1',
      'quorum-max-peers': '0',
      'witnesses-count': String(WITNESSES),
      peers: nodes.map(({ address }) => address).join(','),
    });
  });
  after(async () => {
    await relay?.stop();
    await Promise.all([local, ...nodes].map((node) => node?.remove()));
  });

  const report = () => relay.relay.view.witnesses?.();
  const witnesses = () => nodes.filter(({ address }) => report()?.witnesses.some(({ peer }) => peer === address));
  const spread = (hash: string) =>
    relay.until('the propagation', () =>
      relay.events.find((event): event is BlockPropagation => event.type === 'propagation' && event.hash === hash),
    );
  const ofRelay = async (node: DashdProcess) =>
    (await node.rpc<PeerInfo[]>('getpeerinfo')).filter(({ subver }) => subver.startsWith('/blockcast'));

  it('has them beside its peers, in high-bandwidth mode', async () => {
    await relay.tipKnown();
    await relay.connected(2);
    await relay.until('the witnesses', () => (report()?.connected === WITNESSES ? true : undefined));
    await relay.until('their round trips', () =>
      // On a busy machine the first may be long: an announcement would seem to come before it can.
      report()?.witnesses.every(({ roundTripMs = Number.NaN }) => roundTripMs < SHORT_MS) === true ? true : undefined,
    );
    for (const node of witnesses()) {
      const [info, ...more] = await ofRelay(node);
      assert.deepEqual([info?.bip152_hb_from, more], [true, []]);
    }
  });

  it("hears of the pool's block from all of them in compact form, and sends them none of it", async (t) => {
    const raw = mineBlock(await templateOn(local));
    await relay.push(raw);
    const { own, witnesses: asked, seen, medianMs = Number.NaN, sights } = await spread(hashOf(raw));
    assert.deepEqual([own, asked, seen], [true, WITNESSES, WITNESSES]);
    assert.deepEqual(
      sights.map(({ state, way }) => [state, way]),
      sights.map(() => ['counted', 'cmpctblock']),
    );
    assert.ok(medianMs >= 0);
    for (const node of witnesses()) {
      const [info] = await ofRelay(node);
      for (const command of ['block', 'cmpctblock', 'blocktxn'])
        assert.equal(info?.bytesrecv_per_msg[command], undefined);
      assert.deepEqual(pointsIn(node.log()), []);
    }
    t.diagnostic(`half of ${asked} dashds in a row had it after ${medianMs.toFixed(1)} ms: ${JSON.stringify(sights)}`);
  });

  it("measures others' blocks, too", async (t) => {
    const [hash = ''] = (await nodes.at(-1)?.generate(1)) ?? [];
    const { own, seen, medianMs } = await spread(hash);
    assert.deepEqual([own, seen], [false, WITNESSES]);
    t.diagnostic(`half of them had it ${medianMs?.toFixed(1)} ms after the second connection`);
    await eventually(async () => (await local.rpc<string>('getbestblockhash')) === hash, 'one tip');
  });
});
