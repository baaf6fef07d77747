/**
 * A file that is always there and always whole, whatever kills us: written beside itself, synced, and renamed into place, with
 * the copy before it kept as `<path>.bak`. What the text means is not known here.
 *
 * At every instant `<path>` or `<path>.bak` is a complete copy: the backup is a second name of the current file, put in place by a
 * rename, before the new file takes the first name. One process at a time may write: the lock is the folder `<path>.lock`, kept
 * fresh by its holder, and free again a few seconds after the holder was killed.
 */
import { randomBytes } from 'node:crypto';
import { realpathSync, type Stats } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import lockfile from 'proper-lockfile';
import { errorCode } from './system-error.js';

type PeerFileFaultCode =
  | 'missing'
  | 'locked'
  | 'lock lost'
  | 'not writable'
  | 'disk full'
  | 'not a file'
  | 'too large'
  | 'io error';

interface PeerFileFault {
  readonly ok: false;
  readonly code: PeerFileFaultCode;
  /** For people: what, and what to do about it. */
  readonly detail: string;
}

/** The file itself, or the copy before it. */
type Copy = 'current' | 'backup';

export interface PeerFile {
  readonly path: string;
  /**
   * Takes the lock, unless it is held already, and makes the folder.
   * @returns `changed`: somebody wrote the file after we read it
   */
  lock(): Promise<{ readonly ok: true; readonly changed: boolean } | PeerFileFault>;
  read(copy: Copy): Promise<{ readonly ok: true; readonly text: string } | PeerFileFault>;
  /** Renames a copy that is of no use, so that nothing overwrites it. Needs the lock. */
  setAside(copy: Copy): Promise<{ readonly ok: true; readonly path: string } | PeerFileFault>;
  /**
   * Replaces the file. A turn of the event loop passes after each chunk. While a save is under way only the latest of those asked
   * for is kept, and the others share its answer; the first chunk is pulled when its turn comes.
   * @throws what `chunks` throws
   */
  save(chunks: Iterable<string>): Promise<{ readonly ok: true; readonly bytes: number } | PeerFileFault>;
  /** Waits for saves under way, and lets go of the lock. */
  close(): Promise<void>;
}

/** What a test may replace. */
export interface PeerFileOptions {
  readonly open?: (path: string, flags: string, mode: number) => Promise<FileHandle>;
}

/** A lock not refreshed for this long belongs to nobody, milliseconds. Its holder refreshes it twice in that time and more. */
export const LOCK_STALE_MS = 5_000;
const LOCK_UPDATE_MS = 2_000;
/** Several times what 20,000 peers take. What is larger would hold the process for too long. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Which peers a pool pushes its blocks to is its own business: others read it only if the operator lets them. */
const PRIVATE = 0o600;
const PERMISSIONS = 0o777;

/** Touches nothing yet. A link is followed once, so that what it leads to is replaced, not the link. */
export function openPeerFile(path: string, options: PeerFileOptions = {}): PeerFile {
  return new LockedFile(followed(path), options.open ?? open);
}

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

class LockedFile implements PeerFile {
  #release: Release | undefined;
  #locking: ReturnType<PeerFile['lock']> | undefined;
  #lost = false;
  /** What the file was when we last read or wrote it. */
  #known: string | undefined;
  #running: ReturnType<PeerFile['save']> | undefined;
  #following: ReturnType<PeerFile['save']> | undefined;
  #latest: Iterable<string> = [];

  constructor(
    readonly path: string,
    private readonly openFile: NonNullable<PeerFileOptions['open']>,
  ) {}

  lock(): ReturnType<PeerFile['lock']> {
    // A second request meanwhile would find the lock taken, by the first.
    this.#locking ??= this.#takeLock().finally(() => {
      this.#locking = undefined;
    });
    return this.#locking;
  }

  async #takeLock(): ReturnType<PeerFile['lock']> {
    if (this.#release !== undefined) return { ok: true, changed: false };
    if (this.#lost) return this.#fault('lock lost');
    try {
      await mkdir(dirname(this.path), { recursive: true });
      this.#release = await lockfile.lock(this.path, {
        stale: LOCK_STALE_MS,
        update: LOCK_UPDATE_MS,
        realpath: false,
        onCompromised: () => {
          this.#release = undefined;
          this.#lost = true;
        },
      });
      await this.#removeLeftovers();
      const known = this.#known;
      return { ok: true, changed: known !== undefined && known !== stamp(await statOf(this.path)) };
    } catch (error) {
      return this.#failure(error);
    }
  }

  async read(copy: Copy): ReturnType<PeerFile['read']> {
    const path = this.#pathOf(copy);
    try {
      const before = await statOf(path);
      if (copy === 'current') this.#known = stamp(before);
      if (before === undefined) return this.#fault('missing', 'ENOENT', path);
      // A pipe or a device would hold the process for ever.
      if (!before.isFile()) return this.#fault('not a file', '', path);
      if (before.size > MAX_FILE_BYTES) return this.#fault('too large', `${before.size} bytes`, path);
      return { ok: true, text: await readFile(path, 'utf8') };
    } catch (error) {
      return this.#failure(error, path);
    }
  }

  async setAside(copy: Copy): ReturnType<PeerFile['setAside']> {
    const from = this.#pathOf(copy);
    const to = `${from}.corrupt-${new Date().toISOString().replace(/[-:.]/g, '')}`;
    if (this.#release === undefined) {
      // Left for when we hold the lock: the file then counts as changed, and is read again.
      this.#known = 'refused';
      return this.#fault('locked');
    }
    try {
      await rename(from, to);
      return { ok: true, path: to };
    } catch (error) {
      return this.#failure(error, from);
    }
  }

  save(chunks: Iterable<string>): ReturnType<PeerFile['save']> {
    if (this.#running === undefined) return this.#start(chunks);
    this.#latest = chunks;
    const next = () => {
      this.#following = undefined;
      return this.#start(this.#latest);
    };
    this.#following ??= this.#running.then(next, next);
    return this.#following;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#locking, this.#running, this.#following]);
    const release = this.#release;
    this.#release = undefined;
    // Whoever took the lock from us lets go of it.
    if (release !== undefined && !this.#lost) await release().catch(errorCode);
  }

  #start(chunks: Iterable<string>): ReturnType<PeerFile['save']> {
    const running = this.#replace(chunks).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #replace(chunks: Iterable<string>): ReturnType<PeerFile['save']> {
    const held = await this.lock();
    if (!held.ok) return held;
    const temporary = temporaryName(this.path);
    try {
      const before = await statOf(this.path);
      if (before !== undefined && !before.isFile()) return this.#fault('not a file');
      const mode = before === undefined ? PRIVATE : before.mode & PERMISSIONS;
      const bytes = await this.#writeNew(temporary, mode, chunks);
      if (this.#release === undefined) throw new LockLost();
      await this.#keepPrevious();
      await rename(temporary, this.path);
      await syncFolder(dirname(this.path));
      this.#known = stamp(await statOf(this.path));
      return { ok: true, bytes };
    } catch (error) {
      // Should this fail too, it is for the same cause, and the next start tries again.
      await rm(temporary, { force: true }).catch(errorCode);
      return error instanceof LockLost ? this.#fault('lock lost') : this.#failure(error);
    }
  }

  async #writeNew(path: string, mode: number, chunks: Iterable<string>): Promise<number> {
    const handle = await this.openFile(path, 'wx', PRIVATE);
    try {
      // Each write is done by a thread, so others have their turn before the next chunk is made.
      for (const chunk of chunks) await handle.appendFile(chunk);
      await handle.chmod(mode);
      await handle.sync();
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }

  async #keepPrevious(): Promise<void> {
    const another = temporaryName(this.path);
    try {
      await link(this.path, another);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      // No hard links on this file system: for an instant the backup alone is there.
      await rename(this.path, this.#pathOf('backup'));
      return;
    }
    await rename(another, this.#pathOf('backup'));
    // A rename between two names of one file does nothing (POSIX): so it is after a kill between this rename and the next.
    await rm(another, { force: true });
  }

  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.path);
    const names = await readdir(folder);
    const leftovers = names.filter((name) => isTemporary(name, basename(this.path)));
    await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
  }

  #pathOf(copy: Copy): string {
    return copy === 'current' ? this.path : `${this.path}.bak`;
  }

  #failure(error: unknown, path = this.path): PeerFileFault {
    const code = errorCode(error);
    return this.#fault(FAULTS[code] ?? 'io error', code, path);
  }

  #fault(code: PeerFileFaultCode, why = '', path = this.path): PeerFileFault {
    return { ok: false, code, detail: explain(code, path, why === '' ? '' : ` (${why})`) };
  }
}

class LockLost extends Error {}

const FAULTS: Readonly<Record<string, PeerFileFaultCode>> = {
  ELOCKED: 'locked',
  ENOENT: 'missing',
  EACCES: 'not writable',
  EPERM: 'not writable',
  EROFS: 'not writable',
  ENOSPC: 'disk full',
  EDQUOT: 'disk full',
  EFBIG: 'disk full',
  EISDIR: 'not a file',
  ENOTDIR: 'not a file',
  // A file where a folder is to be made.
  EEXIST: 'not a file',
};

const ELSEWHERE = 'name another file (broadcast.peerDb)';

function explain(code: PeerFileFaultCode, path: string, why: string): string {
  switch (code) {
    case 'missing':
      return `${path} is not there${why}`;
    case 'locked':
      return `${path} is held by another blockcast (${path}.lock): stop that one, or ${ELSEWHERE}`;
    case 'lock lost':
      return `${path} was taken over by another process (${path}.lock) while this one stood still: stop the other, and start this one anew`;
    case 'not writable':
      return `${path}: no permission for it or its folder${why}: give it to this user, or ${ELSEWHERE}`;
    case 'disk full':
      return `${path}: no room for it${why}: free some; the copy saved before is untouched`;
    case 'not a file':
      return `${path} is no file, or a part of its path is no folder${why}: move what is there, or ${ELSEWHERE}`;
    case 'too large':
      return `${path} is too large for a peer file${why}: ${MAX_FILE_BYTES} bytes are the most`;
    case 'io error':
      return `${path} cannot be read or written${why}: look after the disk, or ${ELSEWHERE}`;
  }
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

function temporaryName(path: string): string {
  return `${path}.tmp-${randomBytes(8).toString('hex')}`;
}

function isTemporary(name: string, base: string): boolean {
  return name.startsWith(`${base}.tmp-`) && /\.tmp-[0-9a-f]{16}$/.test(name);
}

async function statOf(path: string): Promise<Stats | undefined> {
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

/** Makes a rename outlast a loss of power. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
