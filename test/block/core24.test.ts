/** Blocks with what Dash Core 24 brings: nothing of it is decoded, so boundaries, ids and the merkle root are all there is to get wrong. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inspect } from '../../src/block/gate.js';
import { loadX11 } from '../../src/block/x11.js';
import { NETWORKS } from '../../src/wire/network.js';
import { Writer } from '../../src/wire/writer.js';
import { buildTx, mineBlock, naiveMerkleRoot, naiveSha256d } from './support.js';

const filled = (size: number, byte: number) => Buffer.alloc(size, byte);

/** CbTx version 4: version 3 and merkleRootAssetUnlocks behind it. */
const CBTX_4 = new Writer()
  .bytes(Buffer.of(4, 0))
  .i32(16)
  .bytes(filled(32, 0x11))
  .bytes(filled(32, 0x22))
  .compactSize(0)
  .bytes(filled(96, 0x33))
  .i64(5n)
  .bytes(filled(32, 0x44))
  .finish();

describe('a block of Dash Core 24', () => {
  before(() => loadX11());

  test('with CbTx 4, types 10 to 12, ProTx 3 and a version-2 asset unlock passes scan and merkle root', () => {
    const input = {
      outpoint: Buffer.concat([filled(32, 0), filled(4, 0xff)]),
      script: Buffer.of(0x60, 0),
      sequence: 0,
    };
    const outputs = [{ value: 1n, script: Buffer.of(0x51) }];
    const coinbase = buildTx({ version: 3, type: 5, inputs: [input], outputs, payload: CBTX_4 });
    const spend = { outpoint: filled(36, 7), script: Buffer.of(), sequence: 1 };
    const special = (type: number, payload: Buffer) => buildTx({ version: 3, type, inputs: [spend], outputs, payload });
    const body = [10, 11, 12].map((type) => special(type, filled(300, type)));
    body.push(...[1, 2, 3, 4].map((type) => special(type, Buffer.concat([Buffer.of(3, 0), filled(400, type)]))));
    const unlock = buildTx({
      version: 3,
      type: 9,
      outputs,
      payload: Buffer.concat([Buffer.of(2), filled(12, 1), filled(132, 9)]),
    });
    // The id of the unlock is that of the transaction with its last 132 bytes zeroed.
    const unlockId = naiveSha256d(Buffer.concat([unlock.subarray(0, -132), filled(132, 0)]));
    const transactions = [coinbase, ...body, unlock];
    const ids = [...[coinbase, ...body].map(naiveSha256d), unlockId];
    const inspection = inspect(mineBlock({ transactions, merkleRoot: naiveMerkleRoot(ids) }), NETWORKS.regtest);
    assert.ok(inspection.kind === 'block');
    assert.deepEqual([inspection.doubts, inspection.block.height], [[], 16]);
    assert.equal(inspection.block.transactions, 9);
    const signed = naiveMerkleRoot(transactions.map(naiveSha256d));
    const other = inspect(mineBlock({ transactions, merkleRoot: signed }), NETWORKS.regtest);
    assert.ok(other.kind === 'block' && other.doubts.length === 1, 'the id of the whole is another');
  });
});
