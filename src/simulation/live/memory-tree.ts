/** The names of the memory disk: paths, and what changes them. Errors are those of POSIX. Paths are absolute, and no node is a link. */
import { basename, dirname, resolve } from 'node:path';
import { diskError } from './disk-error.js';
import { MemoryFile, MemoryFolder, type MemoryNode } from './memory-nodes.js';

const FOLDER_MODE = 0o755;

export class MemoryTree {
  readonly root: MemoryFolder;
  private nodes = 0;

  /** @param now Unix ms */
  constructor(private readonly now: () => number) {
    this.root = new MemoryFolder(0, FOLDER_MODE, now());
  }

  /** @throws `ENOENT`; `ENOTDIR` when a file stands where the path needs a folder */
  find(path: string): MemoryNode {
    const found = this.get(path);
    if (found === undefined) throw diskError('ENOENT', path);
    return found;
  }

  /** @throws `EISDIR` for a folder, and as {@link find} */
  file(path: string): MemoryFile {
    const found = this.find(path);
    if (found instanceof MemoryFolder) throw diskError('EISDIR', path);
    return found;
  }

  /** @throws `ENOTDIR` for a file, and as {@link find} */
  folder(path: string): MemoryFolder {
    const found = this.find(path);
    if (found instanceof MemoryFile) throw diskError('ENOTDIR', path);
    return found;
  }

  makeFile(path: string, mode: number): MemoryFile {
    return this.add(path, new MemoryFile(this.nextIno(), mode, this.now()));
  }

  makeFolder(path: string, mode = FOLDER_MODE): MemoryFolder {
    return this.add(path, new MemoryFolder(this.nextIno(), mode, this.now()));
  }

  /** With those above it. @returns the topmost that was made, if any */
  makeFolders(path: string, mode?: number): string | undefined {
    const found = this.get(path);
    if (found instanceof MemoryFile) throw diskError('EEXIST', path);
    if (found !== undefined) return undefined;
    const above = this.makeFolders(dirname(resolve(path)), mode);
    this.makeFolder(path, mode);
    return above ?? path;
  }

  /** As POSIX has it: nothing happens when both names lead to one file. */
  rename(from: string, to: string): void {
    const moved = this.find(from);
    const replaced = this.get(to);
    if (moved === replaced) return;
    if (replaced instanceof MemoryFolder) throw diskError(moved instanceof MemoryFolder ? 'ENOTEMPTY' : 'EISDIR', to);
    if (replaced !== undefined && moved instanceof MemoryFolder) throw diskError('ENOTDIR', to);
    const [source, target] = [this.folder(dirname(from)), this.folder(dirname(to))];
    if (source === target) {
      source.change([basename(from), undefined], [basename(to), moved]);
    } else {
      target.change([basename(to), moved]);
      source.change([basename(from), undefined]);
    }
  }

  link(from: string, to: string): void {
    this.add(to, this.file(from));
  }

  removeFile(path: string): void {
    this.file(path);
    this.folder(dirname(path)).change([basename(path), undefined]);
  }

  removeFolder(path: string): void {
    if (this.folder(path).entries.size > 0) throw diskError('ENOTEMPTY', path);
    this.folder(dirname(path)).change([basename(path), undefined]);
  }

  private add<Node extends MemoryNode>(path: string, node: Node): Node {
    const folder = this.folder(dirname(path));
    const name = basename(path);
    if (folder.entries.has(name)) throw diskError('EEXIST', path);
    folder.change([name, node]);
    folder.mtimeMs = this.now();
    return node;
  }

  private get(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.root;
    for (const name of resolve(path)
      .split('/')
      .filter((part) => part !== '')) {
      if (node instanceof MemoryFile) throw diskError('ENOTDIR', path);
      node = node?.entries.get(name);
    }
    return node;
  }

  private nextIno(): number {
    this.nodes += 1;
    return this.nodes;
  }
}
