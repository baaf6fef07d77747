import { MAX_COMPACT_TRANSACTIONS } from './cmpctblock.js';
import { type Codec, MAX_PAYLOAD } from './codec.js';
import type { Hash } from './reader.js';

/** BIP 152: the transactions that a `getblocktxn` requested. */
export interface BlockTxn {
  readonly command: 'blocktxn';
  readonly hash: Hash;
  readonly count: number;
  /** The transactions, one behind the other: their lengths are known only by decoding them. */
  readonly transactions: Buffer;
}

export const blocktxn: Codec<BlockTxn> = {
  command: 'blocktxn',
  maxPayload: MAX_PAYLOAD,
  decode: (reader) => {
    const hash = reader.hash('blocktxn.hash');
    const count = reader.compactSize('blocktxn.count', MAX_COMPACT_TRANSACTIONS);
    return { command: 'blocktxn', hash, count, transactions: reader.take(reader.remaining, 'blocktxn.transactions') };
  },
  encode: (writer, { hash, count, transactions }) => {
    writer.hash(hash).compactSize(count).bytes(transactions);
  },
};
