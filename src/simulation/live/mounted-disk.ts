/** The memory disk as one process has it: the operations of `Disk`, each a piece of work that takes time and may fail. */
import { resolve } from 'node:path';
import type { Disk, DiskFile, DiskStats, LockOptions } from '../../adapters/disk.js';
import { errorCode } from '../../adapters/system-error.js';
import { diskError } from './disk-error.js';
import type { DiskMedium, DiskProcess, DiskWork } from './disk-medium.js';
import { isLocked, type LockFolders, takeLock } from './memory-lock.js';
import { MemoryFile, MemoryFolder, type MemoryNode } from './memory-nodes.js';

export class MountedDisk implements Disk, DiskProcess {
  isAlive = true;

  constructor(
    private readonly disk: DiskMedium,
    readonly enter: DiskProcess['enter'] = (action) => action(),
  ) {}

  open(path: string, flags: 'r' | 'wx' | 'a', mode: number): Promise<DiskFile> {
    const { tree } = this.disk;
    return this.do(flags === 'r' ? 'read' : 'name', path, () => {
      const node = flags === 'wx' ? tree.makeFile(path, mode) : this.existing(path, flags, mode);
      return new OpenNode(node, path, this.disk, this);
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.do('read', path, () => Buffer.from(this.disk.tree.file(path).content));
  }

  stat(path: string): Promise<DiskStats> {
    return this.do('read', path, () => statsOf(this.disk.tree.find(path)));
  }

  mkdir(path: string, mode?: number): Promise<void> {
    return this.do('name', path, () => void this.disk.tree.makeFolders(path, mode));
  }

  rename(from: string, to: string): Promise<void> {
    return this.do('name', to, () => this.disk.tree.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return this.do('name', to, () => this.disk.tree.link(from, to));
  }

  rm(path: string): Promise<void> {
    return this.do('name', path, () => {
      try {
        this.disk.tree.removeFile(path);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    });
  }

  async *names(path: string): AsyncGenerator<string> {
    const { tree, deps } = this.disk;
    yield* await this.do('read', path, () => deps.random.sample([...tree.folder(path).entries.keys()]));
  }

  realPath(path: string): string {
    this.disk.tree.find(path);
    return resolve(path);
  }

  lock(path: string, options: LockOptions): Promise<() => Promise<void>> {
    return takeLock(path, options, this.lockFolders());
  }

  isLocked(path: string, staleMs: number): Promise<boolean> {
    return isLocked(path, staleMs, this.lockFolders());
  }

  private existing(path: string, flags: 'r' | 'a', mode: number): MemoryNode {
    const { tree } = this.disk;
    if (flags === 'r') return tree.find(path);
    try {
      return tree.file(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return tree.makeFile(path, mode);
    }
  }

  private lockFolders(): LockFolders {
    const { tree, deps } = this.disk;
    return {
      make: (path) => this.do('name', path, () => void tree.makeFolder(path)),
      remove: (path) => this.do('name', path, () => tree.removeFolder(path)),
      touchedAt: (path) => this.do('read', path, () => tree.folder(path).mtimeMs),
      touch: (path) =>
        this.do('name', path, () => {
          const at = deps.clock.now();
          tree.folder(path).mtimeMs = at;
          return at;
        }),
      now: () => deps.clock.now(),
      scheduler: deps.scheduler,
    };
  }

  private do<T>(kind: DiskWork, path: string, act: () => T): Promise<T> {
    return this.disk.work(kind, path, this, act);
  }
}

class OpenNode implements DiskFile {
  private position = 0;

  constructor(
    private readonly node: MemoryNode,
    private readonly path: string,
    private readonly disk: DiskMedium,
    private readonly process: DiskProcess,
  ) {}

  read(buffer: Buffer, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }> {
    return this.do('read', () => {
      const from = position ?? this.position;
      const bytesRead = this.file.content.copy(buffer, offset, from, from + length);
      if (position === null) this.position += bytesRead;
      return { bytesRead };
    });
  }

  appendFile(text: string): Promise<void> {
    return this.writeFile(Buffer.from(text));
  }

  async writeFile(bytes: Buffer): Promise<void> {
    await this.writev([bytes]);
  }

  writev(parts: readonly Buffer[]): Promise<{ bytesWritten: number }> {
    const bytes = Buffer.concat(parts);
    const write = (count: number): void => {
      this.file.append(bytes.subarray(0, count));
      this.touch();
    };
    return this.do(
      'write',
      () => {
        write(bytes.length);
        return { bytesWritten: bytes.length };
      },
      // A disk that is full takes what there is room for.
      () => write(this.disk.deps.random.between(0, bytes.length)),
    );
  }

  truncate(length: number): Promise<void> {
    return this.do('write', () => {
      this.file.truncate(length);
      this.touch();
    });
  }

  chmod(mode: number): Promise<void> {
    return this.do('name', () => {
      this.node.mode = mode;
    });
  }

  stat(): Promise<DiskStats> {
    return this.do('read', () => statsOf(this.node));
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  sync(): Promise<void> {
    return this.do(
      'sync',
      () => this.node.sync(),
      () => {
        if (this.node instanceof MemoryFile && this.disk.deps.random.float() < 0.5) this.node.failSync();
      },
    );
  }

  /** Takes no time, and holds nothing. */
  async close(): Promise<void> {
    this.position = 0;
  }

  private get file(): MemoryFile {
    if (this.node instanceof MemoryFolder) throw diskError('EISDIR', this.path);
    return this.node;
  }

  private touch(): void {
    this.node.mtimeMs = this.disk.deps.clock.now();
  }

  private do<T>(kind: DiskWork, act: () => T, spoil?: () => void): Promise<T> {
    return this.disk.work(kind, this.path, this.process, act, spoil);
  }
}

function statsOf(node: MemoryNode): DiskStats {
  const { ino, size, mtimeMs, mode } = node;
  return { ino, size, mtimeMs, mode, isFile: () => node instanceof MemoryFile };
}
