import { MAX_BLOCK_SIZE } from './gate.js';
import { HEADER_SIZE } from './x11.js';

export type BlockBytes =
  | { readonly ok: true; readonly raw: Buffer }
  | { readonly ok: false; readonly code: 'empty' | 'too large' | 'bad hex'; readonly reason: string };

/**
 * The block in one frame of the pool's socket: raw bytes are given back as they are (the same buffer), hex digits of either
 * case, with or without white space behind them, are decoded. What the bytes are worth is for the gate to say.
 */
export function blockBytes(frame: Buffer): BlockBytes {
  const end = trimmedLength(frame);
  if (end === 0) return { ok: false, code: 'empty', reason: 'the frame is empty' };
  return isText(frame, end) ? decodeHex(frame, end) : { ok: true, raw: frame };
}

function trimmedLength(frame: Buffer): number {
  let end = frame.length;
  while (end > 0 && isSpace(frame[end - 1] ?? 0)) end--;
  return end;
}

/**
 * Told by what would be the header. Mainnet's and testnet's holds zero bytes, the end of the parent's hash; elsewhere a block
 * version has them, and if a miner rolls all of that, both hashes would have to be printable by chance (1 in 2^88). So a
 * binary frame is known by its first few bytes, and text that is no hex is called bad hex rather than a bad block.
 */
function isText(frame: Buffer, end: number): boolean {
  for (let i = 0; i < Math.min(end, HEADER_SIZE); i++) {
    const byte = frame[i] ?? 0;
    if ((byte < 0x20 || byte >= 0x7f) && !isSpace(byte)) return false;
  }
  return true;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function decodeHex(frame: Buffer, end: number): BlockBytes {
  if (end > 2 * MAX_BLOCK_SIZE) {
    return { ok: false, code: 'too large', reason: `${end} hex digits; a block has ${2 * MAX_BLOCK_SIZE} or fewer` };
  }
  // Stops at the first pair that is not hex, so its length tells where that was.
  const raw = Buffer.from(frame.toString('latin1', 0, end), 'hex');
  const decoded = 2 * raw.length;
  if (decoded === end) return { ok: true, raw };
  const reason = decoded === end - 1 ? `an odd number of hex digits: ${end}` : `not hex at offset ${decoded}`;
  return { ok: false, code: 'bad hex', reason };
}
