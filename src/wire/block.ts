import { type Codec, MAX_PAYLOAD } from './codec.js';
import { Malformed } from './reader.js';

/** A block as opaque bytes; `block/` interprets them. */
export interface Block {
  readonly command: 'block';
  /** At least 81 bytes: a header and a transaction count. When decoded, a view of the message's bytes, not a copy. */
  readonly raw: Buffer;
}

const SHORTEST = 81;

export const block: Codec<Block> = {
  command: 'block',
  // The message limit, not the 2 MB of a block: consensus rules are not checked in this layer.
  maxPayload: MAX_PAYLOAD,
  decode: (reader) => {
    if (reader.remaining < SHORTEST)
      throw new Malformed(`block.raw: ${reader.remaining} bytes are no header and a count`);
    return { command: 'block', raw: reader.take(reader.remaining, 'block.raw') };
  },
  encode: (writer, message) => {
    writer.bytes(message.raw);
  },
};
