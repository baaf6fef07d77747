import { type Codec, MAX_PAYLOAD } from './codec.js';
import { CHECKSUM_AT, COMMAND_AT, checksum, FRAME_HEADER_BYTES, LENGTH_AT } from './frame.js';
import { Malformed, Reader } from './reader.js';
import { codecFor, type Message } from './registry.js';
import { Gather, type Sink, Skip } from './sink.js';

/** What is wrong with the bytes a peer sent. */
export interface WireFault {
  readonly code: 'wrong magic' | 'bad command' | 'oversized' | 'bad checksum' | 'malformed';
  /** For a log line; free of control characters. */
  readonly detail: string;
  /** True when it is unknown where the next message would begin, or not worth waiting for it: the decoder is deaf from here on. */
  readonly fatal: boolean;
}

/**
 * What came of the bytes, in order. `size` counts bytes, header included; `length` is what a header declares of its payload.
 * The payload of `unknown` and `unwanted` commands passed without being kept or checked.
 */
export type Inbound =
  | { readonly kind: 'message'; readonly message: Message; readonly size: number }
  | { readonly kind: 'unknown' | 'unwanted'; readonly command: string; readonly size: number }
  | { readonly kind: 'fault'; readonly fault: WireFault };

/** A message's header has come, and is acceptable by itself: what follows is `length` bytes that nobody has looked at yet. */
export interface Announced {
  readonly kind: 'header';
  readonly command: string;
  readonly length: number;
}

/** A message of which the header has come, and as much of the payload as `sink` says. */
interface Pending {
  readonly command: string;
  readonly sink: Sink;
  finish(): Inbound;
}

/**
 * Cuts a peer's byte stream into messages, whatever its chunks are. {@link read} also tells each message's header before a byte of its
 * payload is kept: whoever sets limits does so there, and stops asking when a limit is exceeded.
 *
 * In the order of cost, cheapest first: magic, command, length (3 MiB, then the command's own limit); only then are bytes kept;
 * then checksum; then decoding. The payload of a command we do not know is not kept at all. Time is linear in the bytes
 * pushed, memory below twice what has come of one message ({@link Gather}). A message owns its bytes.
 *
 * Faults are values. A bad checksum or a malformed payload leaves the stream in step and is not fatal. Bytes behind a message's
 * last field are ignored, as Dash Core does: see `ROOM_TO_GROW`.
 */
export class FrameDecoder {
  private header = new Gather(FRAME_HEADER_BYTES);
  private pending: Pending | undefined;
  private deaf = false;

  /** @param unwanted commands whose payload nobody will look at: it passes without being kept, as that of unknown ones does */
  constructor(
    private readonly magic: Buffer,
    private readonly unwanted: ReadonlySet<string> = new Set(),
  ) {}

  /** Takes the next bytes of the stream. Never throws on account of them. */
  push(chunk: Buffer): Inbound[] {
    return [...this.read(chunk)].filter((one) => one.kind !== 'header');
  }

  /**
   * The same, one at a time: a message is decoded when it is asked for, so that a chunk of many can be worked off bit by bit. It must be
   * asked until nothing is left before the next chunk is given.
   */
  *read(chunk: Buffer): Generator<Inbound | Announced, void> {
    let rest = chunk;
    while (rest.length > 0 && !this.deaf) {
      rest = rest.subarray(this.sink.take(rest));
      // Twice in a row where a payload is empty.
      while (this.sink.missing === 0 && !this.deaf) yield this.advance();
    }
  }

  private get sink(): Sink {
    return this.pending?.sink ?? this.header;
  }

  /** Goes from a complete header to its payload, or from a complete payload to the next header. */
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

/** Judges a message by its header. */
function open(magic: Buffer, header: Buffer, unwanted: ReadonlySet<string>): Pending | WireFault {
  const theirs = header.subarray(0, COMMAND_AT);
  if (!theirs.equals(magic))
    return fatal('wrong magic', `${theirs.toString('hex')} instead of ${magic.toString('hex')}`);

  const field = header.subarray(COMMAND_AT, LENGTH_AT);
  const command = COMMAND.exec(field.toString('latin1'))?.[1];
  if (command === undefined) return fatal('bad command', field.toString('hex'));

  const codec = codecFor(command);
  const length = header.readUInt32LE(LENGTH_AT);
  const limit = codec?.maxPayload ?? MAX_PAYLOAD;
  if (length > limit) return fatal('oversized', `${command}: ${length} bytes, at most ${limit} are allowed`);

  if (codec === undefined || unwanted.has(command)) {
    const size = FRAME_HEADER_BYTES + length;
    const kind = codec === undefined ? 'unknown' : 'unwanted';
    return { command, sink: new Skip(length), finish: () => ({ kind, command, size }) };
  }
  const payload = new Gather(length);
  return { command, sink: payload, finish: () => decode(codec, payload.bytes, header.subarray(CHECKSUM_AT)) };
}

/** As Dash Core's `IsCommandValid`: printable ASCII, then NULs to the end. */
const COMMAND = /^([ -~]*)\0*$/;

function decode(codec: Codec<Message>, payload: Buffer, claimed: Buffer): Inbound {
  const actual = checksum(payload);
  if (!actual.equals(claimed)) {
    return fault('bad checksum', `${codec.command}: ${claimed.toString('hex')} instead of ${actual.toString('hex')}`);
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
