import { COMMAND_AT, FRAME_HEADER_BYTES, LENGTH_AT } from '../wire/frame.js';

/** Commands of messages that bring a block, or part of one. */
const BLOCKS = new Set(['block', 'cmpctblock', 'blocktxn']);

/** Follows a byte stream of messages and detects the second half of a message that brings a block, whole or in compact form. */
export class MidBlockWatch {
  private header = Buffer.alloc(0);
  private payload: { readonly length: number; readonly isBlock: boolean; seen: number } | undefined;

  /** Reads the next bytes. @returns true when they reach the second half of such a message */
  push(chunk: Buffer): boolean {
    let rest = chunk;
    let isMidBlock = false;
    while (rest.length > 0) {
      rest = this.payload === undefined ? this.readHeader(rest) : rest;
      if (this.payload === undefined) continue;
      const taken = Math.min(rest.length, this.payload.length - this.payload.seen);
      this.payload.seen += taken;
      rest = rest.subarray(taken);
      isMidBlock ||= this.payload.isBlock && this.payload.seen * 2 >= this.payload.length;
      if (this.payload.seen === this.payload.length) this.payload = undefined;
    }
    return isMidBlock;
  }

  private readHeader(bytes: Buffer): Buffer {
    const taken = bytes.subarray(0, FRAME_HEADER_BYTES - this.header.length);
    this.header = Buffer.concat([this.header, taken]);
    if (this.header.length === FRAME_HEADER_BYTES) {
      const command = this.header.toString('latin1', COMMAND_AT, LENGTH_AT).replace(/\0+$/, '');
      this.payload = { length: this.header.readUInt32LE(LENGTH_AT), isBlock: BLOCKS.has(command), seen: 0 };
      this.header = Buffer.alloc(0);
    }
    return bytes.subarray(taken.length);
  }
}
