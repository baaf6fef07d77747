import type { Codec } from './codec.js';
import { Malformed } from './reader.js';

/** A transaction as opaque bytes. */
export interface Tx {
  readonly command: 'tx';
  /** When decoded, a view of the message's bytes, not a copy. */
  readonly raw: Buffer;
}

/** Version, input count, output count and lock time, bytes. */
const SHORTEST = 10;

export const tx: Codec<Tx> = {
  command: 'tx',
  /** Dash Core `consensus/tx_check.cpp`: the limit of a transaction is still the former block limit. */
  maxPayload: 1_000_000,
  decode: (reader) => {
    if (reader.remaining < SHORTEST) throw new Malformed(`tx.raw: ${reader.remaining} bytes are no transaction`);
    return { command: 'tx', raw: reader.take(reader.remaining, 'tx.raw') };
  },
  encode: (writer, message) => {
    writer.bytes(message.raw);
  },
};
