import { merkleRoot } from '../block/merkle.js';
import { hashToWire, ZERO_HASH } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { encodeTransaction, NULL_INDEX, txidOf } from './transaction.js';

// Source of all constants: Dash Core `chainparams.cpp`, `CRegTestParams` and `CreateGenesisBlock`.
const HEADLINE = 'Wired 09/Jan/2014 The Grand Experiment Goes Live: Overstock.com Is Now Accepting Bitcoins';
const PUBLIC_KEY = Buffer.from(
  '040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b' +
    '10f4d4604fa08dce601aaf0f470216fe1b51850b4acf21b179c45070ac7b03a9',
  'hex',
);
const OP_PUSHDATA1 = 0x4c;
const OP_CHECKSIG = 0xac;
const FIFTY_DASH = 5_000_000_000n;
/** The pushes of Bitcoin's first difficulty and the number 4, as in Bitcoin's genesis block. */
const SCRIPT_START = Buffer.from('04ffff001d0104', 'hex');

/** The genesis block of Dash Core's regtest. */
export function regtestGenesis(): Buffer {
  const coinbase = encodeTransaction({
    version: 1,
    inputs: [
      {
        txid: ZERO_HASH,
        index: NULL_INDEX,
        script: Buffer.concat([SCRIPT_START, Buffer.of(OP_PUSHDATA1, HEADLINE.length), Buffer.from(HEADLINE)]),
      },
    ],
    outputs: [
      {
        value: FIFTY_DASH,
        script: Buffer.concat([Buffer.of(PUBLIC_KEY.length), PUBLIC_KEY, Buffer.of(OP_CHECKSIG)]),
      },
    ],
  });
  return new Writer()
    .i32(1)
    .hash(ZERO_HASH)
    .bytes(merkleRoot([hashToWire(txidOf(coinbase))]).root)
    .u32(1_417_713_337)
    .u32(0x207fffff)
    .u32(1_096_447)
    .compactSize(1)
    .bytes(coinbase)
    .finish();
}
