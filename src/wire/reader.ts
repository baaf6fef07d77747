/** Thrown by a {@link Reader} inside the codec, and caught there: outside `wire/` and `block/` malformed bytes are values. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A 32-byte hash as Dash prints it: 64 lower-case hex digits, the reverse of its order on the wire. */
export type Hash = string;

/** The all-zero hash: "no parent" in a header, "no stop" in `getheaders`, the outpoint of a coinbase. */
export const ZERO_HASH: Hash = '0'.repeat(64);

/** Turns 32 bytes in wire order into their display form. */
export function hashFromWire(bytes: Uint8Array): Hash {
  return Buffer.from(bytes).reverse().toString('hex');
}

/** Turns a displayed hash into its 32 bytes in wire order. */
export function hashToWire(hash: Hash): Buffer {
  return Buffer.from(hash, 'hex').reverse();
}

/**
 * Reads Dash's serialisation from a buffer, front to back. Every read past the end throws {@link Malformed} and names the
 * field, so a codec is written as a plain list of reads.
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

  /** Moves past `length` bytes and returns where they began. */
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

  /** A view of the next `length` bytes: shared with the underlying buffer, not a copy. */
  take(length: number, field: string): Buffer {
    const start = this.skip(length, field);
    return this.bytes.subarray(start, start + length);
  }

  hash(field: string): Hash {
    return hashFromWire(this.take(32, field));
  }

  /**
   * A compact size (1, 3, 5 or 9 bytes). Like Core's `ReadCompactSize`, refuses a longer form than needed.
   * @param max the largest value the field may have; a count is checked before anything is allocated for it
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

  /** A compact size that may use all its 64 bits: a set of flags, as the services in `addrv2` are, not a count. */
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

  /** A compact size, then that many of what `read` reads. */
  list<T>(field: string, max: number, read: (reader: Reader) => T): T[] {
    return Array.from({ length: this.compactSize(`${field}.count`, max) }, () => read(this));
  }

  /** A compact size, then that many bytes (shared, not copied). */
  varBytes(field: string, max: number): Buffer {
    return this.take(this.compactSize(field, max), field);
  }
}
