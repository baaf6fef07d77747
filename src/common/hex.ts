/**
 * Hex of large byte arrays, piece by piece. A string of a whole block takes fresh memory of up to 8 MB, which costs up to eight times as long as
 * the conversion does; pieces are made in memory that the collector has at hand.
 */

/** Digits of a piece: an even number. */
const PIECE = 16_384;

/** Writes two digits for each byte. @param offset in `target`, which must have room for them */
export function writeHex(raw: Buffer, target: Buffer, offset: number): void {
  for (let at = 0; at < raw.length; at += PIECE / 2) {
    target.write(raw.toString('hex', at, at + PIECE / 2), offset + at * 2, 'latin1');
  }
}

/**
 * Reads digits of either case.
 * @returns the bytes up to the first pair that is not hex: half as many as there are digits when all of them are
 */
export function bytesOfHex(digits: Buffer): Buffer {
  const raw = Buffer.allocUnsafe(digits.length >> 1);
  let length = 0;
  for (let at = 0; at < digits.length && length === at / 2; at += PIECE) {
    length += raw.write(digits.toString('latin1', at, at + PIECE), length, 'hex');
  }
  return raw.subarray(0, length);
}
