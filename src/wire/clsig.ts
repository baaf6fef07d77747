import { type Codec, ROOM_TO_GROW } from './codec.js';
import type { Hash } from './reader.js';

/** A ChainLock: the quorum's signature for the block at a height. Sent in answer to `getdata`, or unasked. Source: Dash Core `chainlock/clsig.h`. */
export interface ClSig {
  readonly command: 'clsig';
  readonly height: number;
  readonly block: Hash;
  /** BLS, 96 bytes, recovered from the shares of the quorum's members. */
  readonly signature: Buffer;
}

const SIGNATURE_BYTES = 96;
/** Bytes of a ChainLock. */
export const CLSIG_BYTES = 4 + 32 + SIGNATURE_BYTES;

export const clsig: Codec<ClSig> = {
  command: 'clsig',
  maxPayload: CLSIG_BYTES + ROOM_TO_GROW,
  decode: (reader) => ({
    command: 'clsig',
    height: reader.i32('clsig.height'),
    block: reader.hash('clsig.block'),
    signature: reader.take(SIGNATURE_BYTES, 'clsig.signature'),
  }),
  encode: (writer, message) => {
    writer.i32(message.height).hash(message.block).bytes(message.signature);
  },
};
