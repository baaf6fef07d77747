import { type Codec, ROOM_TO_GROW } from './codec.js';
import type { Hash } from './reader.js';

/**
 * A masternode says which one it is, to a peer whose `version` had a challenge that is not zero. Sent once, behind its `verack`. Source: Dash
 * Core `evo/mnauth.cpp`, PushMNAUTH.
 */
export interface MnAuth {
  readonly command: 'mnauth';
  /** The hash of its registration (proRegTxHash). */
  readonly masternode: Hash;
  /** BLS, 96 bytes, over the operator's key, the challenge, the direction of the connection and the protocol version. */
  readonly signature: Buffer;
}

const SIGNATURE_BYTES = 96;

export const mnauth: Codec<MnAuth> = {
  command: 'mnauth',
  maxPayload: 32 + SIGNATURE_BYTES + ROOM_TO_GROW,
  decode: (reader) => ({
    command: 'mnauth',
    masternode: reader.hash('mnauth.masternode'),
    signature: reader.take(SIGNATURE_BYTES, 'mnauth.signature'),
  }),
  encode: (writer, message) => {
    writer.hash(message.masternode).bytes(message.signature);
  },
};
