import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * Bytes allowed behind a message of few and fixed fields. Dash Core never asks whether a payload was read to its end, and that
 * is how `version` grew its masternode fields: a newer peer may append, and an older one reads what it knows. Neither do we
 * ask; so the limit must leave room.
 */
export const ROOM_TO_GROW = 256;

/** The most a count of headers, addresses and the like takes up: one byte and a 16-bit number. */
export const COUNT_BYTES = 3;

/** The largest payload any message may have, in bytes (Dash Core `net.h`: `MAX_PROTOCOL_MESSAGE_LENGTH`). */
export const MAX_PAYLOAD = 3 * 1024 * 1024;

/** What a message's file exports: everything there is to know about one command. */
export interface Codec<M extends { readonly command: string }> {
  readonly command: M['command'];
  /** The largest payload accepted, in bytes; checked against the header before a byte of it is buffered. */
  readonly maxPayload: number;
  /** @throws Malformed when the bytes are not such a message; caught by the frame decoder */
  decode(reader: Reader): M;
  encode(writer: Writer, message: M): void;
}
