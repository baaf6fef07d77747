/**
 * A file that only ever grows by whole lines: each append is synced, and half a line, left by a process that was killed or by
 * a disk that was full, is cut off before the next. What the lines mean is not known here.
 */

import { dirname } from 'node:path';
import type { FileAnswer } from '../contracts/files.js';
import type { DiskFile, DiskStats } from './disk.js';
import { type FileOptions, LockedFile, PRIVATE } from './locked-file.js';

const KIND = { kept: 'history-file', setting: 'history.file' } as const;
const CHUNK_BYTES = 65_536;
/** A verdict on a block that a thousand peers were sent is a fifth of this. */
const MAX_LINE_BYTES = 1_048_576;
const NEWLINE = 0x0a;

/** Touches nothing yet. */
export function openHistoryFile(path: string, options: FileOptions = {}): HistoryFile {
  return new HistoryFile(path, KIND, options);
}

export class HistoryFile extends LockedFile {
  /** The file as we left it, or as we found it and read it to its end; undefined when there was none. */
  #inode: number | undefined;
  /** Up to the end of its last whole line. */
  #length = 0;
  /** Its name outlasts a loss of power. */
  #isNamed = false;

  /**
   * Calls `take` with each whole line, or with `undefined` for one that is too long to be one, until it returns false. Others have
   * their turn after every 64 kB.
   * @returns `torn`: so many bytes of half a line follow the last
   */
  async read(take: (line: string | undefined) => boolean): Promise<FileAnswer<{ torn: number }>> {
    this.#forget();
    try {
      const before = await this.statOf(this.path);
      this.know(before);
      const unfit = this.unfit(before);
      if (unfit !== undefined || before === undefined) return unfit ?? this.fault('missing');
      const lines = new Lines(take);
      const handle = await this.disk.open(this.path, 'r', PRIVATE);
      try {
        // What was not read to its end would be cut off by the next append: it is none of ours.
        if (await readThrough(handle, lines)) this.#inode = before.ino;
      } finally {
        await handle.close();
      }
      this.#length = lines.whole;
      return { ok: true, torn: lines.torn };
    } catch (error) {
      return this.failure(error);
    }
  }

  /** Renames a file that is of no use, so that nothing overwrites it. Needs the lock. */
  async setAside(): Promise<FileAnswer<{ path: string }>> {
    const moved = await this.moveAside(this.path);
    if (moved.ok) this.#forget();
    return moved;
  }

  /**
   * Writes whole lines behind what was read or written last, and syncs; with no text, only cuts off half a line. When it fails,
   * none of the text counts as written. One call at a time, `replace` included.
   * @returns the fault `changed` when the file is not what it was: shorter, gone, or another
   */
  async append(text: string): Promise<FileAnswer> {
    const held = await this.lock();
    if (!held.ok) return held;
    try {
      const before = await this.statOf(this.path);
      if (before !== undefined && !before.isFile()) return this.fault('not-a-file');
      if (!this.#isOurs(before)) return this.fault('changed');
      const handle = await this.disk.open(this.path, 'a', PRIVATE);
      try {
        if ((before?.size ?? 0) > this.#length) await handle.truncate(this.#length);
        if (text !== '') await handle.appendFile(text);
        await handle.datasync();
        this.#adopt(await handle.stat());
      } finally {
        await handle.close();
      }
      // It may be new, made now or by a process that was killed before it had its name synced.
      if (!this.#isNamed) await this.syncFolder(dirname(this.path));
      this.#isNamed = true;
      return { ok: true };
    } catch (error) {
      return this.failure(error);
    }
  }

  /**
   * Puts a new file in the place of this one, at once. A turn of the event loop passes after each chunk.
   * @returns the fault `changed` as {@link append} does
   * @throws what `chunks` throws
   */
  async replace(chunks: Iterable<string>): Promise<FileAnswer> {
    const held = await this.lock();
    if (!held.ok) return held;
    try {
      const before = await this.statOf(this.path);
      if (before?.isFile() === true && !this.#isOurs(before)) return this.fault('changed');
    } catch (error) {
      return this.failure(error);
    }
    const replaced = await this.replaceWith(chunks);
    if (!replaced.ok) return replaced;
    this.#adopt(replaced.stats);
    this.#isNamed = true;
    return { ok: true };
  }

  /** What is too long is the half of a line: while we hold the lock nobody else appends. */
  #isOurs(stats: DiskStats | undefined): boolean {
    if (stats === undefined) return this.#inode === undefined;
    return stats.ino === this.#inode && stats.size >= this.#length;
  }

  #forget(): void {
    this.#inode = undefined;
    this.#length = 0;
    this.#isNamed = false;
  }

  #adopt(stats: DiskStats): void {
    this.know(stats);
    this.#inode = stats.ino;
    this.#length = stats.size;
  }
}

/** @returns false when the reader wanted no more */
async function readThrough(handle: DiskFile, lines: Lines): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return true;
    if (!lines.push(buffer.subarray(0, bytesRead))) return false;
  }
}

/** Cuts bytes into lines. */
class Lines {
  /** Bytes up to the end of the last whole line. */
  whole = 0;
  /** Bytes behind it. */
  torn = 0;
  private parts: Buffer[] = [];

  constructor(private readonly take: (line: string | undefined) => boolean) {}

  /** @returns false when no more are wanted */
  push(chunk: Buffer): boolean {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, end));
      from = end + 1;
      const line = this.torn > MAX_LINE_BYTES ? undefined : Buffer.concat(this.parts).toString('utf8');
      this.whole += this.torn + 1;
      this.torn = 0;
      this.parts = [];
      if (!this.take(line)) return false;
    }
    // The reader uses its buffer again.
    this.keep(Buffer.from(chunk.subarray(from)));
    return true;
  }

  private keep(part: Buffer): void {
    this.torn += part.length;
    if (this.torn <= MAX_LINE_BYTES) this.parts.push(part);
    else this.parts = [];
  }
}
