import { type Codec, ROOM_TO_GROW } from './codec.js';

/** BIP 31: requests a `pong` with the same nonce. Messages are handled in order, so the pong shows that all earlier ones were handled. */
export interface Ping {
  readonly command: 'ping';
  readonly nonce: bigint;
}

export const ping: Codec<Ping> = {
  command: 'ping',
  maxPayload: 8 + ROOM_TO_GROW,
  decode: (reader) => ({ command: 'ping', nonce: reader.u64('ping.nonce') }),
  encode: (writer, message) => {
    writer.u64(message.nonce);
  },
};
