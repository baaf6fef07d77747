/**
 * What delays the ChainLock of a block, and what the relay did for it. The members of a quorum sign a block only if each of its transactions
 * that has inputs is InstantSend-locked, or was known to them for ten minutes (Dash Core `chainlock/signing.cpp`, TrySignChainTip; the same
 * holds for its last five ancestors without a ChainLock). They look when the tip changes, and every 5 s.
 */
import { MINUTE_MS } from '../time.js';
import type { Hash } from '../wire/reader.js';
import type { LOCK_KINDS, LOCKS_SEEN, LOCKS_UNKNOWN } from './codes.js';

/** How long a signer waits for the lock of a transaction, ms. Source: Dash Core `chainlock/handler.cpp`, WAIT_FOR_ISLOCK_TIMEOUT. */
export const SAFE_AFTER_MS = 10 * MINUTE_MS;

/** Transactions that are named in a count; the others are counted. */
export const MAX_NAMED_TRANSACTIONS = 20;

export interface UnlockedTransaction {
  readonly txid: Hash;
  /** When dashd got it, ms since the epoch; absent where it was in no mempool that the relay has seen: the block itself brought it. */
  readonly seenAt?: number;
}

/** How many transactions are not InstantSend-locked, according to the pool's own dashd. */
export interface LockCount {
  /** Those that need a lock: with inputs, and not the coinbase. */
  readonly transactions: number;
  readonly locked: number;
  /** Neither locked nor known to dashd for ten minutes: no signer signs a block with one of them. */
  readonly delaying: number;
  /** Not locked, and known to dashd for ten minutes: they delay a ChainLock only at signers that got them later. */
  readonly aged: number;
  /** dashd was not asked about them: they are more than are asked about at a time. */
  readonly unchecked: number;
  /** Of the delaying ones, the newest first, at most {@link MAX_NAMED_TRANSACTIONS}. */
  readonly named: readonly UnlockedTransaction[];
  /** When the last of the delaying ones will be ten minutes old, ms since the epoch: from then on nothing in the block delays its ChainLock. */
  readonly clearAt?: number;
  /** Set when nothing could be counted; the numbers other than `transactions` are 0 then. */
  readonly unknown?: (typeof LOCKS_UNKNOWN)[number];
}

/**
 * Of a block of the pool's, once dashd has it. Published once, and once more if the first time nothing could be counted.
 * A block in which nothing delays has `delaying` 0.
 */
export interface BlockLocks extends LockCount {
  readonly type: 'locks';
  readonly at: number;
  readonly hash: Hash;
  readonly height?: number;
}

/**
 * Of dashd's mempool: what would delay the ChainLock of the next block. dashd's own `getblocktemplate` leaves the delaying ones out; a pool
 * that chooses transactions itself may include them. Emitted when the count or the named transactions change.
 */
export interface LockForecastEvent extends LockCount {
  readonly type: 'lock-forecast';
  readonly at: number;
}

/** Locks of a block of the pool's, all of them verified by dashd, were sent to the peers that lacked them. */
export interface LocksRelayed {
  readonly type: 'locks-relayed';
  readonly at: number;
  readonly hash: Hash;
  readonly height?: number;
  readonly kind: (typeof LOCK_KINDS)[number];
  /** Messages for each peer: 1 for a ChainLock. */
  readonly locks: number;
  /** Peers that they were sent to. */
  readonly sent: number;
  /** Peers that had announced the ChainLock by then. */
  readonly had: number;
  /** Peers that are not proven to have the block: to one that has not, an unknown lock could look like a false one. */
  readonly unproven: number;
  /** Since the block's arrival, ms. */
  readonly afterMs: number;
}

/** When a block of the pool's was ChainLocked, as the pool's own dashd saw it. */
export interface ChainLockTime {
  /** Since the block's arrival: it is pushed in the same turn of the event loop. */
  readonly ms: number;
  /** Since dashd had the block as its tip; absent where that was not seen. */
  readonly sinceTipMs?: number;
  /** `feed`: dashd announced it. `asked`: the relay asked, at most every 15 s, so the ChainLock was there by then: the figures keep these out. */
  readonly seen: (typeof LOCKS_SEEN)[number];
}

/** Messages `clsig` and `isdlock` from peers since the start. None is read: dashd alone says what is locked. */
export interface IgnoredLocks {
  readonly clsig: number;
  readonly isdlock: number;
}
