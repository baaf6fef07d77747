import { nextTransaction, scanTransactions } from '../block/scan.js';
import { type Hash, hashFromWire, Malformed, Reader } from '../wire/reader.js';
import type { ChainBlock } from './chain.js';
import { blockTransactions } from './compact.js';

export interface MempoolEntry {
  readonly raw: Buffer;
  /** 32 bytes in wire order. */
  readonly txid: Buffer;
}

/** As Core's default `-maxmempool`, bytes; what would exceed it is refused. */
const MAX_BYTES = 300_000_000;

/** The unconfirmed transactions of a node. Nothing is checked but that they are transactions. Nodes may share one. */
export class Mempool implements Iterable<MempoolEntry> {
  private readonly entries = new Map<Hash, MempoolEntry>();
  private bytes = 0;

  get size(): number {
    return this.entries.size;
  }

  /** In display order, in the order in which they came. */
  get txids(): Hash[] {
    return [...this.entries.keys()];
  }

  [Symbol.iterator](): Iterator<MempoolEntry> {
    return this.entries.values();
  }

  has(txid: Hash): boolean {
    return this.entries.has(txid);
  }

  /** @returns the id in display order; undefined for bytes that are not one transaction, and when the mempool is full */
  add(bytes: Buffer): Hash | undefined {
    // A copy: the bytes may be part of a message.
    const entry = read(Buffer.from(bytes));
    return entry === undefined ? undefined : this.insert(entry);
  }

  /** @returns its id in display order; undefined when the mempool is full */
  insert(entry: MempoolEntry): Hash | undefined {
    const txid = hashFromWire(entry.txid);
    if (this.entries.has(txid)) return txid;
    if (this.bytes + entry.raw.length > MAX_BYTES) return undefined;
    this.entries.set(txid, entry);
    this.bytes += entry.raw.length;
    return txid;
  }

  /** Adds the transactions of a block, except its coinbase: as if they had been relayed before it was found. */
  addFrom(block: Buffer): void {
    for (const entry of entriesOf(block)) this.insert(entry);
  }

  /** Removes what blocks confirmed. */
  confirm(blocks: readonly ChainBlock[]): void {
    for (const { raw } of blocks) {
      if (raw === undefined || this.entries.size === 0) return;
      const scan = scanTransactions(raw);
      for (const txid of scan.ok ? scan.txids : []) this.remove(hashFromWire(txid));
    }
  }

  private remove(txid: Hash): void {
    this.bytes -= this.entries.get(txid)?.raw.length ?? 0;
    this.entries.delete(txid);
  }
}

/** The transactions of a block, except its coinbase; the mempools of several nodes can share them. */
export function entriesOf(block: Buffer): MempoolEntry[] {
  return blockTransactions(block)
    .slice(1)
    .flatMap((raw) => read(raw) ?? []);
}

function read(bytes: Buffer): MempoolEntry | undefined {
  const reader = new Reader(bytes);
  try {
    const entry = nextTransaction(reader);
    return reader.remaining === 0 ? entry : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
