/** Asks dashd what it does not have in the book: for a block and for the mempool alike. */
import type { LockBook } from '../../quorum/lock-book.js';
import { type Clock, MINUTE_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import { type Asked, type AskLocks, MAX_ASKED } from './ask-locks.js';

/** Calls of `getislocks` at a time: of a mempool with more transactions that are not locked, the rest waits for the next time. */
const MAX_CALLS = 10;
/** Transactions without a lock whose age is asked for at a time: two calls each. */
const MAX_AGES = 20;
/** Sporks change once in years. */
const SPORKS_EVERY_MS = 10 * MINUTE_MS;

export class LearnLocks {
  private sporks: { readonly at: number; readonly waits: Asked<boolean> } | undefined;

  constructor(
    private readonly ask: AskLocks,
    readonly book: LockBook,
    private readonly clock: Clock,
  ) {}

  /** Whether quorums wait for InstantSend locks. */
  async waits(): Promise<Asked<boolean>> {
    const now = this.clock.monotonic();
    if (this.sporks?.waits.ok === true && now - this.sporks.at < SPORKS_EVERY_MS) return this.sporks.waits;
    const waits = await this.ask.waits();
    this.sporks = { at: now, waits };
    return waits;
  }

  /** Brings the book up to date for these transactions. @returns what went wrong; undefined if nothing did */
  async learn(txids: readonly Hash[], book = this.book): Promise<Extract<Asked<never>, { ok: false }> | undefined> {
    const asked = txids.filter((txid) => !isSettled(book, txid)).slice(0, MAX_CALLS * MAX_ASKED);
    for (let from = 0; from < asked.length; from += MAX_ASKED) {
      const batch = asked.slice(from, from + MAX_ASKED);
      const answer = await this.ask.locked(batch);
      if (!answer.ok) return answer;
      for (const txid of batch) book.learn(txid, answer.value.has(txid));
    }
    const ageless = asked.filter((txid) => !isSettled(book, txid) && book.get(txid)?.seenAt === undefined);
    for (const txid of ageless.slice(0, MAX_AGES)) await this.learnAge(txid, book);
    return undefined;
  }

  private async learnAge(txid: Hash, book: LockBook): Promise<void> {
    if ((await this.ask.hasInputs(txid)) === false) {
      book.exempt(txid);
      return;
    }
    const seenAt = await this.ask.seenAt(txid);
    if (seenAt !== undefined) book.see(txid, seenAt);
  }
}

/** Locked for good, or in no need of a lock. */
function isSettled(book: LockBook, txid: Hash): boolean {
  const known = book.get(txid);
  return known !== undefined && (known.locked || known.exempt === true);
}
