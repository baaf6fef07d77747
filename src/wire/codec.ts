import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** What a message's file exports: everything there is to know about one command. */
export interface Codec<M extends { readonly command: string }> {
  readonly command: M['command'];
  /** The largest payload accepted, in bytes; checked against the header before a byte of it is buffered. */
  readonly maxPayload: number;
  /** @throws Malformed when the bytes are not such a message; caught by the frame decoder */
  decode(reader: Reader): M;
  encode(writer: Writer, message: M): void;
}
