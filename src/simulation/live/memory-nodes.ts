/**
 * Files and folders of the memory disk: what processes see of them, and what a loss of power leaves. POSIX promises the bytes of a file
 * after its `fsync`, and a name after the `fsync` of its folder; of everything since then any part may be on the disk. So each node
 * records what was done since its last sync, and draws what is left of that.
 */
import type { RunRandom } from '../random.js';

export type MemoryNode = MemoryFile | MemoryFolder;

/** Bytes appended, or the bytes that a truncation cut off. */
type Unsynced = { readonly added: number } | { readonly cut: Buffer };

export class MemoryFile {
  private bytes = Buffer.alloc(0);
  private length = 0;
  /** In order. */
  private unsynced: Unsynced[] = [];
  /** Ranges that a failed sync took for written: Linux keeps their bytes in memory, and writes them no more. */
  private lost: { readonly from: number; readonly to: number }[] = [];

  constructor(
    readonly ino: number,
    public mode: number,
    public mtimeMs: number,
  ) {}

  get size(): number {
    return this.length;
  }

  /** The content, in memory that is still used. */
  get content(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  append(part: Buffer): void {
    const length = this.length + part.length;
    if (length > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.bytes.length));
      this.content.copy(larger);
      this.bytes = larger;
    }
    part.copy(this.bytes, this.length);
    this.length = length;
    this.unsynced.push({ added: part.length });
  }

  truncate(length: number): void {
    if (length > this.length) {
      this.append(Buffer.alloc(length - this.length));
      return;
    }
    this.unsynced.push({ cut: Buffer.from(this.content.subarray(length)) });
    this.length = length;
    this.lost = this.lost
      .map(({ from, to }) => ({ from, to: Math.min(to, length) }))
      .filter(({ from, to }) => from < to);
  }

  sync(): void {
    this.unsynced = [];
  }

  /** The kernel reports an error once. What it could not write counts as written from then on, and is not on the disk. */
  failSync(): void {
    let at = this.length;
    for (const done of this.unsynced.toReversed()) {
      if ('cut' in done) break;
      this.lost.push({ from: at - done.added, to: at });
      at -= done.added;
    }
    this.unsynced = [];
  }

  /** Keeps the first part of what was not synced: of an append some bytes, or its length with zeros in place of its last bytes. */
  losePower(random: RunRandom): void {
    const kept = random.between(0, this.unsynced.length);
    for (const [index, done] of [...this.unsynced.entries()].reverse()) {
      if (index >= kept) this.undo(done, index === kept ? random : undefined);
    }
    this.unsynced = [];
    for (const { from, to } of this.lost) this.bytes.fill(0, from, Math.min(to, this.length));
    this.lost = [];
  }

  /** @param random draws how much of an append is left; none of it without */
  private undo(done: Unsynced, random?: RunRandom): void {
    if ('cut' in done) {
      done.cut.copy(this.bytes, this.length);
      this.length += done.cut.length;
      return;
    }
    const start = this.length - done.added;
    const left = random === undefined ? 0 : random.between(0, done.added);
    if (random !== undefined && random.float() < 0.25) this.bytes.fill(0, start + left, this.length);
    else this.length = start + left;
  }
}

/** What happens to names at once: a rename takes one away and sets another. */
type NameChange = readonly (readonly [name: string, node: MemoryNode | undefined])[];

export class MemoryFolder {
  readonly entries = new Map<string, MemoryNode>();
  /** The entries as of the last sync. */
  private readonly durable = new Map<string, MemoryNode>();
  /** In order. */
  private unsynced: NameChange[] = [];

  constructor(
    readonly ino: number,
    public mode: number,
    public mtimeMs: number,
  ) {}

  /** Bytes that the system shows; nobody relies on them. */
  readonly size = 4_096;

  /** @param change a name with no node is taken away */
  change(...change: NameChange): void {
    apply(change, this.entries);
    this.unsynced.push(change);
  }

  sync(): void {
    for (const change of this.unsynced) apply(change, this.durable);
    this.unsynced = [];
  }

  /**
   * Keeps the changes of names up to one of them, as a file system with a journal does, or any of them. Then the same with all that is
   * in the folder.
   */
  losePower(random: RunRandom): void {
    const isJournalled = random.float() < 0.5;
    const upTo = random.between(0, this.unsynced.length);
    const kept = this.unsynced.filter((_, index) => (isJournalled ? index < upTo : random.float() < 0.5));
    for (const change of kept) apply(change, this.durable);
    this.unsynced = [];
    this.entries.clear();
    for (const [name, node] of this.durable) this.entries.set(name, node);
    for (const node of this.entries.values()) node.losePower(random);
  }
}

function apply(change: NameChange, entries: Map<string, MemoryNode>): void {
  for (const [name, node] of change) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
}
