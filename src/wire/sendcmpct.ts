import { type Codec, ROOM_TO_GROW } from './codec.js';

/** BIP 152: whether, and how eagerly, the sender wants compact blocks. */
export interface SendCmpct {
  readonly command: 'sendcmpct';
  /** True: send new blocks as `cmpctblock` at once, unasked. */
  readonly highBandwidth: boolean;
  /** Version of the compact block format; Dash knows 1. */
  readonly version: bigint;
}

export const sendcmpct: Codec<SendCmpct> = {
  command: 'sendcmpct',
  maxPayload: 9 + ROOM_TO_GROW,
  decode: (reader) => ({
    command: 'sendcmpct',
    highBandwidth: reader.bool('sendcmpct.highBandwidth'),
    version: reader.u64('sendcmpct.version'),
  }),
  encode: (writer, message) => {
    writer.bool(message.highBandwidth).u64(message.version);
  },
};
