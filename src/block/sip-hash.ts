/**
 * SipHash-2-4 (Aumasson, Bernstein 2012), the keyed hash of BIP 152's short ids. In 32-bit halves: 64-bit integers are BigInts in
 * JavaScript, which take some fifty times as long, and a block has thousands of transactions.
 */

/** Four 32-bit words: k0 low, k0 high, k1 low, k1 high. */
export type SipKey = readonly [number, number, number, number];

/** The state v0 … v3, each as low and high half. */
const v = new Int32Array(8);

/** @returns the hash's low and high 32 bits */
export function sipHash(key: SipKey, bytes: Buffer): { readonly low: number; readonly high: number } {
  const [k0, k0High, k1, k1High] = key;
  v[0] = k0 ^ 0x7073_6575;
  v[1] = k0High ^ 0x736f_6d65;
  v[2] = k1 ^ 0x6e64_6f6d;
  v[3] = k1High ^ 0x646f_7261;
  v[4] = k0 ^ 0x6e65_7261;
  v[5] = k0High ^ 0x6c79_6765;
  v[6] = k1 ^ 0x7974_6573;
  v[7] = k1High ^ 0x7465_6462;
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(bytes.readInt32LE(at), bytes.readInt32LE(at + 4));
  const last = Buffer.alloc(8);
  bytes.copy(last, 0, whole);
  last.writeUInt8(bytes.length & 0xff, 7);
  absorb(last.readInt32LE(0), last.readInt32LE(4));
  xor(4, 0xff, 0);
  for (let round = 0; round < 4; round += 1) sipRound();
  return {
    low: (half(0) ^ half(2) ^ half(4) ^ half(6)) >>> 0,
    high: (half(1) ^ half(3) ^ half(5) ^ half(7)) >>> 0,
  };
}

function half(at: number): number {
  return v[at] ?? 0;
}

function absorb(low: number, high: number): void {
  xor(6, low, high);
  sipRound();
  sipRound();
  xor(0, low, high);
}

function sipRound(): void {
  add(0, 2);
  rotate(2, 13);
  xorWith(2, 0);
  rotate(0, 32);
  add(4, 6);
  rotate(6, 16);
  xorWith(6, 4);
  add(0, 6);
  rotate(6, 21);
  xorWith(6, 0);
  add(4, 2);
  rotate(2, 17);
  xorWith(2, 4);
  rotate(4, 32);
}

/** Adds one 64-bit number to another: `to` and `from` are the places of their low halves. */
function add(to: number, from: number): void {
  const low = (half(to) >>> 0) + (half(from) >>> 0);
  v[to] = low;
  v[to + 1] = half(to + 1) + half(from + 1) + (low > 0xffff_ffff ? 1 : 0);
}

function xor(to: number, low: number, high: number): void {
  v[to] = half(to) ^ low;
  v[to + 1] = half(to + 1) ^ high;
}

function xorWith(to: number, from: number): void {
  xor(to, half(from), half(from + 1));
}

/** @param by 1 to 32 bits, to the left */
function rotate(at: number, by: number): void {
  const low = half(at);
  const high = half(at + 1);
  v[at] = by === 32 ? high : (low << by) | (high >>> (32 - by));
  v[at + 1] = by === 32 ? low : (high << by) | (low >>> (32 - by));
}
