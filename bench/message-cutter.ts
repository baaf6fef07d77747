import { COMMAND_AT, FRAME_HEADER_BYTES, LENGTH_AT } from '../src/wire/frame.js';

const BLOCK = 'block';

/**
 * Finds the messages in a peer's stream for next to nothing: no checksum is verified, and a block's payload is only counted. A sink
 * that spent time on a block would delay the other sinks of its process, as no separate host would.
 */
export class MessageCutter {
  private header: Buffer = Buffer.alloc(0);
  private command = '';
  private payload: Buffer[] = [];
  private missing = 0;

  /** @param onMessage called when a message's last byte came; without payload for a block */
  constructor(private readonly onMessage: (command: string, payload: Buffer) => void) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.command === '' ? this.readHeader(rest) : this.readPayload(rest);
  }

  private readHeader(bytes: Buffer): Buffer {
    const header = this.header.length === 0 ? bytes : Buffer.concat([this.header, bytes]);
    const before = this.header.length;
    if (header.length < FRAME_HEADER_BYTES) {
      this.header = header;
      return Buffer.alloc(0);
    }
    this.header = Buffer.alloc(0);
    this.command = header.toString('latin1', COMMAND_AT, LENGTH_AT).replace(/\0+$/, '');
    this.missing = header.readUInt32LE(LENGTH_AT);
    if (this.missing === 0) this.finish();
    return bytes.subarray(FRAME_HEADER_BYTES - before);
  }

  private readPayload(bytes: Buffer): Buffer {
    const taken = Math.min(this.missing, bytes.length);
    if (this.command !== BLOCK) this.payload.push(bytes.subarray(0, taken));
    this.missing -= taken;
    if (this.missing === 0) this.finish();
    return bytes.subarray(taken);
  }

  private finish(): void {
    const { command, payload } = this;
    this.command = '';
    this.payload = [];
    this.onMessage(command, Buffer.concat(payload));
  }
}
