/**
 * What is known of the locks of transactions, and what it means to the ChainLock of a block: contracts/locks.ts. A transaction that was
 * locked once stays locked.
 *
 * Bounds: {@link MAX_TRANSACTIONS} transactions, the oldest give way.
 */
import { BoundedMap } from '../common/bounded.js';
import { type LockCount, MAX_NAMED_TRANSACTIONS, SAFE_AFTER_MS, type UnlockedTransaction } from '../contracts/locks.js';
import type { Hash } from '../wire/reader.js';

/** Twice the largest mempool that dashd is asked about. */
const MAX_TRANSACTIONS = 10_000;

/** What is known of a transaction. */
export interface KnownLock {
  readonly locked: boolean;
  /** When dashd got it, ms since the epoch. */
  readonly seenAt?: number;
  /** It has no inputs, and so needs no lock. */
  readonly exempt?: true;
}

export class LockBook {
  private readonly known = new BoundedMap<Hash, KnownLock>(MAX_TRANSACTIONS);

  get(txid: Hash): KnownLock | undefined {
    return this.known.get(txid);
  }

  /** dashd was asked about the transaction. */
  learn(txid: Hash, locked: boolean): void {
    const before = this.known.get(txid);
    this.known.set(txid, { ...before, locked: locked || before?.locked === true });
  }

  /** @param at ms since the epoch */
  see(txid: Hash, at: number): void {
    const before = this.known.get(txid);
    if (before !== undefined) this.known.set(txid, { ...before, seenAt: at });
  }

  /** The transaction has no inputs. */
  exempt(txid: Hash): void {
    this.known.set(txid, { locked: false, exempt: true });
  }

  /** A book of its own with what is known of these. */
  excerpt(txids: readonly Hash[]): LockBook {
    const book = new LockBook();
    for (const txid of txids) {
      const known = this.known.get(txid);
      if (known !== undefined) book.known.set(txid, known);
    }
    return book;
  }

  /** Forgets all but these. */
  keep(txids: ReadonlySet<Hash>): void {
    for (const txid of this.known.keys()) if (!txids.has(txid)) this.known.delete(txid);
  }

  /** @param txids of a block or of a mempool @param now ms since the epoch */
  count(txids: readonly Hash[], now: number): LockCount {
    let [locked, aged, unchecked, exempt] = [0, 0, 0, 0];
    const delaying: UnlockedTransaction[] = [];
    for (const txid of txids) {
      const known = this.known.get(txid);
      if (known === undefined) unchecked += 1;
      else if (known.exempt === true) exempt += 1;
      else if (known.locked) locked += 1;
      else if (known.seenAt !== undefined && now - known.seenAt >= SAFE_AFTER_MS) aged += 1;
      else delaying.push({ txid, ...(known.seenAt !== undefined && { seenAt: known.seenAt }) });
    }
    // What no mempool had is known to the signers since the block came.
    const seenAt = (one: UnlockedTransaction): number => one.seenAt ?? now;
    delaying.sort((a, b) => seenAt(b) - seenAt(a));
    const [newest] = delaying;
    return {
      transactions: txids.length - exempt,
      locked,
      delaying: delaying.length,
      aged,
      unchecked,
      named: delaying.slice(0, MAX_NAMED_TRANSACTIONS),
      ...(newest !== undefined && { clearAt: seenAt(newest) + SAFE_AFTER_MS }),
    };
  }
}

/** A count of transactions of which nothing is known. */
export function uncounted(transactions: number, unknown: NonNullable<LockCount['unknown']>): LockCount {
  return { transactions, locked: 0, delaying: 0, aged: 0, unchecked: 0, named: [], unknown };
}
