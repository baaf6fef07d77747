/**
 * A folder with one file for each item. A file is written beside its name and renamed, so that a name never leads to half a file,
 * whatever kills us; syncing comes later and by itself, since it takes as long as the disk likes. What is in a file is not known here.
 *
 * The lock is advisory. A process that was killed holds it for some seconds more, and a found block must not wait for that: names are
 * unique, files are whole, so reading and writing need no lock. It serves to detect a second process, and to remove what was left
 * half written.
 */

import { join } from 'node:path';
import type { FileAnswer } from '../contracts/files.js';
import type { FileKind } from './file-faults.js';
import { type FileOptions, isTemporary, LockedFile, PRIVATE } from './locked-file.js';
import { errorCode } from './system-error.js';

const KIND = {
  kept: 'spool',
  setting: 'spool.dir',
  noun: 'folder',
  // A block has 2,000,000 bytes at most.
  maxBytes: 4 * 1024 * 1024,
} as const satisfies FileKind;
const PRIVATE_FOLDER = 0o700;

/** Touches nothing yet. */
export function openSpoolFolder(path: string, options: FileOptions = {}): SpoolFolder {
  return new SpoolFolder(path, KIND, options);
}

export class SpoolFolder extends LockedFile {
  #swept = false;
  /** The folder itself outlasts a loss of power. */
  #anchored = false;

  /**
   * Takes the lock, unless it is held already, makes the folder, and removes what was left half written.
   * @returns `unfinished`: how many such files were removed
   */
  override async lock(): Promise<FileAnswer<{ changed: boolean; unfinished?: number }>> {
    const locked = await super.lock();
    if (!locked.ok || this.#swept) return locked;
    this.#swept = true;
    let unfinished = 0;
    const swept = await this.#trying(async () => {
      await this.disk.mkdir(this.path, PRIVATE_FOLDER);
      for await (const name of this.disk.names(this.path)) {
        if (!isTemporary(name)) continue;
        await this.disk.rm(join(this.path, name));
        unfinished += 1;
      }
    });
    return swept.ok ? { ...locked, unfinished } : swept;
  }

  /** @returns the files' names, at most `max`; a folder that is not there has none. `more`: there are others beyond that */
  async list(max: number): Promise<FileAnswer<{ names: readonly string[]; more: boolean }>> {
    const names: string[] = [];
    try {
      for await (const name of this.disk.names(this.path)) {
        if (isTemporary(name)) continue;
        if (names.length === max) return { ok: true, names, more: true };
        names.push(name);
      }
      return { ok: true, names, more: false };
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? { ok: true, names, more: false } : this.failure(error);
    }
  }

  /** Hands the file to the kernel: it survives the end of this process, not a loss of power. */
  write(name: string, parts: readonly Buffer[]): Promise<FileAnswer> {
    const path = join(this.path, name);
    return this.#trying(async () => {
      try {
        await this.#writeNew(path, parts);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        // Not there yet, or removed meanwhile.
        this.#anchored = false;
        await this.disk.mkdir(this.path, PRIVATE_FOLDER);
        await this.#writeNew(path, parts);
      }
    });
  }

  /** Makes these files, and their names, outlast a loss of power. */
  sync(names: readonly string[]): Promise<FileAnswer> {
    return this.#trying(async () => {
      for (const name of names) {
        const handle = await this.disk.open(join(this.path, name), 'r', PRIVATE);
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
      await this.syncFolder(this.path);
      if (this.#anchored) return;
      // The first file may have come with its folder.
      await this.syncAbove(this.path);
      this.#anchored = true;
    });
  }

  /** The first `max` bytes, and how many the whole file has. */
  async peek(name: string, max: number): Promise<FileAnswer<{ start: Buffer; bytes: number }>> {
    const path = join(this.path, name);
    try {
      const stats = await this.disk.stat(path);
      const unfit = this.unfit(stats, path);
      if (unfit !== undefined) return unfit;
      const handle = await this.disk.open(path, 'r', PRIVATE);
      try {
        const buffer = Buffer.alloc(Math.min(max, stats.size));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
        return { ok: true, start: buffer.subarray(0, bytesRead), bytes: stats.size };
      } finally {
        await handle.close();
      }
    } catch (error) {
      return this.failure(error, path);
    }
  }

  async read(name: string): Promise<FileAnswer<{ bytes: Buffer }>> {
    const path = join(this.path, name);
    try {
      return this.unfit(await this.disk.stat(path), path) ?? { ok: true, bytes: await this.disk.readFile(path) };
    } catch (error) {
      return this.failure(error, path);
    }
  }

  /** A file that is not there counts as removed. */
  remove(name: string): Promise<FileAnswer> {
    return this.#trying(() => this.disk.rm(join(this.path, name)));
  }

  /** Renames a file that is of no use, so that nobody reads it again. */
  async setAside(name: string): Promise<FileAnswer<{ path: string }>> {
    const from = join(this.path, name);
    const to = this.asideName(from);
    const moved = await this.#trying(() => this.disk.rename(from, to));
    return moved.ok ? { ok: true, path: to } : moved;
  }

  async #trying(work: () => Promise<void>): Promise<FileAnswer> {
    try {
      await work();
      return { ok: true };
    } catch (error) {
      return this.failure(error);
    }
  }

  async #writeNew(path: string, parts: readonly Buffer[]): Promise<void> {
    const temporary = this.temporaryName(path);
    const handle = await this.disk.open(temporary, 'wx', PRIVATE);
    try {
      try {
        const bytes = parts.reduce((sum, { length }) => sum + length, 0);
        const { bytesWritten } = await handle.writev(parts);
        // A disk takes less when it is about to be full: the next write says so.
        if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(parts).subarray(bytesWritten));
      } finally {
        await handle.close();
      }
      await this.disk.rename(temporary, path);
    } catch (error) {
      // Should this fail too, it is for the same cause, and the next start tries again.
      await this.disk.rm(temporary).catch(errorCode);
      throw error;
    }
  }
}
