/** Takes a known number of bytes off a stream, however it is cut. */
export interface Sink {
  /** Bytes still to come. */
  readonly missing: number;
  /** Takes what it can use from the front of a chunk, and returns how many bytes that was. */
  take(chunk: Buffer): number;
}

/**
 * Keeps the bytes, in memory of its own: the chunk may be reused by whoever read it from the socket.
 *
 * The buffer doubles as bytes come, so that each is moved twice on average, however thin the slices, and what is held stays
 * below twice what has arrived: a header that claims 3 MiB and sends nothing costs nothing.
 */
export class Gather implements Sink {
  private held: Buffer = Buffer.alloc(0);
  private filled = 0;

  constructor(private readonly length: number) {}

  get missing(): number {
    return this.length - this.filled;
  }

  /** All of the bytes, once none is missing. */
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

/** Lets the bytes go by. */
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
