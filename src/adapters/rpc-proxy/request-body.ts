import type { IncomingMessage } from 'node:http';

export type RequestBody =
  | { readonly kind: 'whole'; readonly body: Buffer }
  /** Forwarded instead of kept: the part read so far; the rest is still in the request. */
  | { readonly kind: 'passing'; readonly head: readonly Buffer[]; readonly why: 'body-too-large' | 'buffers-full' };

/** A body that is being received. */
export interface Upload {
  /** Closes the caller's connection, in the same turn, and releases its memory. */
  readonly drop: () => void;
}

/**
 * The memory of all requests together, bytes. When it is used up, the upload that has been silent longest is dropped; complete requests that
 * wait for dashd are not.
 */
export class MemoryBudget {
  private used = 0;
  /** When each upload last received data, the longest silent first. */
  private readonly uploads = new Map<Upload, number>();

  /** @param stalledMs an upload without data for this long may be dropped, milliseconds */
  constructor(
    private readonly limit: number,
    private readonly stalledMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param upload the upload that needs the bytes; it is not dropped for itself. @returns false when there is no memory */
  take(bytes: number, upload?: Upload): boolean {
    if (upload !== undefined) this.uploads.delete(upload);
    while (this.used + bytes > this.limit) {
      const [stalest] = this.uploads;
      if (stalest === undefined || this.now() - stalest[1] < this.stalledMs) return false;
      this.uploads.delete(stalest[0]);
      stalest[0].drop();
    }
    this.used += bytes;
    if (upload !== undefined) this.uploads.set(upload, this.now());
    return true;
  }

  /** @param upload that is complete or has ended */
  arrived(upload: Upload): void {
    this.uploads.delete(upload);
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/**
 * Reads the body of a request, unless it is larger than `maxBytes` or the memory is used up. The function's caller releases the memory when it
 * no longer needs the bytes. `done` is not called for a request that ends early.
 * @param drop closes the connection of a dropped upload
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  memory: MemoryBudget,
  drop: () => void,
  done: (read: RequestBody, taken: number) => void,
): void {
  const chunks: Buffer[] = [];
  let taken = 0;
  const stop = (): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    memory.arrived(upload);
  };
  const finish = (read: RequestBody): void => {
    stop();
    done(read, taken);
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    const why = taken + chunk.length > maxBytes ? 'body-too-large' : 'buffers-full';
    if (why === 'buffers-full' && memory.take(chunk.length, upload)) {
      taken += chunk.length;
      return;
    }
    request.pause();
    finish({ kind: 'passing', head: chunks, why });
  };
  const onEnd = (): void => {
    const [only = Buffer.alloc(0)] = chunks;
    finish({ kind: 'whole', body: chunks.length > 1 ? Buffer.concat(chunks, taken) : only });
  };
  const onClose = (): void => {
    stop();
    memory.give(taken);
  };
  const upload: Upload = {
    drop() {
      onClose();
      drop();
    },
  };
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}
