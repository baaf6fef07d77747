import { COMMAND_AT, FRAME_HEADER_BYTES, LENGTH_AT } from '../src/wire/frame.js';

/** The forms of a block. */
const BLOCKS = ['block', 'cmpctblock'].map((command) => ({
  command,
  bytes: Buffer.from(command.padEnd(LENGTH_AT - COMMAND_AT, '\0'), 'latin1'),
}));
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * A cheap splitter of a peer's stream into messages: it verifies no checksums and only counts the payload of a block. Work on a block would
 * delay the other sinks of the process, which separate hosts would not do.
 */
export class MessageCutter {
  private header = NOTHING;
  private command = '';
  private payload = NOTHING;
  private missing = 0;
  private isPaused = false;
  /** Bytes that came while it was paused. */
  private readonly kept: Buffer[] = [];

  /** @param onMessage called with each complete message; without the payload of a block */
  constructor(private readonly onMessage: (command: string, payload: Buffer) => void) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.isPaused)
      rest = this.command === '' ? this.readHeader(rest) : this.readPayload(rest);
    if (rest.length > 0) this.kept.push(rest);
  }

  /** Reads no further message, also of the chunk that it is reading, until it is resumed. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const chunk of this.kept.splice(0)) this.push(chunk);
  }

  private readHeader(bytes: Buffer): Buffer {
    const header = joined(this.header, bytes);
    const before = this.header.length;
    if (header.length < FRAME_HEADER_BYTES) {
      this.header = header;
      return NOTHING;
    }
    this.header = NOTHING;
    this.command = commandOf(header);
    this.missing = header.readUInt32LE(LENGTH_AT);
    if (this.missing === 0) this.finish();
    return bytes.subarray(FRAME_HEADER_BYTES - before);
  }

  private readPayload(bytes: Buffer): Buffer {
    const taken = Math.min(this.missing, bytes.length);
    if (!isBlock(this.command)) this.payload = joined(this.payload, bytes.subarray(0, taken));
    this.missing -= taken;
    if (this.missing === 0) this.finish();
    return bytes.subarray(taken);
  }

  private finish(): void {
    const { command, payload } = this;
    this.command = '';
    this.payload = NOTHING;
    this.onMessage(command, payload);
  }
}

function isBlock(command: string): boolean {
  return BLOCKS.some((one) => one.command === command);
}

/** Compares bytes: a string per block would also delay the other sinks. */
function commandOf(header: Buffer): string {
  for (const { command, bytes } of BLOCKS) {
    if (header.compare(bytes, 0, bytes.length, COMMAND_AT, LENGTH_AT) === 0) return command;
  }
  return header.toString('latin1', COMMAND_AT, LENGTH_AT).replace(/\0+$/, '');
}

function joined(before: Buffer, bytes: Buffer): Buffer {
  return before.length === 0 ? bytes : Buffer.concat([before, bytes]);
}
