import type { Codec } from './codec.js';
import { Malformed } from './reader.js';

/** A transaction as bytes. */
export interface Tx {
  readonly command: 'tx';
  /** Decoded: a view of the message's own bytes, not a copy. */
  readonly raw: Buffer;
}

/** Version, the counts of inputs and outputs, lock time. */
const SHORTEST = 10;

export const tx: Codec<Tx> = {
  command: 'tx',
  /** Dash Core `consensus/tx_check.cpp`: a transaction stayed at the size of the first blocks. */
  maxPayload: 1_000_000,
  decode: (reader) => {
    if (reader.remaining < SHORTEST) throw new Malformed(`tx.raw: ${reader.remaining} bytes are no transaction`);
    return { command: 'tx', raw: reader.take(reader.remaining, 'tx.raw') };
  },
  encode: (writer, message) => {
    writer.bytes(message.raw);
  },
};
