import { type Codec, ROOM_TO_GROW } from './codec.js';

/** BIP 152: whether the sender wants compact blocks, and in which mode. */
export interface SendCmpct {
  readonly command: 'sendcmpct';
  /** True (high-bandwidth mode): new blocks are to be sent as `cmpctblock` without a request. */
  readonly highBandwidth: boolean;
  /** Version of the compact block format; Dash has version 1 only. */
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
