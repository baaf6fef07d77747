import { COUNT_BYTES, type Codec, ROOM_TO_GROW } from './codec.js';
import type { Hash } from './reader.js';

/** Requests the headers after the first hash of the locator that is in the receiver's chain. */
export interface GetHeaders {
  readonly command: 'getheaders';
  /** A protocol version; Dash Core ignores it. */
  readonly version: number;
  /** Block hashes, newest first, at growing distances towards the genesis block. */
  readonly locator: readonly Hash[];
  /** The last header wanted; all zeros for the maximum number. */
  readonly stop: Hash;
}

/** Dash Core `net_processing.cpp`: `MAX_LOCATOR_SZ`. */
const MAX_LOCATOR = 101;

export const getheaders: Codec<GetHeaders> = {
  command: 'getheaders',
  maxPayload: 4 + COUNT_BYTES + MAX_LOCATOR * 32 + 32 + ROOM_TO_GROW,
  decode: (reader) => ({
    command: 'getheaders',
    version: reader.i32('getheaders.version'),
    locator: reader.list('getheaders.locator', MAX_LOCATOR, () => reader.hash('getheaders.locator')),
    stop: reader.hash('getheaders.stop'),
  }),
  encode: (writer, message) => {
    writer
      .i32(message.version)
      .list(message.locator, (to, hash) => to.hash(hash))
      .hash(message.stop);
  },
};
