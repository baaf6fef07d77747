import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * Bytes allowed after the fields of a small fixed message. Dash Core ignores bytes after the last field that it knows, which is how
 * `version` got its masternode fields: newer peers append fields, older ones do not read them. So does this codec; the size limits
 * leave space for such fields.
 */
export const ROOM_TO_GROW = 256;

/** The maximum size of a count of headers, addresses and so on: one byte and a 16-bit number. */
export const COUNT_BYTES = 3;

/** The largest payload of any message, bytes (Dash Core `net.h`: `MAX_PROTOCOL_MESSAGE_LENGTH`). */
export const MAX_PAYLOAD = 3 * 1024 * 1024;

/** The codec of one command; each message's file exports one. */
export interface Codec<M extends { readonly command: string }> {
  readonly command: M['command'];
  /** The largest accepted payload, bytes; checked against the header before any payload is buffered. */
  readonly maxPayload: number;
  /** @throws Malformed when the bytes are not a message of this command; the frame decoder catches it */
  decode(reader: Reader): M;
  encode(writer: Writer, message: M): void;
}
