import { type Codec, MAX_PAYLOAD } from './codec.js';
import { Malformed, type Reader } from './reader.js';

/** BIP 152: a block as its header and six bytes for each transaction that the receiver is expected to have. */
export interface CmpctBlock {
  readonly command: 'cmpctblock';
  /** 80 bytes. When decoded, a view of the message's bytes, as all buffers here. */
  readonly header: Buffer;
  /** Keys the short ids, together with the header. */
  readonly nonce: bigint;
  /** {@link SHORT_ID_BYTES} for each transaction that is not prefilled, in the block's order. */
  readonly shortIds: Buffer;
  readonly prefilled: Prefilled;
}

/** Transactions sent whole. Their lengths are known only by decoding them, so a decoder keeps them as one piece. */
export interface Prefilled {
  readonly count: number;
  /** For each, its distance from the one before (a compact size), and its bytes. */
  readonly bytes: Buffer;
}

export const SHORT_ID_BYTES = 6;
/** Positions of transactions are 16 bits. Source: BIP 152; Dash Core `blockencodings.h`. */
export const MAX_COMPACT_TRANSACTIONS = 0xffff;
const HEADER_BYTES = 80;

export const cmpctblock: Codec<CmpctBlock> = {
  command: 'cmpctblock',
  maxPayload: MAX_PAYLOAD,
  decode: (reader) => {
    const header = reader.take(HEADER_BYTES, 'cmpctblock.header');
    const nonce = reader.u64('cmpctblock.nonce');
    const count = reader.compactSize('cmpctblock.shortIds.count', MAX_COMPACT_TRANSACTIONS);
    const shortIds = reader.take(count * SHORT_ID_BYTES, 'cmpctblock.shortIds');
    return { command: 'cmpctblock', header, nonce, shortIds, prefilled: prefilledIn(reader, count) };
  },
  encode: (writer, { header, nonce, shortIds, prefilled }) => {
    writer
      .bytes(header)
      .u64(nonce)
      .compactSize(shortIds.length / SHORT_ID_BYTES)
      .bytes(shortIds)
      .compactSize(prefilled.count)
      .bytes(prefilled.bytes);
  },
};

function prefilledIn(reader: Reader, shortIds: number): Prefilled {
  const count = reader.compactSize('cmpctblock.prefilled.count', MAX_COMPACT_TRANSACTIONS - shortIds);
  if (count + shortIds === 0) throw new Malformed('cmpctblock: no transactions');
  return { count, bytes: reader.take(reader.remaining, 'cmpctblock.prefilled') };
}
