import { GENESIS_BLOCKS, GENESIS_COINBASE } from '../vectors/block/genesis.js';
import { buildBlock, buildTx, NULL_OUTPOINT } from './support.js';

/** The genesis blocks whole, put together from the fields in Core's `chainparams.cpp`. */
export const genesisBlocks = GENESIS_BLOCKS.map((fields) => {
  const { script, value, outputScript } = GENESIS_COINBASE;
  const coinbase = buildTx({
    version: 1,
    inputs: [{ outpoint: NULL_OUTPOINT, script, sequence: 0xffff_ffff }],
    outputs: [{ value, script: outputScript }],
  });
  const raw = buildBlock({ ...fields, version: 1, previous: '00'.repeat(32), transactions: [coinbase] });
  raw.writeUInt32LE(fields.nonce, 76);
  return { ...fields, raw };
});
