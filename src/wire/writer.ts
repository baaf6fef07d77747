import { type Hash, hashToWire } from './reader.js';

/** Writes Dash's serialisation; `finish` returns the bytes. The counterpart of `Reader`. */
export class Writer {
  private readonly pieces: Uint8Array[] = [];

  bytes(bytes: Uint8Array): this {
    this.pieces.push(bytes);
    return this;
  }

  u8(value: number): this {
    return this.bytes(Buffer.of(value));
  }

  bool(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  u16be(value: number): this {
    const b = Buffer.allocUnsafe(2);
    b.writeUInt16BE(value);
    return this.bytes(b);
  }

  u32(value: number): this {
    const b = Buffer.allocUnsafe(4);
    b.writeUInt32LE(value);
    return this.bytes(b);
  }

  i32(value: number): this {
    const b = Buffer.allocUnsafe(4);
    b.writeInt32LE(value);
    return this.bytes(b);
  }

  u64(value: bigint): this {
    const b = Buffer.allocUnsafe(8);
    b.writeBigUInt64LE(value);
    return this.bytes(b);
  }

  i64(value: bigint): this {
    const b = Buffer.allocUnsafe(8);
    b.writeBigInt64LE(value);
    return this.bytes(b);
  }

  hash(value: Hash): this {
    return this.bytes(hashToWire(value));
  }

  compactSize(value: number): this {
    if (value < 0xfd) return this.u8(value);
    if (value <= 0xffff) {
      const b = Buffer.allocUnsafe(3);
      b.writeUInt8(0xfd);
      b.writeUInt16LE(value, 1);
      return this.bytes(b);
    }
    if (value <= 0xffff_ffff) return this.u8(0xfe).u32(value);
    return this.u8(0xff).u64(BigInt(value));
  }

  /** For flags of up to 64 bits; see `Reader.compactSize64`. */
  compactSize64(value: bigint): this {
    return value <= 0xffff_ffffn ? this.compactSize(Number(value)) : this.u8(0xff).u64(value);
  }

  list<T>(items: readonly T[], write: (writer: Writer, item: T) => void): this {
    this.compactSize(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  varBytes(value: Uint8Array): this {
    return this.compactSize(value.length).bytes(value);
  }

  finish(): Buffer {
    return Buffer.concat(this.pieces);
  }
}
