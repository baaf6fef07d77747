/**
 * A file that is always there and always whole, whatever kills us: each save replaces it, with the copy before it kept as
 * `<path>.bak`. What the text means is not known here.
 *
 * At every instant `<path>` or `<path>.bak` is a complete copy: the backup is a second name of the current file, put in place by a
 * rename, before the new file takes the first name.
 */

import type { FileAnswer } from '../contracts/files.js';
import { type FileOptions, LockedFile } from './locked-file.js';
import { errorCode } from './system-error.js';

/** The file itself, or the copy before it. */
type Copy = 'current' | 'backup';
type Saved = FileAnswer<{ bytes: number }>;

const KIND = {
  kept: 'peer-file',
  setting: 'broadcast.peerDb',
  // Several times what 20,000 peers take. What is larger would hold the process for too long.
  maxBytes: 64 * 1024 * 1024,
} as const;

/** Touches nothing yet. */
export function openPeerFile(path: string, options: FileOptions = {}): PeerFile {
  return new PeerFile(path, KIND, options);
}

export class PeerFile extends LockedFile {
  #running: Promise<Saved> | undefined;
  #following: Promise<Saved> | undefined;
  #latest: Iterable<string> = [];

  async read(copy: Copy): Promise<FileAnswer<{ text: string }>> {
    const path = this.#pathOf(copy);
    try {
      const before = await this.statOf(path);
      if (copy === 'current') this.know(before);
      return this.unfit(before, path) ?? { ok: true, text: (await this.disk.readFile(path)).toString('utf8') };
    } catch (error) {
      return this.failure(error, path);
    }
  }

  /** Renames a copy that is of no use, so that nothing overwrites it. Needs the lock. */
  setAside(copy: Copy): Promise<FileAnswer<{ path: string }>> {
    return this.moveAside(this.#pathOf(copy));
  }

  /**
   * Replaces the file. A turn of the event loop passes after each chunk. While a save is under way only the latest of those asked
   * for is kept, and the others share its answer; the first chunk is pulled when its turn comes.
   * @throws what `chunks` throws
   */
  save(chunks: Iterable<string>): Promise<Saved> {
    if (this.#running === undefined) return this.#start(chunks);
    this.#latest = chunks;
    const next = () => {
      this.#following = undefined;
      return this.#start(this.#latest);
    };
    this.#following ??= this.#running.then(next, next);
    return this.#following;
  }

  /** Waits for saves under way, and lets go of the lock. */
  override async close(): Promise<void> {
    await Promise.allSettled([this.#running, this.#following]);
    await super.close();
  }

  #start(chunks: Iterable<string>): Promise<Saved> {
    const running = this.#replace(chunks).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #replace(chunks: Iterable<string>): Promise<Saved> {
    const replaced = await this.replaceWith(chunks, () => this.#keepPrevious());
    return replaced.ok ? { ok: true, bytes: replaced.stats.size } : replaced;
  }

  async #keepPrevious(): Promise<void> {
    const another = this.temporaryName();
    try {
      await this.disk.link(this.path, another);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      // No hard links on this file system: for an instant the backup alone is there.
      await this.disk.rename(this.path, this.#pathOf('backup'));
      return;
    }
    await this.disk.rename(another, this.#pathOf('backup'));
    // A rename between two names of one file does nothing (POSIX): so it is after a kill between this rename and the next.
    await this.disk.rm(another);
  }

  #pathOf(copy: Copy): string {
    return copy === 'current' ? this.path : `${this.path}.bak`;
  }
}
