/**
 * The lock of a file on the memory disk, as proper-lockfile has it on a real one: the folder `<path>.lock`, whose time of modification
 * its holder refreshes. Who finds it older than `staleMs` takes it over; a holder that finds another's time on it has lost it.
 */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { LockOptions } from '../../adapters/disk.js';
import { errorCode } from '../../adapters/system-error.js';
import { diskError } from './disk-error.js';

/** What a lock needs of a disk. */
export interface LockFolders {
  /** @throws `EEXIST` when it is there */
  make(path: string): Promise<void>;
  /** Sets its time to now. @returns that time, Unix ms */
  touch(path: string): Promise<number>;
  /** @throws `ENOENT` */
  touchedAt(path: string): Promise<number>;
  remove(path: string): Promise<void>;
  /** Unix ms. */
  now(): number;
  /** While the process that holds locks lives. */
  isAlive(): boolean;
  readonly scheduler: SchedulerLike;
}

/** @returns a function that lets go of the lock @throws `ELOCKED` while another has it */
export async function takeLock(path: string, options: LockOptions, folders: LockFolders): Promise<() => Promise<void>> {
  const lockPath = `${path}.lock`;
  try {
    await folders.make(lockPath);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    if (await isFresh(lockPath, options.staleMs, folders)) throw diskError('ELOCKED', path);
    await folders.remove(lockPath);
    await folders.make(lockPath);
  }
  const held = new HeldLock(lockPath, options, folders, await folders.touch(lockPath));
  return () => held.release();
}

export async function isLocked(path: string, staleMs: number, folders: LockFolders): Promise<boolean> {
  return await isFresh(`${path}.lock`, staleMs, folders);
}

async function isFresh(lockPath: string, staleMs: number, folders: LockFolders): Promise<boolean> {
  try {
    return (await folders.touchedAt(lockPath)) >= folders.now() - staleMs;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

class HeldLock {
  private timer: Subscription | undefined;
  private isOver = false;

  constructor(
    private readonly path: string,
    private readonly options: LockOptions,
    private readonly folders: LockFolders,
    private touchedAt: number,
  ) {
    this.refreshLater();
  }

  async release(): Promise<void> {
    if (this.isOver) throw diskError('ERELEASED', this.path);
    this.isOver = true;
    this.timer?.unsubscribe();
    await this.folders.remove(this.path);
  }

  private refreshLater(): void {
    this.timer = this.folders.scheduler.schedule(() => {
      if (this.folders.isAlive()) void this.refresh();
    }, this.options.updateMs);
  }

  private async refresh(): Promise<void> {
    const isOurs = await this.isOurs();
    if (this.isOver) return;
    if (isOurs) {
      this.touchedAt = await this.folders.touch(this.path);
      if (!this.isOver) this.refreshLater();
      return;
    }
    this.isOver = true;
    this.options.onCompromised();
  }

  private async isOurs(): Promise<boolean> {
    try {
      return (await this.folders.touchedAt(this.path)) === this.touchedAt;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}
