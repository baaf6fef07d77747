import { COUNT_BYTES, type Codec } from './codec.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** Block headers in the order of the chain: the answer to `getheaders`, and (BIP 130) the announcement of a new block. */
export interface Headers {
  readonly command: 'headers';
  /** 80 bytes each. Decoded: views of the message's own bytes. */
  readonly headers: readonly Buffer[];
}

const HEADER_BYTES = 80;
/** Dash Core `net_processing.h`: `MAX_HEADERS_UNCOMPRESSED_RESULT`. */
const MAX_HEADERS = 2000;
/** The widest compact size. */
const WIDEST_COUNT = 9;
/** Dash Core `serialize.h`: `MAX_SIZE`, the largest compact size it reads anywhere. */
const MAX_SIZE = 0x0200_0000;

/** A header travels as a block with no transactions. Their number is read and, as in Dash Core, not looked at. */
function readHeader(reader: Reader): Buffer {
  const header = reader.take(HEADER_BYTES, 'headers.header');
  reader.compactSize('headers.transactions', MAX_SIZE);
  return header;
}

function writeHeader(writer: Writer, header: Buffer): void {
  writer.bytes(header).compactSize(0);
}

export const headers: Codec<Headers> = {
  command: 'headers',
  maxPayload: COUNT_BYTES + MAX_HEADERS * (HEADER_BYTES + WIDEST_COUNT),
  decode: (reader) => ({ command: 'headers', headers: reader.list('headers', MAX_HEADERS, readHeader) }),
  encode: (writer, message) => {
    writer.list(message.headers, writeHeader);
  },
};
