/**
 * A file of ours: one process at a time writes it, a new one takes its place whole, and whatever goes wrong is a value with
 * a remedy. What is in it is not known here.
 *
 * The lock is the folder `<path>.lock`, kept fresh by its holder, and free again a few seconds after the holder was killed. Who finds
 * it gone, since somebody removed it, takes it again, unless somebody else has written the file meanwhile. A new
 * file is written beside the old one, synced, and renamed into its place.
 */

import { basename, dirname, join, resolve } from 'node:path';
import type { FileAnswer, FileFault } from '../contracts/files.js';
import { type Clock, type Random, SECOND_MS } from '../time.js';
import { type Disk, type DiskStats, systemDisk } from './disk.js';
import {
  type FaultDetails,
  type FileKind,
  faultCode,
  fileFault,
  isSyncFault,
  type SystemFaultCode,
} from './file-faults.js';
import { systemClock, systemRandom } from './system.js';
import { errorCode } from './system-error.js';

/** What a file is kept with; the system's unless given. */
export interface FileOptions {
  readonly disk?: Disk;
  /** Dates what is set aside. */
  readonly clock?: Pick<Clock, 'now'>;
  /** Names what is not finished. */
  readonly random?: Pick<Random, 'u64'>;
}

/** A lock not refreshed for this long belongs to nobody, milliseconds. Its holder refreshes it twice in that time and more. */
export const LOCK_STALE_MS = 5_000;
const LOCK_UPDATE_MS = 2_000;
/** Whom a pool pushes its blocks to, and what came of them, is its own business: others read it only if the operator lets them. */
export const PRIVATE = 0o600;
const PERMISSIONS = 0o777;

/** Whether a process holds the lock of this file. */
export async function isHeld(path: string, disk = systemDisk): Promise<boolean> {
  try {
    return await disk.isLocked(followed(path, disk), LOCK_STALE_MS);
  } catch (error) {
    // Where no lock can be looked for, none is held; whoever opens the file reports what is wrong.
    errorCode(error);
    return false;
  }
}

type Release = () => Promise<void>;
type Locked = FileAnswer<{ changed: boolean }>;

export class LockedFile {
  /** A link is followed once, so that what it leads to is replaced, not the link. */
  readonly path: string;
  protected readonly disk: Disk;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Pick<Random, 'u64'>;
  #release: Release | undefined;
  #locking: Promise<Locked> | undefined;
  /** The lock was ours before: what another process wrote meanwhile is not overwritten. */
  #wasOurs = false;
  /** The folder of the file outlasts a loss of power. */
  #anchored = false;
  /** What the file was when we last read or wrote it. */
  #known: string | undefined;

  /** Touches nothing yet. */
  constructor(
    path: string,
    private readonly kind: FileKind,
    { disk = systemDisk, clock = systemClock, random = systemRandom }: FileOptions = {},
  ) {
    this.path = followed(path, disk);
    this.disk = disk;
    this.#clock = clock;
    this.#random = random;
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
        if ((await this.statOf(lockOf(this.path))) !== undefined) return { ok: true, changed: false };
        // Its folder was removed: nobody has the lock.
        await this.#letGo();
      }
      await this.disk.mkdir(dirname(this.path));
      if (!this.#anchored) await this.syncAbove(dirname(this.path));
      this.#anchored = true;
      const release = await this.disk.lock(this.path, {
        staleMs: LOCK_STALE_MS,
        updateMs: LOCK_UPDATE_MS,
        // Gone, or another process has it since we stood still: the next who needs it finds out which.
        onCompromised: () => {
          this.#release = undefined;
        },
      });
      const stats = await this.statOf(this.path).catch(async (error: unknown) => {
        // Held by nobody of us, it would be refreshed all the same.
        await release();
        throw error;
      });
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

  protected know(stats: DiskStats | undefined): void {
    this.#known = stamp(stats);
  }

  /** Why a file cannot be read as a whole. */
  protected unfit(stats: DiskStats | undefined, path = this.path): FileFault | undefined {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.kind;
    if (stats === undefined) return this.fault('missing', { error: 'ENOENT', path });
    // A pipe or a device would hold the process for ever.
    if (!stats.isFile()) return this.fault('not-a-file', { path });
    return stats.size > maxBytes ? this.fault('too-large', { size: stats.size, path }) : undefined;
  }

  /** Renames what is of no use, so that nothing overwrites it. Needs the lock. */
  protected async moveAside(from: string): Promise<{ readonly ok: true; readonly path: string } | FileFault> {
    const to = this.asideName(from);
    if (this.#release === undefined) {
      // Left for when we hold the lock: the file then counts as changed, and is read again.
      this.#known = 'refused';
      return this.fault('locked');
    }
    try {
      await this.disk.rename(from, to);
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
  ): Promise<{ readonly ok: true; readonly stats: DiskStats } | FileFault> {
    const held = await this.lock();
    if (!held.ok) return held;
    const temporary = this.temporaryName();
    try {
      const old = await this.statOf(this.path);
      if (old !== undefined && !old.isFile()) return this.fault('not-a-file');
      const mode = old === undefined ? PRIVATE : old.mode & PERMISSIONS;
      await this.#writeNew(temporary, mode, chunks);
      const still = await this.lock();
      if (!still.ok) throw new LockLost(still);
      await before();
      await this.disk.rename(temporary, this.path);
      await this.syncFolder(dirname(this.path));
      const stats = await this.disk.stat(this.path);
      this.know(stats);
      return { ok: true, stats };
    } catch (error) {
      // Should this fail too, it is for the same cause, and the next start tries again.
      await this.disk.rm(temporary).catch(errorCode);
      return error instanceof LockLost ? error.fault : this.failure(error);
    }
  }

  async #writeNew(path: string, mode: number, chunks: Iterable<string>): Promise<void> {
    const handle = await this.disk.open(path, 'wx', PRIVATE);
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
    for await (const name of this.disk.names(folder)) {
      const isOurs = name.startsWith(`${basename(this.path)}.tmp-`) && isTemporary(name);
      if (isOurs) await this.disk.rm(join(folder, name));
    }
  }

  protected async statOf(path: string): Promise<DiskStats | undefined> {
    try {
      return await this.disk.stat(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Makes a rename, or a new file, outlast a loss of power. */
  protected async syncFolder(path: string): Promise<void> {
    const handle = await this.disk.open(path, 'r', PRIVATE);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /**
   * Makes a folder outlast a loss of power, with those above it: they may be as new, made by us or by a process that was killed before
   * it had them synced.
   */
  protected async syncAbove(folder: string): Promise<void> {
    for (let at = folder; at !== dirname(at); at = dirname(at)) {
      try {
        await this.syncFolder(dirname(at));
      } catch (error) {
        // One that we may not read, or that cannot be synced, is none that we made.
        if (isSyncFault(error)) throw error;
      }
    }
  }

  /** A name for what is not finished; see {@link isTemporary}. */
  protected temporaryName(path = this.path): string {
    return `${path}.tmp-${this.#random.u64().toString(16).padStart(16, '0')}`;
  }

  /** What a file that is of no use is called from then on. */
  protected asideName(path: string): string {
    return `${path}.corrupt-${new Date(this.#clock.now()).toISOString().replace(/[-:.]/g, '')}`;
  }

  protected failure(error: unknown, path = this.path): FileFault {
    return this.fault(faultCode(error), { error: errorCode(error), path });
  }

  protected fault(code: SystemFaultCode, details: Partial<FaultDetails> = {}): FileFault {
    return fileFault(code, this.kind, { path: this.path, staleSeconds: LOCK_STALE_MS / SECOND_MS, ...details });
  }
}

class LockLost extends Error {
  constructor(readonly fault: FileFault) {
    super(fault.detail);
  }
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

function followed(path: string, disk: Disk): string {
  try {
    return disk.realPath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) return resolve(path);
    // Not there yet: its folder, or one above it, may be.
    return join(followed(dirname(resolve(path)), disk), basename(path));
  }
}

/** True for the name of a file that was not finished. */
export function isTemporary(name: string): boolean {
  return /\.tmp-[0-9a-f]{16}$/.test(name);
}

function stamp(stats: DiskStats | undefined): string {
  return stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}
