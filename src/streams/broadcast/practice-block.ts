import { identify } from '../../block/gate.js';
import { merkleRoot, sha256d } from '../../block/merkle.js';
import { NETWORKS } from '../../wire/network.js';
import { type Hash, ZERO_HASH } from '../../wire/reader.js';
import { Writer } from '../../wire/writer.js';

/** Version 3, type 5. Source: DIP 2, DIP 4. */
const COINBASE_VERSION = (5 << 16) | 3;
/** As of its version 3. Source: Dash Core `evo/cbtx.h`. */
const COINBASE_PAYLOAD_BYTES = 175;

/** The easiest target: every second header meets it. Source: Dash Core `chainparams.cpp`. */
const REGTEST_BITS = 0x207fffff;

export interface PracticeShape {
  readonly transactions: number;
  /** Script bytes of each transaction, besides some 60 others. */
  readonly scriptBytes: number;
  /** Of its header, in seconds: each must be later than its parent, or the gate doubts it. 0 unless given. */
  readonly time?: number;
}

/**
 * A meaningless block that passes the gate. It is one of regtest, where a proof of work takes two attempts on average. `loadX11()` must have
 * been awaited.
 * @returns its bytes
 */
export function practiceBlock(previous: Hash, { transactions, scriptBytes, time = 0 }: PracticeShape): Buffer {
  const body = Array.from({ length: transactions }, (_, index) => practiceTransaction(index, scriptBytes));
  const { root } = merkleRoot(body.map(sha256d));
  for (let nonce = 0; ; nonce += 1) {
    const raw = new Writer()
      .i32(1)
      .hash(previous)
      .bytes(root)
      .u32(time)
      .u32(REGTEST_BITS)
      .u32(nonce)
      .list(body, (writer, transaction) => writer.bytes(transaction))
      .finish();
    if (identify(raw, NETWORKS.regtest).kind === 'block') return raw;
  }
}

/** The first one is a coinbase with the extra payload of DIP 4. */
function practiceTransaction(index: number, scriptBytes: number): Buffer {
  const isCoinbase = index === 0;
  const writer = new Writer()
    .i32(isCoinbase ? COINBASE_VERSION : 2)
    .compactSize(1)
    .hash(ZERO_HASH)
    .u32(isCoinbase ? 0xffff_ffff : index)
    .varBytes(Buffer.of(2, 1, 1))
    .u32(0xffff_ffff)
    .compactSize(1)
    .i64(0n)
    .varBytes(Buffer.alloc(scriptBytes))
    .u32(0);
  return (isCoinbase ? writer.varBytes(Buffer.alloc(COINBASE_PAYLOAD_BYTES)) : writer).finish();
}
