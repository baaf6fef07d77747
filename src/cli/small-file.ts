/**
 * Reads files that an operator names: settings, secrets, peer books. Synchronous, and bounded in size and time, since it may be any
 * file. It loads little, because `main.ts` uses it before it knows that the limit of open files suffices.
 */

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UNREADABLE } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';

const KIB = 1024;
/** A configuration has a few kilobytes. Reading a larger file on SIGHUP would block the event loop. */
const SMALL_BYTES = 256 * KIB;
/** Of a peer book: the limit of the relay's own file (`adapters/peer-file.ts`). */
const BOOK_BYTES = 64 * KIB * KIB;
/** How long a pipe may stay silent. Meanwhile the process handles no signal. */
const SECOND_MS = 1_000;
const PIPE_MS = 10 * SECOND_MS;
const PIPE_POLL_MS = 20;

/** A file that is not read. `code` takes the place of a system error's code in messages. */
class UnsuitableFile extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/**
 * @param pipeMs how long a pipe may stay silent, milliseconds
 * @throws Error with a `code` when it cannot be read, is larger than 256 KiB or not UTF-8, or is a pipe to which nobody writes
 */
export function readSmallFile(path: string, pipeMs = PIPE_MS): string {
  return readBounded(path, SMALL_BYTES, pipeMs);
}

/** @throws Error as {@link readSmallFile}, with a limit of 64 MiB */
export function readBookFile(path: string): string {
  return readBounded(path, BOOK_BYTES, PIPE_MS);
}

/**
 * For a running relay: a pipe would block the process until somebody writes to it, without handling any signal.
 * @throws Error as {@link readSmallFile}, and when it is not a regular file
 */
export function readRegularFile(path: string): string {
  if (!statSync(path).isFile()) throw new UnsuitableFile(UNREADABLE['not-a-file']);
  return readSmallFile(path);
}

function readBounded(path: string, maxBytes: number, pipeMs: number): string {
  // Opening a pipe that nobody writes to would block the process for good.
  const isPipe = statSync(path).isFIFO();
  const file = openSync(path, isPipe ? constants.O_RDONLY | constants.O_NONBLOCK : 'r');
  try {
    if (fstatSync(file).size > maxBytes) throw tooLarge(maxBytes);
    const read = isPipe ? () => readPipe(file, size === 0, pipeMs) : () => readChunk(file);
    const chunks: Buffer[] = [];
    let size = 0;
    for (let chunk = read(); chunk.length > 0; chunk = read()) {
      size += chunk.length;
      // A device has no size and may have no end.
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
    return toText(Buffer.concat(chunks));
  } finally {
    closeSync(file);
  }
}

/** @param isFirst that there is nothing yet does not mean the end: the writer may not have opened the pipe */
function readPipe(file: number, isFirst: boolean, pipeMs: number): Buffer {
  for (let waitedMs = 0; waitedMs < pipeMs; waitedMs += PIPE_POLL_MS) {
    try {
      const chunk = readChunk(file);
      if (chunk.length > 0 || !isFirst) return chunk;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_POLL_MS);
  }
  throw new UnsuitableFile(fill(UNREADABLE['empty-pipe'], { seconds: pipeMs / SECOND_MS }));
}

function readChunk(file: number): Buffer {
  const chunk = Buffer.allocUnsafe(64 * KIB);
  return chunk.subarray(0, readSync(file, chunk));
}

/** Text in another encoding, such as the UTF-16 of some editors, would be taken for wrong settings or a wrong password. */
function toText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UnsuitableFile(UNREADABLE['not-utf8']);
  }
}

function tooLarge(bytes: number): UnsuitableFile {
  return new UnsuitableFile(fill(UNREADABLE['too-large'], { kib: bytes / KIB }));
}
