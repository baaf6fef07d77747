/** The scanner against every shape of block that a regtest dashd makes by itself. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { inspect } from '../../src/block/gate.js';
import { scanTransactions } from '../../src/block/scan.js';
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { NETWORKS } from '../../src/wire/network.js';
import { hashFromWire, hashToWire } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { describeWithDashd } from './describe-with-dashd.js';

/** Enough for every deployment of regtest to have come into force: special coinbases, quorum commitments, the new reward. */
const BLOCKS = 700;
/** Blocks until a coinbase may be spent. */
const MATURITY = 100;
const FEE = 10_000n;

interface CoreTransaction {
  readonly txid: string;
  readonly type: number;
  readonly vout: readonly { readonly value: number }[];
}

interface CoreBlock {
  readonly hash: string;
  readonly height: number;
  readonly tx: readonly CoreTransaction[];
}

/** Spends an output that anyone may spend (`raw(51)`) to several of its kind. */
function spend(txid: string, duffs: bigint, outputs: number): Buffer {
  const each = (duffs - FEE) / BigInt(outputs);
  const writer = new Writer()
    .i32(1)
    .compactSize(1)
    .bytes(hashToWire(txid))
    .u32(0)
    .varBytes(Buffer.alloc(0))
    .u32(0xffff_ffff);
  writer.compactSize(outputs);
  for (let count = 0; count < outputs; count += 1) writer.u64(each).varBytes(Buffer.of(0x51));
  return writer.u32(0).finish();
}

describeWithDashd('the scanner and the gate on blocks of a real dashd', () => {
  let dashd: DashdProcess;
  before(async () => {
    await loadX11();
    dashd = await startDashd({ arguments: ['-acceptnonstdtxn=1'] });
  });
  after(() => dashd?.remove());

  const verify = async (hash: string): Promise<number[]> => {
    const raw = Buffer.from(await dashd.rpc<string>('getblock', hash, 0), 'hex');
    const block = await dashd.rpc<CoreBlock>('getblock', hash, 2);
    const inspection = inspect(raw, NETWORKS.regtest);
    assert.equal(inspection.kind, 'block');
    assert.ok(inspection.kind === 'block');
    assert.deepEqual(inspection.doubts, []);
    assert.deepEqual([inspection.block.hash, inspection.block.height], [block.hash, block.height]);
    const scan = scanTransactions(raw);
    assert.ok(scan.ok);
    assert.deepEqual(
      scan.txids.map((txid) => hashFromWire(txid)),
      block.tx.map(({ txid }) => txid),
    );
    return block.tx.map(({ type }) => type);
  };

  /** Only dashd's own miner makes blocks with the rewards and payloads of each deployment; those mined here are rejected from there on. */
  const NO_MINER = 'this dashd was built without its miner';

  it('agrees on hash, height, txids and merkle root, with no doubt about any', async (t) => {
    if (!(await dashd.hasMiner())) return t.skip(NO_MINER);
    const hashes = await dashd.generate(BLOCKS);
    const types = new Set<number>();
    for (const hash of hashes) for (const type of await verify(hash)) types.add(type);
    // Plain transactions, coinbases with a payload (type 5), quorum commitments (type 6).
    assert.deepEqual([...types].sort(), [0, 5, 6]);
  });

  it('agrees on blocks with many transactions', async (t) => {
    if (!(await dashd.hasMiner())) return t.skip(NO_MINER);
    const height = await dashd.rpc<number>('getblockcount');
    const spends: string[] = [];
    for (let at = height - MATURITY - 60; at < height - MATURITY; at += 1) {
      const block = await dashd.rpc<CoreBlock>('getblock', await dashd.rpc('getblockhash', at), 2);
      const [coinbase] = block.tx;
      assert.ok(coinbase);
      const duffs = BigInt(Math.round((coinbase.vout[0]?.value ?? 0) * 1e8));
      spends.push(spend(coinbase.txid, duffs, 1 + (at % 40)).toString('hex'));
    }
    const { hash } = await dashd.rpc<{ hash: string }>('generateblock', 'raw(51)', spends);
    assert.equal((await verify(hash)).length, spends.length + 1);
  });
});
