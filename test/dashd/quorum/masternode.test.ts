/** One masternode, registered by a transaction of ours. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../../src/simulated/dashd-process.js';
import type { Hash } from '../../../src/wire/reader.js';
import { pointsIn } from '../../contract/node-under-test.js';
import { TestPeer } from '../../contract/test-peer.js';
import { describeWithDashd } from '../describe-with-dashd.js';
import { CONSENSUS, finishSync, generateKey, masternodeArguments, mineFunds, register } from './registration.js';
import { type BlockTemplate, blockOn } from './template-block.js';

const BLOCKS = 10;

describeWithDashd('a dashd that is a masternode', () => {
  let dashd: DashdProcess;
  let proTxHash: Hash;
  before(async () => {
    await loadX11();
    dashd = await startDashd({ arguments: CONSENSUS });
    const key = await generateKey(dashd);
    await mineFunds(dashd, 1);
    proTxHash = await register(dashd, 0, dashd, key);
    await dashd.generate(1);
    await dashd.stop();
    await dashd.start(...masternodeArguments(key));
    await finishSync(dashd);
  });
  after(() => dashd?.remove());

  it('is in the list of masternodes, and ready', async () => {
    const status = await dashd.rpc<{ state: string; proTxHash: Hash }>('masternode', 'status');
    assert.deepEqual([status.state, status.proTxHash], ['READY', proTxHash]);
    const list = await dashd.rpc<Record<string, { address: string; status: string }>>('masternodelist', 'json');
    assert.deepEqual(
      Object.values(list).map(({ address, status: listed }) => [address, listed]),
      [[dashd.address, 'ENABLED']],
    );
  });

  it('takes blocks that are made from its template, with the share of the masternode in the coinbase', async () => {
    for (let block = 0; block < BLOCKS; block += 1) {
      const template = await dashd.rpc<BlockTemplate>('getblocktemplate');
      assert.ok(template.masternode.some(({ amount }) => amount > 0));
      assert.equal(await dashd.rpc('submitblock', blockOn(template).toString('hex')), null);
    }
  });

  it('names itself to a peer that sends a challenge, and to no other', async () => {
    const challenger = await TestPeer.ready(dashd, { version: { mnauthChallenge: Buffer.alloc(32, 7) } });
    assert.deepEqual(
      challenger.all('mnauth').map(({ masternode }) => masternode),
      [proTxHash],
    );
    const other = await TestPeer.ready(dashd);
    assert.ok(!other.commands().includes('mnauth'));
    await Promise.all([challenger.hangUp(), other.hangUp()]);
    assert.deepEqual(pointsIn(dashd.log()), []);
  });
});
