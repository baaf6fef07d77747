/**
 * How long a test waits for what must happen, ms: the machine may be slow and busy with other tests. It is no requirement on what is tested, and below the
 * time that `npm test` gives a file.
 */
export const PATIENCE_MS = 90_000;
