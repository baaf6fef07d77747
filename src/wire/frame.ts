/**
 * The message header on the wire: magic 4, command 12 (NUL padded), length 4 LE, checksum 4. Source: Dash Core
 * `protocol.h`, `CMessageHeader`.
 */
import { hash } from 'node:crypto';
import { codecFor, type Message } from './registry.js';
import { Writer } from './writer.js';

export const FRAME_HEADER_BYTES = 24;
export const COMMAND_AT = 4;
export const LENGTH_AT = 16;
export const CHECKSUM_AT = 20;

const HEADER_ROOM = Buffer.alloc(FRAME_HEADER_BYTES);
const COMMAND = /^[ -~]{1,12}$/;

/** The first four bytes of the payload's double SHA-256. */
export function checksum(payload: Uint8Array): Buffer {
  return hash('sha256', hash('sha256', payload, 'buffer'), 'buffer').subarray(0, 4);
}

/** Encodes a message with its header. */
export function encodeFrame(magic: Buffer, message: Message): Buffer {
  const writer = new Writer().bytes(HEADER_ROOM);
  codecFor(message.command).encode(writer, message);
  return seal(writer.finish(), magic, message.command);
}

/**
 * Puts the header in front of an encoded payload: one contiguous buffer, one allocation and one copy.
 * @throws RangeError when the command is not 1 to 12 printable ASCII characters
 */
export function frameOf(magic: Buffer, command: string, payload: Buffer): Buffer {
  if (!COMMAND.test(command)) throw new RangeError(`${JSON.stringify(command)} cannot be a command`);
  return seal(Buffer.concat([HEADER_ROOM, payload]), magic, command);
}

/** Writes the header in front of a payload that is already in the buffer. */
function seal(frame: Buffer, magic: Buffer, command: string): Buffer {
  const payload = frame.subarray(FRAME_HEADER_BYTES);
  magic.copy(frame);
  frame.write(command, COMMAND_AT, 'latin1');
  frame.writeUInt32LE(payload.length, LENGTH_AT);
  checksum(payload).copy(frame, CHECKSUM_AT);
  return frame;
}
