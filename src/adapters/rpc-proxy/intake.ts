import type { IncomingMessage } from 'node:http';

export type Intake =
  | { readonly kind: 'whole'; readonly body: Buffer }
  /** Not kept any longer: what was read so far, and the request from which the rest is to be read. */
  | { readonly kind: 'passing'; readonly head: readonly Buffer[]; readonly why: 'body too large' | 'buffers full' };

/** How much of the callers' requests is in memory, all of them together, bytes. */
export class Memory {
  private used = 0;

  constructor(private readonly limit: number) {}

  take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/**
 * Reads a request's body to its end, as long as it is no larger than `maxBytes` and there is memory for it. What was taken of the
 * memory is the caller's to give back, once it has no use for the bytes. A request that ends early is never heard of again.
 */
export function takeIn(
  request: IncomingMessage,
  maxBytes: number,
  memory: Memory,
  done: (intake: Intake, taken: number) => void,
): void {
  const chunks: Buffer[] = [];
  let taken = 0;
  const finish = (intake: Intake): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    done(intake, taken);
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    const why = taken + chunk.length > maxBytes ? 'body too large' : 'buffers full';
    if (why === 'buffers full' && memory.take(chunk.length)) {
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
  const onClose = (): void => memory.give(taken);
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}
