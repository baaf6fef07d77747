import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { type Codec, MAX_PAYLOAD } from './codec.js';
import { CHECKSUM_AT, COMMAND_AT, checksum, FRAME_HEADER_BYTES, LENGTH_AT } from './frame.js';
import { Malformed, Reader } from './reader.js';
import { codecFor, type Message } from './registry.js';
import { Gather, type Sink, Skip } from './sink.js';

/** A fault in the bytes of a peer. */
export interface WireFault {
  readonly code: 'wrong-magic' | 'bad-command' | 'oversized' | 'bad-checksum' | 'malformed';
  /** For a log line; contains no control characters. */
  readonly detail: string;
  /** True when the start of the next message is unknown or too far away: the decoder ignores all further bytes. */
  readonly fatal: boolean;
}

/**
 * The decoded bytes, in order. `size` is in bytes and includes the header; `length` is the payload length that the header declares.
 * Payloads of `unknown` and `unwanted` commands are neither kept nor checked.
 */
export type Inbound =
  | { readonly kind: 'message'; readonly message: Message; readonly size: number }
  | { readonly kind: 'unknown' | 'unwanted'; readonly command: string; readonly size: number }
  | { readonly kind: 'fault'; readonly fault: WireFault };

/** A valid message header; `length` bytes of payload follow and have not been read yet. */
export interface Announced {
  readonly kind: 'header';
  readonly command: string;
  readonly length: number;
}

/** A message whose header is complete and whose payload is being read into `sink`. */
interface Pending {
  readonly command: string;
  readonly sink: Sink;
  finish(): Inbound;
}

/**
 * Splits a peer's byte stream into messages, independently of its chunks. {@link read} also yields each message's header before any of
 * its payload is kept, so that the caller can apply limits there and stop reading when one is exceeded.
 *
 * Checks run in order of cost: magic, command, length (3 MiB, then the command's own limit); then the payload is buffered; then
 * checksum; then decoding. Payloads of unknown commands are not kept. Time is linear in the number of bytes; memory is below twice
 * the received part of one message ({@link Gather}). A message owns its bytes.
 *
 * Faults are values. A bad checksum or a malformed payload is not fatal: the next message is still found. Bytes after a message's
 * last field are ignored, as in Dash Core: see `ROOM_TO_GROW`.
 */
export class FrameDecoder {
  private header = new Gather(FRAME_HEADER_BYTES);
  private pending: Pending | undefined;
  private deaf = false;

  /** @param unwanted commands whose payload is skipped, as that of unknown commands is */
  constructor(
    private readonly magic: Buffer,
    private readonly unwanted: ReadonlySet<string> = new Set(),
  ) {}

  /** Decodes the next bytes of the stream. Does not throw, whatever they are. */
  push(chunk: Buffer): Inbound[] {
    return [...this.read(chunk)].filter((one) => one.kind !== 'header');
  }

  /**
   * Decodes one message per iteration, so that the caller can process a chunk of many messages in slices. The generator must be
   * exhausted before the next chunk is read.
   */
  *read(chunk: Buffer): Generator<Inbound | Announced, void> {
    let rest = chunk;
    while (rest.length > 0 && !this.deaf) {
      rest = rest.subarray(this.sink.take(rest));
      // Twice in a row when a payload is empty.
      while (this.sink.missing === 0 && !this.deaf) yield this.advance();
    }
  }

  private get sink(): Sink {
    return this.pending?.sink ?? this.header;
  }

  /** Advances from a complete header to its payload, or from a complete payload to the next header. */
  private advance(): Inbound | Announced {
    if (this.pending !== undefined) {
      const { pending } = this;
      this.pending = undefined;
      this.header = new Gather(FRAME_HEADER_BYTES);
      return pending.finish();
    }
    const opened = open(this.magic, this.header.bytes, this.unwanted);
    if ('sink' in opened) {
      this.pending = opened;
      return { kind: 'header', command: opened.command, length: opened.sink.missing };
    }
    this.deaf = true;
    return { kind: 'fault', fault: opened };
  }
}

/** Checks a message header. */
function open(magic: Buffer, header: Buffer, unwanted: ReadonlySet<string>): Pending | WireFault {
  const theirs = header.subarray(0, COMMAND_AT);
  if (!theirs.equals(magic))
    return fatal(
      'wrong-magic',
      fill(SESSION['wrong-magic'], { magic: theirs.toString('hex'), expected: magic.toString('hex') }),
    );

  const field = header.subarray(COMMAND_AT, LENGTH_AT);
  const command = COMMAND.exec(field.toString('latin1'))?.[1];
  if (command === undefined) return fatal('bad-command', field.toString('hex'));

  const codec = codecFor(command);
  const length = header.readUInt32LE(LENGTH_AT);
  const limit = codec?.maxPayload ?? MAX_PAYLOAD;
  if (length > limit) return fatal('oversized', fill(SESSION.oversized, { command, length, max: limit }));

  if (codec === undefined || unwanted.has(command)) {
    const size = FRAME_HEADER_BYTES + length;
    const kind = codec === undefined ? 'unknown' : 'unwanted';
    return { command, sink: new Skip(length), finish: () => ({ kind, command, size }) };
  }
  const payload = new Gather(length);
  return { command, sink: payload, finish: () => decode(codec, payload.bytes, header.subarray(CHECKSUM_AT)) };
}

/** Printable ASCII, then NULs to the end. Source: Dash Core `CMessageHeader::IsCommandValid`. */
const COMMAND = /^([ -~]*)\0*$/;

function decode(codec: Codec<Message>, payload: Buffer, claimed: Buffer): Inbound {
  const actual = checksum(payload);
  if (!actual.equals(claimed)) {
    return fault(
      'bad-checksum',
      fill(SESSION['bad-checksum'], {
        command: codec.command,
        checksum: claimed.toString('hex'),
        expected: actual.toString('hex'),
      }),
    );
  }
  try {
    const message = codec.decode(new Reader(payload));
    return { kind: 'message', message, size: FRAME_HEADER_BYTES + payload.length };
  } catch (error) {
    if (error instanceof Malformed) return fault('malformed', error.message);
    throw error;
  }
}

function fault(code: WireFault['code'], detail: string): Inbound {
  return { kind: 'fault', fault: { code, detail, fatal: false } };
}

function fatal(code: WireFault['code'], detail: string): WireFault {
  return { code, detail, fatal: true };
}
