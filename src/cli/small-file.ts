/** Reads files of settings and secrets synchronously. Bounded, since an operator may name any file. */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UNREADABLE } from '../messages/configuration.js';

/** A configuration has a few kilobytes. Reading a larger file on SIGHUP would block the event loop. */
const MAX_BYTES = 256 * 1024;

/** A file that is not read. `code` takes the place of a system error's code in messages. */
class UnsuitableFile extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** @throws Error with a `code` when it cannot be read, or is larger than 256 KiB */
export function readSmallFile(path: string): string {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size > MAX_BYTES) throw tooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    for (let chunk = readChunk(file); chunk.length > 0; chunk = readChunk(file)) {
      size += chunk.length;
      // A device has no size and may have no end.
      if (size > MAX_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * For a running relay: opening a pipe would block the process until somebody writes to it, without handling any signal.
 * @throws Error as {@link readSmallFile}, and when it is not a regular file
 */
export function readRegularFile(path: string): string {
  if (!statSync(path).isFile()) throw new UnsuitableFile(UNREADABLE['not-a-file']);
  return readSmallFile(path);
}

function readChunk(file: number): Buffer {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  return chunk.subarray(0, readSync(file, chunk));
}

function tooLarge(): UnsuitableFile {
  return new UnsuitableFile(UNREADABLE['too-large']);
}
