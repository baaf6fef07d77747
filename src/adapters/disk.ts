/**
 * What our files need of a file system, and the system's own. Failures are errors with the `code` of POSIX, such as `ENOENT`. The
 * simulator has a disk in memory that loses at a crash what POSIX lets a disk lose.
 */
import { realpathSync } from 'node:fs';
import { link, mkdir, open, opendir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import lockfile from 'proper-lockfile';
import { errorCode } from './system-error.js';

export interface DiskStats {
  readonly ino: number;
  /** Bytes. */
  readonly size: number;
  /** Unix ms. */
  readonly mtimeMs: number;
  readonly mode: number;
  isFile(): boolean;
}

/** An open file, or an open folder, which can only be synced and closed. */
export interface DiskFile {
  /** @param position where to read; null: behind what was read last */
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  /** Writes all of it, behind what was written last; as UTF-8. */
  appendFile(text: string): Promise<void>;
  /** Writes all of it, behind what was written last. */
  writeFile(bytes: Buffer): Promise<void>;
  /** As {@link writeFile}, in one system call, which may take less when the disk is about to be full. */
  writev(parts: readonly Buffer[]): Promise<{ readonly bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  stat(): Promise<DiskStats>;
  /** Makes the content outlast a loss of power, and its length; of a folder: the names in it. */
  datasync(): Promise<void>;
  /** As {@link datasync}, with what else is known of the file. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface LockOptions {
  /** A lock not refreshed for this long is nobody's, milliseconds. */
  readonly staleMs: number;
  /** How often its holder refreshes it, milliseconds. */
  readonly updateMs: number;
  /** The holder lost it: it was removed, or another took it when it was stale. */
  readonly onCompromised: () => void;
}

export interface Disk {
  /** @param flags `r`: to read; `wx`: a new file; `a`: to append, made when it is not there */
  open(path: string, flags: 'r' | 'wx' | 'a', mode: number): Promise<DiskFile>;
  readFile(path: string): Promise<Buffer>;
  stat(path: string): Promise<DiskStats>;
  /** With the folders above it; a folder that is there already counts as made. */
  mkdir(path: string, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name of a file. */
  link(from: string, to: string): Promise<void>;
  /** What is not there counts as removed. */
  rm(path: string): Promise<void>;
  /** The names in a folder, in no order. */
  names(path: string): AsyncIterable<string>;
  /** The path without links. @throws `ENOENT` when nothing is there */
  realPath(path: string): string;
  /**
   * Takes the lock of a file: the folder `<path>.lock`, kept fresh from then on.
   * @returns a function that lets go of it
   * @throws `ELOCKED` while another has it
   */
  lock(path: string, options: LockOptions): Promise<() => Promise<void>>;
  isLocked(path: string, staleMs: number): Promise<boolean>;
}

export const systemDisk: Disk = {
  open,
  readFile: (path) => readFile(path),
  stat: (path) => stat(path),
  async mkdir(path, mode) {
    await mkdir(path, { recursive: true, mode });
  },
  rename,
  link,
  rm: (path) => rm(path, { force: true }),
  async *names(path) {
    for await (const { name } of await opendir(path)) yield name;
  },
  realPath: (path) => realpathSync(path),
  async lock(path, { staleMs, updateMs, onCompromised }) {
    const take = () => lockfile.lock(path, { stale: staleMs, update: updateMs, realpath: false, onCompromised });
    try {
      return await take();
    } catch (error) {
      if (errorCode(error) !== 'ELOCKED' || !(await isLeftAhead(`${path}.lock`, staleMs))) throw error;
      await utimes(`${path}.lock`, 0, 0);
      return await take();
    }
  },
  isLocked: (path, staleMs) => lockfile.check(path, { stale: staleMs, realpath: false }),
};

/** Locks that are dated ahead of the clock: their date, and when it was first seen. */
const ahead = new Map<string, { readonly mtimeMs: number; readonly since: number }>();

/**
 * True for a lock that is dated ahead of the clock and was not refreshed for `staleMs` by the monotonic clock. Its holder was killed before the clock was
 * set back, or before a loss of power after which the clock is behind; by its date alone it would be held until the clock has caught up.
 */
async function isLeftAhead(lock: string, staleMs: number): Promise<boolean> {
  const { mtimeMs } = await stat(lock);
  const before = ahead.get(lock);
  ahead.delete(lock);
  if (mtimeMs <= Date.now()) return false;
  const since = before?.mtimeMs === mtimeMs ? before.since : performance.now();
  if (performance.now() - since > staleMs) return true;
  ahead.set(lock, { mtimeMs, since });
  return false;
}
