import { MAX_COMPACT_TRANSACTIONS } from './cmpctblock.js';
import type { Codec } from './codec.js';
import { type Hash, Malformed, type Reader } from './reader.js';

/** BIP 152: requests the transactions of a compact block that the sender lacks. */
export interface GetBlockTxn {
  readonly command: 'getblocktxn';
  readonly hash: Hash;
  /** Positions in the block, ascending; at least one when a node sends it. */
  readonly indexes: readonly number[];
}

const HASH_BYTES = 32;
/** The largest compact size of a position, and of the count. */
const INDEX_BYTES = 3;

export const getblocktxn: Codec<GetBlockTxn> = {
  command: 'getblocktxn',
  maxPayload: HASH_BYTES + INDEX_BYTES * (MAX_COMPACT_TRANSACTIONS + 1),
  decode: (reader) => {
    const hash = reader.hash('getblocktxn.hash');
    return { command: 'getblocktxn', hash, indexes: indexesIn(reader) };
  },
  encode: (writer, { hash, indexes }) => {
    writer.hash(hash).compactSize(indexes.length);
    let next = 0;
    for (const index of indexes) {
      writer.compactSize(index - next);
      next = index + 1;
    }
  },
};

/** Each position is sent as its distance from the one after its predecessor, so none can come twice. Source: BIP 152. */
function indexesIn(reader: Reader): number[] {
  const count = reader.compactSize('getblocktxn.indexes.count', MAX_COMPACT_TRANSACTIONS);
  const indexes: number[] = [];
  let next = 0;
  for (let read = 0; read < count; read += 1) {
    const index = next + reader.compactSize('getblocktxn.indexes', MAX_COMPACT_TRANSACTIONS);
    if (index >= MAX_COMPACT_TRANSACTIONS) throw new Malformed(`getblocktxn.indexes: ${index} is beyond 16 bits`);
    indexes.push(index);
    next = index + 1;
  }
  return indexes;
}
