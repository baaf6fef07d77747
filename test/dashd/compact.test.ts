/** What only a real dashd makes: blocks with quorum commitments, which are in no mempool. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { fillerTransactions } from '../../src/simulated/filler.js';
import { pointsIn } from '../contract/node-under-test.js';
import { Pusher } from '../contract/pusher.js';
import { describeWithDashd } from './describe-with-dashd.js';
import { CONSENSUS, finishSync, mineFunds, spareFunds } from './quorum/registration.js';
import { type BlockTemplate, blockOn } from './quorum/template-block.js';

/** Dash Core mines commitments in nine of the 24 blocks of a quorum's cycle, empty ones included. */
const MAX_BLOCKS = 60;
const PAYMENTS_BYTES = 6_000;
const PAYMENT_BYTES = 400;
const ANY_FEE = 0;
/** DIP 2: the version, and the type. */
const COMMITMENT = /^03000600/;

describeWithDashd('a compact block with quorum commitments', () => {
  let dashd: DashdProcess;
  before(async () => {
    await loadX11();
    dashd = await startDashd({ arguments: [...CONSENSUS, '-minrelaytxfee=0'] });
    await mineFunds(dashd, 1);
    await finishSync(dashd);
  });
  after(() => dashd?.remove());

  it('is accepted once the node has asked for them: sent along, they would cost 100 points', async () => {
    const pusher = await Pusher.ready(dashd);
    const payments = fillerTransactions(PAYMENTS_BYTES, PAYMENT_BYTES, await spareFunds(dashd, 1));
    const template = await untilCommitments();
    for (const payment of payments) await dashd.rpc('sendrawtransaction', payment.toString('hex'), ANY_FEE);
    const transactions = [...template.transactions, ...payments.map((payment) => ({ data: payment.toString('hex') }))];
    assert.equal(await pusher.delivers(blockOn({ ...template, transactions })), 'compact 1');
    assert.deepEqual(pointsIn(dashd.log()), []);
    pusher.hangUp();
  });

  async function untilCommitments(): Promise<BlockTemplate> {
    for (let count = 0; count < MAX_BLOCKS; count += 1) {
      const template = await dashd.rpc<BlockTemplate>('getblocktemplate');
      if (template.transactions.some(({ data }) => COMMITMENT.test(data))) return template;
      await dashd.generate(1);
    }
    throw new Error(`no quorum commitment in ${MAX_BLOCKS} blocks`);
  }
});
