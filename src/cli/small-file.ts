/** Reads what an operator names: settings and secrets. Bounded, since it may be anything, and synchronous: nothing else is done meanwhile. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** A configuration has a few kilobytes. What is larger would hold the event loop of a relay that reads it again. */
const MAX_BYTES = 256 * 1024;

/** Why a file is not read, in place of the system's code. */
class UnfitFile extends Error {
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
      // A device has no size, nor an end.
      if (size > MAX_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * For a process that has other things to do: to open a pipe waits for who writes to it, perhaps for ever, and then no signal is heard either.
 * @throws Error as {@link readSmallFile}, and for what is no regular file
 */
export function readRegularFile(path: string): string {
  if (!statSync(path).isFile()) throw new UnfitFile('it is no regular file; pipes are read at the start alone');
  return readSmallFile(path);
}

function readChunk(file: number): Buffer {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  return chunk.subarray(0, readSync(file, chunk));
}

function tooLarge(): UnfitFile {
  return new UnfitFile('it is larger than 256 KiB');
}
