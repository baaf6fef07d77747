/** Consumes a known number of bytes from a stream, independently of its chunks. */
export interface Sink {
  /** Bytes still missing. */
  readonly missing: number;
  /** Consumes bytes from the front of a chunk. @returns how many */
  take(chunk: Buffer): number;
}

/**
 * Copies the bytes, because the socket may reuse a chunk's memory.
 *
 * The buffer doubles as bytes arrive: each byte is copied twice on average whatever the size of the chunks, and the buffer stays below
 * twice the received bytes. A header that declares 3 MiB without sending them allocates nothing.
 */
export class Gather implements Sink {
  private held: Buffer = Buffer.alloc(0);
  private filled = 0;

  constructor(private readonly length: number) {}

  get missing(): number {
    return this.length - this.filled;
  }

  /** All bytes; valid when none is missing. */
  get bytes(): Buffer {
    return this.held;
  }

  take(chunk: Buffer): number {
    const count = Math.min(chunk.length, this.missing);
    this.makeRoom(this.filled + count);
    chunk.copy(this.held, this.filled, 0, count);
    this.filled += count;
    return count;
  }

  private makeRoom(needed: number): void {
    if (needed <= this.held.length) return;
    const grown = Buffer.allocUnsafe(Math.min(this.length, Math.max(needed, 2 * this.held.length)));
    this.held.copy(grown, 0, 0, this.filled);
    this.held = grown;
  }
}

/** Discards the bytes. */
export class Skip implements Sink {
  missing: number;

  constructor(length: number) {
    this.missing = length;
  }

  take(chunk: Buffer): number {
    const count = Math.min(chunk.length, this.missing);
    this.missing -= count;
    return count;
  }
}
