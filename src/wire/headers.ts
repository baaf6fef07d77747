import { COUNT_BYTES, type Codec } from './codec.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** Block headers in chain order: the answer to `getheaders`, or (BIP 130) the announcement of a new block. */
export interface Headers {
  readonly command: 'headers';
  /** 80 bytes each. When decoded, views of the message's bytes. */
  readonly headers: readonly Buffer[];
}

const HEADER_BYTES = 80;
/** Dash Core `net_processing.h`: `MAX_HEADERS_UNCOMPRESSED_RESULT`. */
export const MAX_HEADERS = 2_000;
/** The maximum size of a compact size, bytes. */
const WIDEST_COUNT = 9;
/** Dash Core `serialize.h`: `MAX_SIZE`, the largest compact size it reads anywhere. */
const MAX_SIZE = 0x0200_0000;

/** A header is encoded as a block without transactions. The transaction count is read and ignored, as in Dash Core. */
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
