import { type Codec, ROOM_TO_GROW } from './codec.js';

/** BIP 31: the answer to a `ping`, with its nonce. */
export interface Pong {
  readonly command: 'pong';
  readonly nonce: bigint;
}

export const pong: Codec<Pong> = {
  command: 'pong',
  maxPayload: 8 + ROOM_TO_GROW,
  decode: (reader) => ({ command: 'pong', nonce: reader.u64('pong.nonce') }),
  encode: (writer, message) => {
    writer.u64(message.nonce);
  },
};
