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
  const touchedAt = await folders.touch(lockPath).catch(async (error: unknown) => {
    await folders.remove(lockPath);
    throw error;
  });
  const held = new HeldLock(lockPath, options, folders, touchedAt);
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

/** After a refresh that failed the next is tried so much later. */
const RETRY_MS = 1_000;

class HeldLock {
  private timer: Subscription | undefined;
  private isOver = false;

  /** @param touchedAt Unix ms */
  constructor(
    private readonly path: string,
    private readonly options: LockOptions,
    private readonly folders: LockFolders,
    private touchedAt: number,
  ) {
    this.refreshIn(options.updateMs);
  }

  async release(): Promise<void> {
    if (this.isOver) throw diskError('ERELEASED', this.path);
    this.isOver = true;
    this.timer?.unsubscribe();
    await this.folders.remove(this.path);
  }

  private refreshIn(ms: number): void {
    if (this.isOver) return;
    this.timer = this.folders.scheduler.schedule(() => void this.refresh(), ms);
  }

  private async refresh(): Promise<void> {
    const { path, folders, options } = this;
    try {
      if ((await folders.touchedAt(path)) !== this.touchedAt) {
        this.lose();
        return;
      }
      this.touchedAt = await folders.touch(path);
      this.refreshIn(options.updateMs);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || this.touchedAt + options.staleMs < folders.now()) this.lose();
      else this.refreshIn(RETRY_MS);
    }
  }

  private lose(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.options.onCompromised();
  }
}
