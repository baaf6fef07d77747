/** What is on the disk of a run: read past the relay, at no time. */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import { hashOfName, MAX_HEAD_BYTES, parseEntry } from '../../history/spool-entry.js';
import type { Hash } from '../../wire/reader.js';
import type { MemoryDisk } from '../live/memory-disk.js';
import { MemoryFile, MemoryFolder, type MemoryNode } from '../live/memory-nodes.js';

/** The blocks whose files in the spool are whole. */
export function spooledBlocks(disk: Pick<MemoryDisk, 'tree'>, spool: string): ReadonlySet<Hash> {
  const hashes = new Set<Hash>();
  for (const [name, node] of folderAt(disk, spool)?.entries ?? []) {
    const hash = hashOfName(name);
    if (hash !== undefined && node instanceof MemoryFile && isWhole(hash, node.content)) hashes.add(hash);
  }
  return hashes;
}

function isWhole(hash: Hash, content: Buffer): boolean {
  const head = parseEntry(hash, content.subarray(0, MAX_HEAD_BYTES), content.length);
  if (!head.ok) return false;
  const block = content.subarray(head.headBytes);
  return block.length === head.entry.size && hashHeader(block.subarray(0, HEADER_SIZE)) === hash;
}

/** Files in all folders. */
export function countFiles(node: MemoryNode): number {
  if (node instanceof MemoryFile) return 1;
  let files = 0;
  for (const inner of node.entries.values()) files += countFiles(inner);
  return files;
}

function folderAt({ tree }: Pick<MemoryDisk, 'tree'>, path: string): MemoryFolder | undefined {
  let node: MemoryNode | undefined = tree.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    node = node instanceof MemoryFolder ? node.entries.get(name) : undefined;
  }
  return node instanceof MemoryFolder ? node : undefined;
}
