import { inspect } from '../block/gate.js';
import { merkleRoot, sha256d } from '../block/merkle.js';
import { NETWORKS } from '../wire/network.js';
import { type Hash, ZERO_HASH } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

const TRANSACTIONS = 8;
/** Together about 15 KB, as real won blocks have. */
const SCRIPT_BYTES = 1_800;

const NO_TIME = 0;
/** The easiest target: every second header will do. Source: Dash Core `chainparams.cpp`. */
const REGTEST_BITS = 0x207fffff;

/**
 * A block without meaning that the gate lets pass, of the size that won blocks have. It is regtest's whatever the network, since there a
 * proof of work costs two tries. `loadX11()` must have been awaited.
 * @returns its bytes
 */
export function practiceBlock(previous: Hash): Buffer {
  const transactions = Array.from({ length: TRANSACTIONS }, (_, index) => practiceTransaction(index));
  const { root } = merkleRoot(transactions.map(sha256d));
  for (let nonce = 0; ; nonce += 1) {
    const raw = new Writer()
      .i32(1)
      .hash(previous)
      .bytes(root)
      .u32(NO_TIME)
      .u32(REGTEST_BITS)
      .u32(nonce)
      .list(transactions, (writer, transaction) => writer.bytes(transaction))
      .finish();
    if (inspect(raw, NETWORKS.regtest).kind === 'block') return raw;
  }
}

/** The first one is a coinbase: it spends the null outpoint. */
function practiceTransaction(index: number): Buffer {
  return new Writer()
    .i32(2)
    .compactSize(1)
    .hash(ZERO_HASH)
    .u32(index === 0 ? 0xffff_ffff : index)
    .varBytes(Buffer.of(2, 1, 1))
    .u32(0xffff_ffff)
    .compactSize(1)
    .i64(0n)
    .varBytes(Buffer.alloc(SCRIPT_BYTES))
    .u32(0)
    .finish();
}
