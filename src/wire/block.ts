import { type Codec, MAX_PAYLOAD } from './codec.js';
import { Malformed } from './reader.js';

/** A block as bytes; what they mean is the business of `block/`. */
export interface Block {
  readonly command: 'block';
  /** At least a header's 80 bytes and one more. Decoded: a view of the message's own bytes, not a copy. */
  readonly raw: Buffer;
}

const SHORTEST = 81;

export const block: Codec<Block> = {
  command: 'block',
  // Not the 2 MB a block may have today: that is a rule of consensus, and not this layer's to keep.
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
