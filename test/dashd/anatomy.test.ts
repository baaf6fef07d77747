/** What the relay says that a block is made of, against what a real dashd says. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { openJobThread } from '../../src/adapters/job-thread.js';
import { createRpc } from '../../src/adapters/rpc.js';
import type { BlockAnatomy } from '../../src/contracts/anatomy.js';
import { openAnatomy } from '../../src/relay/anatomy.js';
import { Scope } from '../../src/relay/scope.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { hashToWire } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { describeWithDashd } from './describe-with-dashd.js';

const FEE = 12_345n;
/** Version-3 coinbases with a payload, and quorum commitments, which nobody can form here, are in force by then. */
const BLOCKS = 700;

interface CoreBlock {
  readonly hash: string;
  readonly height: number;
  readonly size: number;
  readonly tx: readonly {
    readonly txid: string;
    readonly type: number;
    readonly size: number;
    readonly vin: readonly object[];
    readonly vout: readonly { readonly valueSat: number }[];
  }[];
}

describeWithDashd('what blocks of a real dashd are made of', () => {
  const scope = new Scope();
  let dashd: DashdProcess;
  before(async () => {
    dashd = await startDashd({ arguments: ['-acceptnonstdtxn=1'] });
  });
  after(async () => {
    await scope.close();
    await dashd?.remove();
  });

  async function anatomyOf(block: CoreBlock): Promise<BlockAnatomy> {
    const rpc = createRpc({ url: dashd.rpcUrl, cookieFile: dashd.cookieFile });
    scope.add(() => rpc.close());
    const { hash, height, size } = block;
    const finality = { at: 0, state: 'pending' } as const;
    const tipHeight = await dashd.rpc<number>('getblockcount');
    const ask = openAnatomy(
      {
        context: { config: { network: 'regtest' }, openJobThread },
        dashd: { rpc },
        recent: { get: () => undefined },
        tip: { hash, heightOf: () => tipHeight },
        history: { get: () => ({ hash, height, size, receivedAt: 0, finality }) },
      },
      scope,
    );
    const answer = await ask(hash);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer.anatomy;
  }

  const blockAt = async (hash: string) => dashd.rpc<CoreBlock>('getblock', hash, 2);

  it('agrees with dashd on sizes, kinds, inputs, outputs, the reward and the fees', async (t) => {
    if (!(await dashd.hasMiner())) return t.skip('this dashd was built without its miner');
    const [first = ''] = await dashd.generate(BLOCKS);
    const coinbase = (await blockAt(first)).tx[0];
    assert.ok(coinbase);
    const value = BigInt(coinbase.vout[0]?.valueSat ?? 0) - FEE;
    const spend = new Writer().i32(1).compactSize(1).bytes(hashToWire(coinbase.txid)).u32(0).varBytes(Buffer.alloc(0));
    const raw = spend.u32(0xffff_ffff).compactSize(1).u64(value).varBytes(Buffer.of(0x51)).u32(0).finish();
    const { hash } = await dashd.rpc<{ hash: string }>('generateblock', 'raw(51)', [raw.toString('hex')]);
    const block = await blockAt(hash);
    const { tx } = block;
    const found = await anatomyOf(block);
    const sum = (of: (one: CoreBlock['tx'][number]) => number) => tx.reduce((all, one) => all + of(one), 0);
    assert.deepEqual(
      [found.size, found.transactions, found.inputs, found.outputs],
      [block.size, tx.length, sum(({ vin }) => vin.length), sum(({ vout }) => vout.length)],
    );
    for (const { type, count, bytes, unreadable } of found.kinds) {
      const ofKind = tx.filter((one) => one.type === type);
      const size = ofKind.reduce((all, one) => all + one.size, 0);
      assert.deepEqual([count, bytes, unreadable], [ofKind.length, size, 0], `type ${type}`);
    }
    assert.ok(found.kinds.some(({ type }) => type === 5));
    assert.equal(
      found.coinbase?.amount,
      tx[0]?.vout.reduce((all, { valueSat }) => all + valueSat, 0),
    );
    assert.equal(found.fees?.total, Number(FEE));
    // The credit pool's share is known from its script, and nobody registered a masternode.
    assert.ok(found.coinbase?.payees.some(({ share }) => share === 'platform'));
  });
});
