import type { IncomingMessage } from 'node:http';

export type RequestBody =
  | { readonly kind: 'whole'; readonly body: Buffer }
  /** Not kept any longer: what was read so far, and the request from which the rest is to be read. */
  | { readonly kind: 'passing'; readonly head: readonly Buffer[]; readonly why: 'body-too-large' | 'buffers-full' };

/** A body that is still arriving. */
export interface Upload {
  /** Hangs up on its caller, in the calling turn, and gives its memory back. */
  readonly drop: () => void;
}

/**
 * How much of the callers' requests is in memory, all of them together, bytes. When it is full, the upload that has been silent for
 * the longest loses its place; one that is all there, and waits for dashd, does not.
 */
export class MemoryBudget {
  private used = 0;
  /** When a byte of each came last; the longest silent first. */
  private readonly uploads = new Map<Upload, number>();

  /** @param stalledMs an upload silent for so long may lose its place, milliseconds */
  constructor(
    private readonly limit: number,
    private readonly stalledMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param upload that the bytes are of, while it is arriving: it does not lose its place to itself */
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

  /** @param upload that has ended */
  arrived(upload: Upload): void {
    this.uploads.delete(upload);
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/**
 * Reads a request's body to its end, as long as it is no larger than `maxBytes` and there is memory for it. What was taken of the
 * memory is the caller's to give back, once it has no use for the bytes. A request that ends early is never heard of again.
 * @param drop hangs up on a caller that loses its place
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
