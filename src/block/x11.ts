import { createRequire } from 'node:module';
import loadWasm from 'wasm-x11-hash';
import { type Hash, hashFromWire } from '../wire/reader.js';

// Two files of dashcore-lib instead of its index, which loads the whole library and took a fifth of the start-up time. They are CommonJS
// without types. Its `BlockHeader` gives the same hash, but decodes and encodes the bytes first.
const require = createRequire(import.meta.url);
const { configure } = require('@dashevo/dashcore-lib/lib/configuration') as {
  configure(options: { readonly x11hash: { digest(input: Uint8Array): Buffer } }): void;
};
const { x11 } = require('@dashevo/dashcore-lib/lib/crypto/hash') as { x11(bytes: Buffer): Buffer };

/** The bytes of a block header, the same on every Dash network. */
export const HEADER_SIZE = 80;

let loading: Promise<void> | undefined;
let ready = false;

/** Makes dashcore-lib use X11 in WebAssembly, which is 70 times faster than its JavaScript. Further calls wait for the first. */
export function loadX11(): Promise<void> {
  loading ??= plugIn();
  return loading;
}

async function plugIn(): Promise<void> {
  const x11hash = await loadWasm();
  // V8 compiles WebAssembly at the first call, which takes milliseconds: do it now instead of at the first block.
  x11hash.digest(Buffer.alloc(HEADER_SIZE));
  configure({ x11hash });
  ready = true;
}

/**
 * The block hash: X11 of the header, in display order.
 * @param header exactly 80 bytes
 * @throws Error when {@link loadX11} has not finished, or the header has another length: both are programming errors
 */
export function hashHeader(header: Buffer): Hash {
  if (!ready) throw new Error('X11 is not loaded: await loadX11() before the first hash');
  if (header.length !== HEADER_SIZE) throw new Error(`a header has ${HEADER_SIZE} bytes, not ${header.length}`);
  return hashFromWire(x11(header));
}
