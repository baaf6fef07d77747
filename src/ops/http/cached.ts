import type { Clock } from '../../time.js';

export interface CacheRules {
  readonly clock: Clock;
  /** A reply older than this is made again, milliseconds. */
  readonly freshMs: number;
  /** A change of this number makes the reply again. */
  readonly revision: () => number;
}

/** Caches a reply as bytes, so that many requests within `freshMs` cost one serialisation. */
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
