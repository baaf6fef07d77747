const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Base 32 (RFC 4648) in lower case without padding, as in onion and I2P names. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let pool = 0;
  let bits = 0;
  for (const byte of bytes) {
    pool = ((pool << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((pool >> bits) & 31);
    }
  }
  return bits === 0 ? text : text + ALPHABET.charAt((pool << (5 - bits)) & 31);
}

/** Decodes base 32; drops the bits that do not fill a last byte. @returns undefined when a character is not in the alphabet */
export function fromBase32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let pool = 0;
  let bits = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    pool = ((pool << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((pool >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}
