import type { Clock } from '../../time.js';

export interface CacheRules {
  readonly clock: Clock;
  /** A reply is made anew once it is older than this, milliseconds. */
  readonly freshMs: number;
  /** And whenever this has changed. */
  readonly revision: () => number;
}

/** A reply as bytes, made once for all who ask within a moment. */
export function cached(make: () => object, { clock, freshMs, revision }: CacheRules): () => Buffer {
  let body: Buffer | undefined;
  let madeAt = 0;
  let madeOf = 0;
  return () => {
    const now = clock.monotonic();
    const of = revision();
    if (body === undefined || of !== madeOf || now - madeAt >= freshMs) {
      body = Buffer.from(JSON.stringify(make()));
      madeAt = now;
      madeOf = of;
    }
    return body;
  };
}
