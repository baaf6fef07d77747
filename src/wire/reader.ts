/** Thrown by a {@link Reader} and caught inside `wire/` and `block/`; outside of them, malformed bytes are fault values. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A 32-byte hash in display order: 64 lower-case hex digits, in the reverse of the wire's byte order. */
export type Hash = string;

/** The all-zero hash: "no parent" in a header, "no stop" in `getheaders`, the outpoint of a coinbase. */
export const ZERO_HASH: Hash = '0'.repeat(64);

/** Converts 32 bytes in wire order to display order. */
export function hashFromWire(bytes: Uint8Array): Hash {
  return Buffer.from(bytes).reverse().toString('hex');
}

/** Converts a hash in display order to 32 bytes in wire order. */
export function hashToWire(hash: Hash): Buffer {
  return Buffer.from(hash, 'hex').reverse();
}

/**
 * Reads Dash's serialisation from a buffer, front to back. A read past the end throws {@link Malformed} with the name of the field,
 * so that a codec is a plain list of reads.
 */
export class Reader {
  offset: number;

  constructor(
    readonly bytes: Buffer,
    offset = 0,
    private readonly end = bytes.length,
  ) {
    this.offset = offset;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** Skips `length` bytes. @returns the offset of the first */
  skip(length: number, field: string): number {
    const start = this.offset;
    if (length > this.end - start) {
      throw new Malformed(`${field}: needs ${length} bytes at offset ${start}, ${this.end - start} are left`);
    }
    this.offset = start + length;
    return start;
  }

  u8(field: string): number {
    return this.bytes.readUInt8(this.skip(1, field));
  }

  bool(field: string): boolean {
    return this.u8(field) !== 0;
  }

  u16be(field: string): number {
    return this.bytes.readUInt16BE(this.skip(2, field));
  }

  u32(field: string): number {
    return this.bytes.readUInt32LE(this.skip(4, field));
  }

  i32(field: string): number {
    return this.bytes.readInt32LE(this.skip(4, field));
  }

  u64(field: string): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8, field));
  }

  i64(field: string): bigint {
    return this.bytes.readBigInt64LE(this.skip(8, field));
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number, field: string): Buffer {
    const start = this.skip(length, field);
    return this.bytes.subarray(start, start + length);
  }

  hash(field: string): Hash {
    return hashFromWire(this.take(32, field));
  }

  /**
   * A compact size (1, 3, 5 or 9 bytes). Rejects non-minimal encodings, as Core's `ReadCompactSize` does.
   * @param max the largest valid value; a count is checked before anything is allocated for it
   */
  compactSize(field: string, max: number = Number.MAX_SAFE_INTEGER): number {
    const first = this.u8(field);
    if (first < 0xfd) return this.bounded(first, 0, max, field);
    if (first === 0xfd) return this.bounded(this.bytes.readUInt16LE(this.skip(2, field)), 0xfd, max, field);
    if (first === 0xfe) return this.bounded(this.u32(field), 0x1_0000, max, field);
    const wide = this.u64(field);
    if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(`${field}: ${wide} is too large`);
    return this.bounded(Number(wide), 0x1_0000_0000, max, field);
  }

  /** A compact size of up to 64 bits: flags, such as the services in `addrv2`, not a count. */
  compactSize64(field: string): bigint {
    if (this.remaining === 0 || this.bytes.readUInt8(this.offset) !== 0xff) return BigInt(this.compactSize(field));
    this.skip(1, field);
    const wide = this.u64(field);
    if (wide < 0x1_0000_0000n) throw new Malformed(`${field}: non-canonical compact size`);
    return wide;
  }

  private bounded(value: number, least: number, max: number, field: string): number {
    if (value < least) throw new Malformed(`${field}: non-canonical compact size`);
    if (value > max) throw new Malformed(`${field}: ${value} exceeds ${max}`);
    return value;
  }

  /** A compact size, then that many items. */
  list<T>(field: string, max: number, read: (reader: Reader) => T): T[] {
    return Array.from({ length: this.compactSize(`${field}.count`, max) }, () => read(this));
  }

  /** A compact size, then that many bytes, as a view. */
  varBytes(field: string, max: number): Buffer {
    return this.take(this.compactSize(field, max), field);
  }
}
