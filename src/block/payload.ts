import { bytesOfHex } from '../common/hex.js';
import { NOTES, REFUSAL_DETAILS, REFUSALS } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import { isBlank } from './blank.js';
import { MAX_BLOCK_SIZE } from './gate.js';
import { HEADER_SIZE } from './x11.js';

export type BlockBytes =
  | { readonly ok: true; readonly raw: Buffer }
  | { readonly ok: false; readonly code: 'empty' | 'too-large' | 'bad-hex'; readonly reason: string };

/** Bytes of white space and NULs after hex that are ignored. */
const MAX_TAIL = 64;

/**
 * Extracts the block of one frame: raw bytes are returned unchanged (the same buffer); hex digits of either case, optionally followed by
 * white space or NULs, are decoded. The bytes are not checked.
 */
export function blockBytes(frame: Buffer): BlockBytes {
  const end = trimmedLength(frame);
  if (!isText(frame, Math.min(end, HEADER_SIZE))) return { ok: true, raw: frame };
  return end === 0 ? { ok: false, code: 'empty', reason: REFUSALS.empty } : decodeHex(frame, end);
}

function trimmedLength(frame: Buffer): number {
  const least = Math.max(0, frame.length - MAX_TAIL);
  let end = frame.length;
  while (end > least && isBlank(frame[end - 1] ?? 0)) end--;
  return end;
}

/**
 * Decides by the bytes where the header would be. On mainnet and testnet it contains zero bytes (the end of the parent's hash); elsewhere
 * the version does, and if a miner rolls all of it, both hashes would have to be printable by chance (1 in 2^88). So the first few bytes
 * identify a binary frame, and other text is reported as bad hex instead of as a bad block.
 */
function isText(frame: Buffer, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const byte = frame[i] ?? 0;
    if (byte >= 0x7f || (byte < 0x20 && (byte === 0 || !isBlank(byte)))) return false;
  }
  return true;
}

function decodeHex(frame: Buffer, end: number): BlockBytes {
  if (end > 2 * MAX_BLOCK_SIZE) {
    return {
      ok: false,
      code: 'too-large',
      reason: fill(REFUSAL_DETAILS['too-many-digits'], { digits: end, max: 2 * MAX_BLOCK_SIZE }),
    };
  }
  const raw = bytesOfHex(frame.subarray(0, end));
  const decoded = 2 * raw.length;
  if (decoded === end) return { ok: true, raw };
  const reason =
    decoded === end - 1
      ? fill(REFUSAL_DETAILS['odd-digits'], { digits: end })
      : fill(REFUSALS['bad-hex'], { offset: decoded });
  return { ok: false, code: 'bad-hex', reason };
}

/** Frames of one message that are searched. */
const MAX_FRAMES = 8;
/** Offsets at which a raw block may begin: after white space, a length of 1 to 5 or 8 bytes, or the header of a P2P message. */
const OFFSETS = [0, 1, 2, 3, 4, 5, 8, 24];
/** Hex must begin within this many bytes of text, and its first 160 digits must fit into as many. */
const HEX_BEGINS_WITHIN = 1_024;
const MAX_HEX_HEADER = 1_024;

/** Bytes that are a block if they have its proof of work. */
export interface Reading {
  readonly header: Buffer;
  /** The whole block; call it only when the header has proof of work. */
  raw(): Buffer;
  /** Where it was found. */
  readonly note: string;
}

/**
 * Other readings of a message, tried before it is refused, since a refusal may cost a found block. Any frame may contain the block, after a
 * few other bytes, or in any text (a JSON string, a JSON-RPC request, lines) as hex digits (also `0x…` and two-byte characters) or base64.
 * Frames, and the bytes searched in each, are bounded.
 */
export function* otherReadings(frames: readonly Buffer[]): Generator<Reading> {
  for (const [index, frame] of frames.slice(0, MAX_FRAMES).entries()) {
    const where = { frame: index + 1, frames: frames.length };
    yield* asBytes(frame, where);
    yield* asHex(frame, where);
    yield* asBase64(frame, where);
  }
}

/** Both count from 1. */
interface Where {
  readonly frame: number;
  readonly frames: number;
}

function* asBytes(frame: Buffer, where: Where): Generator<Reading> {
  for (const offset of OFFSETS) {
    if (frame.length - offset <= HEADER_SIZE) break;
    const header = frame.subarray(offset, offset + HEADER_SIZE);
    const note = fill(NOTES.bytes, { ...where, offset: offset || undefined });
    yield { header, raw: () => frame.subarray(offset), note };
  }
}

function* asHex(frame: Buffer, where: Where): Generator<Reading> {
  for (const start of hexStarts(frame)) {
    const header = hexFrom(frame, start, start + MAX_HEX_HEADER, HEADER_SIZE);
    if (header.length < HEADER_SIZE) continue;
    yield { header, raw: () => hexFrom(frame, start, frame.length), note: fill(NOTES.hex, { ...where }) };
  }
}

function* asBase64(frame: Buffer, where: Where): Generator<Reading> {
  for (const start of base64Starts(frame)) {
    const header = base64From(frame, start, 2 * BASE64_HEADER).subarray(0, HEADER_SIZE);
    if (header.length < HEADER_SIZE) continue;
    yield { header, raw: () => base64From(frame, start, BASE64_BLOCK), note: fill(NOTES.base64, { ...where }) };
  }
}

const MAX_STARTS = 16;
const NO_DIGIT = 0xff;
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? NO_DIGIT : digit;
});

/** Offsets at which hex digits begin. */
function* hexStarts(frame: Buffer): Generator<number> {
  let starts = 0;
  for (let at = 0; at < Math.min(frame.length, HEX_BEGINS_WITHIN) && starts < MAX_STARTS; at++) {
    if (digitAt(frame, at) === NO_DIGIT || (at > 0 && digitAt(frame, at - 1) !== NO_DIGIT)) continue;
    starts += 1;
    yield at;
  }
}

/** Decodes hex digits up to the first character that is neither a digit nor blank. */
function hexFrom(frame: Buffer, start: number, end: number, most = MAX_BLOCK_SIZE + MAX_TAIL): Buffer {
  const bytes = Buffer.allocUnsafe(Math.min(most, (end - start) >> 1));
  let length = 0;
  let high: number | undefined;
  for (let at = start; at < Math.min(end, frame.length) && length < bytes.length; at++) {
    const digit = digitAt(frame, at);
    if (digit === NO_DIGIT) {
      if (isBlank(frame[at] ?? 0)) continue;
      break;
    }
    if (high === undefined) high = digit << 4;
    else {
      bytes[length++] = high | digit;
      high = undefined;
    }
  }
  return bytes.subarray(0, length);
}

function digitAt(frame: Buffer, at: number): number {
  return DIGITS[frame[at] ?? 0] ?? NO_DIGIT;
}

/** Characters of base64 that hold a header. */
const BASE64_HEADER = Math.ceil(HEADER_SIZE / 3) * 4;
/** Of the largest block, with line ends. */
const BASE64_BLOCK = Math.ceil((MAX_BLOCK_SIZE + MAX_TAIL) / 3) * 4 * 1.05;
const NO_BASE64 = 0;
const BASE64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/_-]/.test(String.fromCharCode(byte)) ? 1 : NO_BASE64,
);

/** Offsets at which base64 begins, in either alphabet of RFC 4648, that is long enough for a header. */
function* base64Starts(frame: Buffer): Generator<number> {
  let starts = 0;
  for (let at = 0; at < Math.min(frame.length, HEX_BEGINS_WITHIN) && starts < MAX_STARTS; at++) {
    if (!isBase64(frame, at) || (at > 0 && isBase64(frame, at - 1))) continue;
    if (base64End(frame, at, BASE64_HEADER) - at < BASE64_HEADER) continue;
    starts += 1;
    yield at;
  }
}

/** The end of the base64 at an offset, lines of MIME included, within `most` characters. */
function base64End(frame: Buffer, start: number, most: number): number {
  let end = start;
  while (end < frame.length && end - start < most && (isBase64(frame, end) || isLineEnd(frame, end))) end++;
  return end;
}

function isBase64(frame: Buffer, at: number): boolean {
  return BASE64[frame[at] ?? 0] !== NO_BASE64;
}

function isLineEnd(frame: Buffer, at: number): boolean {
  return frame[at] === 0x0a || frame[at] === 0x0d;
}

/** Node skips line ends and reads both alphabets. */
function base64From(frame: Buffer, start: number, most: number): Buffer {
  return Buffer.from(frame.toString('latin1', start, base64End(frame, start, most)), 'base64');
}
