/**
 * A folder with one file for each item. A file is written beside its name and renamed, so that a name never leads to half a file,
 * whatever kills us; syncing comes later and by itself, since it takes as long as the disk likes. What is in a file is not known here.
 *
 * The lock is advisory. A process that was killed holds it for some seconds more, and a found block must not wait for that: names are
 * unique, files are whole, so reading and writing need no lock. It is there to tell of a second process, and to remove what was left
 * half written.
 */
import { mkdir, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  asideName,
  type FileFault,
  type FileKind,
  type FileOptions,
  isTemporary,
  LockedFile,
  PRIVATE,
  syncFolder,
  temporaryName,
} from './locked-file.js';
import { errorCode } from './system-error.js';

type Done = { readonly ok: true } | FileFault;

/** The start of a file. */
export interface Glimpse {
  readonly ok: true;
  readonly start: Buffer;
  /** Of the whole file. */
  readonly bytes: number;
}

export interface SpoolFolder {
  readonly path: string;
  /**
   * Takes the lock, unless it is held already, makes the folder, and removes what was left half written.
   * @returns `unfinished`: how many such files were removed
   */
  lock(): Promise<{ readonly ok: true; readonly changed: boolean; readonly unfinished?: number } | FileFault>;
  /** @returns the files' names, at most `max`; a folder that is not there has none. `more`: there are others beyond that */
  list(
    max: number,
  ): Promise<{ readonly ok: true; readonly names: readonly string[]; readonly more: boolean } | FileFault>;
  /** Hands the file to the kernel: it survives the end of this process, not a loss of power. */
  write(name: string, parts: readonly Buffer[]): Promise<Done>;
  /** Makes these files, and their names, outlast a loss of power. */
  sync(names: readonly string[]): Promise<Done>;
  /** The first `max` bytes. */
  peek(name: string, max: number): Promise<Glimpse | FileFault>;
  read(name: string): Promise<{ readonly ok: true; readonly bytes: Buffer } | FileFault>;
  /** A file that is not there counts as removed. */
  remove(name: string): Promise<Done>;
  /** Renames a file that is of no use, so that nobody reads it again. */
  setAside(name: string): Promise<{ readonly ok: true; readonly path: string } | FileFault>;
  /** Lets go of the lock. What is under way must be over. */
  close(): Promise<void>;
}

const KIND = {
  setting: 'spool.dir',
  noun: 'folder',
  kept: 'blocks are sent all the same',
  // A block has 2,000,000 bytes at most.
  maxBytes: 4 * 1024 * 1024,
} as const satisfies FileKind;
const PRIVATE_FOLDER = 0o700;

/** Touches nothing yet. */
export function openSpoolFolder(path: string, options: FileOptions = {}): SpoolFolder {
  return new Folder(path, KIND, options);
}

class Folder extends LockedFile implements SpoolFolder {
  #swept = false;
  /** The folder itself is synced into the one above it. */
  #anchored = false;

  override async lock(): ReturnType<SpoolFolder['lock']> {
    const locked = await super.lock();
    if (!locked.ok || this.#swept) return locked;
    this.#swept = true;
    let unfinished = 0;
    const swept = await this.#trying(async () => {
      await mkdir(this.path, { recursive: true, mode: PRIVATE_FOLDER });
      for await (const { name } of await opendir(this.path)) {
        if (!isTemporary(name)) continue;
        await rm(join(this.path, name), { force: true });
        unfinished += 1;
      }
    });
    return swept.ok ? { ...locked, unfinished } : swept;
  }

  async list(max: number): ReturnType<SpoolFolder['list']> {
    const names: string[] = [];
    try {
      for await (const { name } of await opendir(this.path)) {
        if (isTemporary(name)) continue;
        if (names.length === max) return { ok: true, names, more: true };
        names.push(name);
      }
      return { ok: true, names, more: false };
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? { ok: true, names, more: false } : this.failure(error);
    }
  }

  write(name: string, parts: readonly Buffer[]): Promise<Done> {
    const path = join(this.path, name);
    return this.#trying(async () => {
      try {
        await this.#writeNew(path, parts);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        // Not there yet, or removed meanwhile.
        this.#anchored = false;
        await mkdir(this.path, { recursive: true, mode: PRIVATE_FOLDER });
        await this.#writeNew(path, parts);
      }
    });
  }

  sync(names: readonly string[]): Promise<Done> {
    return this.#trying(async () => {
      for (const name of names) {
        const handle = await this.openFile(join(this.path, name), 'r', PRIVATE);
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
      await syncFolder(this.path);
      if (this.#anchored) return;
      // The first file may have come with its folder.
      await syncFolder(dirname(this.path));
      this.#anchored = true;
    });
  }

  async peek(name: string, max: number): ReturnType<SpoolFolder['peek']> {
    const path = join(this.path, name);
    try {
      const stats = await stat(path);
      const unfit = this.unfit(stats, path);
      if (unfit !== undefined) return unfit;
      const handle = await this.openFile(path, 'r', PRIVATE);
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(max, stats.size)), 0);
        return { ok: true, start: buffer.subarray(0, bytesRead), bytes: stats.size };
      } finally {
        await handle.close();
      }
    } catch (error) {
      return this.failure(error, path);
    }
  }

  async read(name: string): ReturnType<SpoolFolder['read']> {
    const path = join(this.path, name);
    try {
      return this.unfit(await stat(path), path) ?? { ok: true, bytes: await readFile(path) };
    } catch (error) {
      return this.failure(error, path);
    }
  }

  remove(name: string): Promise<Done> {
    return this.#trying(() => rm(join(this.path, name), { force: true }));
  }

  async setAside(name: string): ReturnType<SpoolFolder['setAside']> {
    const from = join(this.path, name);
    const to = asideName(from);
    const moved = await this.#trying(() => rename(from, to));
    return moved.ok ? { ok: true, path: to } : moved;
  }

  async #trying(work: () => Promise<void>): Promise<Done> {
    try {
      await work();
      return { ok: true };
    } catch (error) {
      return this.failure(error);
    }
  }

  async #writeNew(path: string, parts: readonly Buffer[]): Promise<void> {
    const temporary = temporaryName(path);
    const handle = await this.openFile(temporary, 'wx', PRIVATE);
    try {
      try {
        const bytes = parts.reduce((sum, { length }) => sum + length, 0);
        const { bytesWritten } = await handle.writev(parts);
        // A disk takes less when it is about to be full: the next write says so.
        if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(parts).subarray(bytesWritten));
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      // Should this fail too, it is for the same cause, and the next start tries again.
      await rm(temporary, { force: true }).catch(errorCode);
      throw error;
    }
  }
}
