/**
 * A file of ours: one process at a time writes it, a new one takes its place whole, and whatever goes wrong is a value with
 * a remedy. What is in it is not known here.
 *
 * The lock is the folder `<path>.lock`, kept fresh by its holder, and free again a few seconds after the holder was killed. Who finds
 * it gone, since somebody removed it, takes it again, unless somebody else has written the file meanwhile. A new
 * file is written beside the old one, synced, and renamed into its place.
 */

import { randomBytes } from 'node:crypto';
import { realpathSync, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import lockfile from 'proper-lockfile';
import type { FileAnswer, FileFault, FileFaultCode } from '../contracts/files.js';
import { errorCode } from './system-error.js';

/** Without what the content of a file is: it is not known here. */
type SystemFaultCode = Exclude<FileFaultCode, 'corrupt'>;

/** How faults speak of a file. */
export interface FileKind {
  /** The setting that names the file. */
  readonly setting: string;
  /** `file` unless given. */
  readonly noun?: 'file' | 'folder';
  /** What there is still when the disk is full. */
  readonly kept: string;
  /** What a larger file is not. */
  readonly maxBytes?: number;
}

export type OpenFile = (path: string, flags: string, mode: number) => Promise<FileHandle>;

/** What a test may replace. */
export interface FileOptions {
  readonly open?: OpenFile;
}

/** A lock not refreshed for this long belongs to nobody, milliseconds. Its holder refreshes it twice in that time and more. */
export const LOCK_STALE_MS = 5_000;
const LOCK_UPDATE_MS = 2_000;
/** Whom a pool pushes its blocks to, and what came of them, is its own business: others read it only if the operator lets them. */
export const PRIVATE = 0o600;
const PERMISSIONS = 0o777;

/** Whether a process holds the lock of this file. */
export async function isHeld(path: string): Promise<boolean> {
  try {
    return await lockfile.check(followed(path), { stale: LOCK_STALE_MS, realpath: false });
  } catch (error) {
    // Where no lock can be looked for, none is held; what is amiss there is told by whoever opens the file.
    errorCode(error);
    return false;
  }
}

type Release = () => Promise<void>;
type Locked = FileAnswer<{ changed: boolean }>;

export class LockedFile {
  /** A link is followed once, so that what it leads to is replaced, not the link. */
  readonly path: string;
  protected readonly openFile: OpenFile;
  #release: Release | undefined;
  #locking: Promise<Locked> | undefined;
  /** The lock was ours before: what another process wrote meanwhile is not overwritten. */
  #wasOurs = false;
  /** What the file was when we last read or wrote it. */
  #known: string | undefined;

  /** Touches nothing yet. */
  constructor(
    path: string,
    private readonly kind: FileKind,
    options: FileOptions = {},
  ) {
    this.path = followed(path);
    this.openFile = options.open ?? open;
  }

  /**
   * Takes the lock, unless it is held already, and makes the folder.
   * @returns `changed`: somebody wrote the file after we read it
   */
  lock(): Promise<Locked> {
    // A second request meanwhile would find the lock taken, by the first.
    this.#locking ??= this.#takeLock().finally(() => {
      this.#locking = undefined;
    });
    return this.#locking;
  }

  /** Lets go of the lock. What is under way must be over. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#locking]);
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.().catch(errorCode);
  }

  async #takeLock(): Promise<Locked> {
    try {
      if (this.#release !== undefined) {
        if ((await statOf(lockOf(this.path))) !== undefined) return { ok: true, changed: false };
        // Its folder was removed: nobody has the lock.
        await this.#letGo();
      }
      await mkdir(dirname(this.path), { recursive: true });
      const release = await lockfile.lock(this.path, {
        stale: LOCK_STALE_MS,
        update: LOCK_UPDATE_MS,
        realpath: false,
        // Gone, or another process has it since we stood still: the next who needs it finds out which.
        onCompromised: () => {
          this.#release = undefined;
        },
      });
      const stats = await statOf(this.path);
      const changed = this.#known !== undefined && this.#known !== stamp(stats);
      if (this.#wasOurs && changed && stats !== undefined) {
        await release();
        return this.fault('lock-lost');
      }
      this.#release = release;
      await this.#removeLeftovers();
      const isFirst = !this.#wasOurs;
      this.#wasOurs = true;
      return { ok: true, changed: changed && isFirst };
    } catch (error) {
      return this.#wasOurs && errorCode(error) === 'ELOCKED' ? this.fault('lock-lost') : this.failure(error);
    }
  }

  protected know(stats: Stats | undefined): void {
    this.#known = stamp(stats);
  }

  /** Why a file cannot be read as a whole. */
  protected unfit(stats: Stats | undefined, path = this.path): FileFault | undefined {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.kind;
    if (stats === undefined) return this.fault('missing', 'ENOENT', path);
    // A pipe or a device would hold the process for ever.
    if (!stats.isFile()) return this.fault('not-a-file', '', path);
    return stats.size > maxBytes ? this.fault('too-large', `${stats.size} bytes`, path) : undefined;
  }

  /** Renames what is of no use, so that nothing overwrites it. Needs the lock. */
  protected async moveAside(from: string): Promise<{ readonly ok: true; readonly path: string } | FileFault> {
    const to = asideName(from);
    if (this.#release === undefined) {
      // Left for when we hold the lock: the file then counts as changed, and is read again.
      this.#known = 'refused';
      return this.fault('locked');
    }
    try {
      await rename(from, to);
      return { ok: true, path: to };
    } catch (error) {
      return this.failure(error, from);
    }
  }

  /**
   * Puts a new file in the place of this one. A turn of the event loop passes after each chunk.
   * @param before is done when the new file is complete
   * @throws what `chunks` throws
   */
  protected async replaceWith(
    chunks: Iterable<string>,
    before: () => Promise<void> = async () => undefined,
  ): Promise<{ readonly ok: true; readonly stats: Stats } | FileFault> {
    const held = await this.lock();
    if (!held.ok) return held;
    const temporary = temporaryName(this.path);
    try {
      const old = await statOf(this.path);
      if (old !== undefined && !old.isFile()) return this.fault('not-a-file');
      const mode = old === undefined ? PRIVATE : old.mode & PERMISSIONS;
      await this.#writeNew(temporary, mode, chunks);
      const still = await this.lock();
      if (!still.ok) throw new LockLost(still);
      await before();
      await rename(temporary, this.path);
      await syncFolder(dirname(this.path));
      const stats = await stat(this.path);
      this.know(stats);
      return { ok: true, stats };
    } catch (error) {
      // Should this fail too, it is for the same cause, and the next start tries again.
      await rm(temporary, { force: true }).catch(errorCode);
      return error instanceof LockLost ? error.fault : this.failure(error);
    }
  }

  async #writeNew(path: string, mode: number, chunks: Iterable<string>): Promise<void> {
    const handle = await this.openFile(path, 'wx', PRIVATE);
    try {
      // Each write is done by a thread, so others have their turn before the next chunk is made.
      for (const chunk of chunks) await handle.appendFile(chunk);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.path);
    const names = await readdir(folder);
    const leftovers = names.filter((name) => name.startsWith(`${basename(this.path)}.tmp-`) && isTemporary(name));
    await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
  }

  protected failure(error: unknown, path = this.path): FileFault {
    const code = errorCode(error);
    return this.fault(FAULTS[code] ?? 'io-error', code, path);
  }

  protected fault(code: SystemFaultCode, why = '', path = this.path): FileFault {
    return { ok: false, code, detail: explain(code, path, why === '' ? '' : ` (${why})`, this.kind) };
  }
}

class LockLost extends Error {
  constructor(readonly fault: FileFault) {
    super(fault.detail);
  }
}

const FAULTS: Readonly<Record<string, SystemFaultCode>> = {
  ELOCKED: 'locked',
  ENOENT: 'missing',
  EACCES: 'not-writable',
  EPERM: 'not-writable',
  EROFS: 'not-writable',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EISDIR: 'not-a-file',
  ENOTDIR: 'not-a-file',
  // A file where a folder is to be made.
  EEXIST: 'not-a-file',
};

function explain(
  code: SystemFaultCode,
  path: string,
  why: string,
  { setting, noun = 'file', kept, maxBytes }: FileKind,
): string {
  const elsewhere = `name another ${noun} (${setting})`;
  switch (code) {
    case 'missing':
      return `${path} is not there${why}`;
    case 'locked':
      return `${path} is held by another blockcast (${path}.lock), or by one that was killed in the last ${LOCK_STALE_MS / 1_000} s: stop that one, or ${elsewhere}`;
    case 'lock-lost':
      return `${path} was written or taken over by another process (${path}.lock) while this one stood still: stop the other, and start this one anew`;
    case 'changed':
      return `${path} is no longer what this process wrote: stop blockcast before the file is moved, removed or edited`;
    case 'not-writable':
      return `${path}: no permission for it or its folder${why}: give it to this user, or ${elsewhere}`;
    case 'disk-full':
      return `${path}: no room for it${why}: free some; ${kept}`;
    case 'not-a-file':
      return `${path} is no file, or a part of its path is no folder${why}: move what is there, or ${elsewhere}`;
    case 'too-large':
      return `${path} is too large${why}: ${maxBytes} bytes are the most`;
    case 'io-error':
      return /E[MN]FILE/.test(why)
        ? `${path} cannot be opened${why}: too many files are open; raise the limit (ulimit -n)`
        : `${path} cannot be read or written${why}: look after the disk, or ${elsewhere}`;
  }
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) return resolve(path);
    // Not there yet: its folder, or one above it, may be.
    return join(followed(dirname(resolve(path))), basename(path));
  }
}

export function temporaryName(path: string): string {
  return `${path}.tmp-${randomBytes(8).toString('hex')}`;
}

/** True for the name of a file that was not finished: {@link temporaryName}. */
export function isTemporary(name: string): boolean {
  return /\.tmp-[0-9a-f]{16}$/.test(name);
}

/** What a file that is of no use is called from then on. */
export function asideName(path: string): string {
  return `${path}.corrupt-${new Date().toISOString().replace(/[-:.]/g, '')}`;
}

export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function stamp(stats: Stats | undefined): string {
  return stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

/** Makes a rename, or a new file, outlast a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
