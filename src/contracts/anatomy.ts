/**
 * What a block is made of, for the API and the page: read from its bytes in a worker thread, and completed with what dashd knows of it.
 * Amounts are whole duffs (1 DASH = 100,000,000 duffs); one that no coin supply allows is left out.
 */
import type { Hash } from '../wire/reader.js';

/** Whose share of the block reward an output is. `platform`: the credit pool's (OP_RETURN, since Core 20). */
export const SHARES = ['miner', 'masternode', 'superblock', 'platform'] as const;
export type Share = (typeof SHARES)[number];

/** An output of the coinbase. */
export interface Payee {
  /** Absent for a script that stands for no address. */
  readonly address?: string;
  readonly amount?: number;
  /** Absent where it is not known. */
  readonly share?: Share;
}

export interface CoinbaseAnatomy {
  /** What the script says in words: printable characters on one line, at most 100; empty when there are none. Foreign text. */
  readonly text: string;
  /** The script's first 100 bytes. */
  readonly script: string;
  /** The first of them, in the order of the coinbase. */
  readonly payees: readonly Payee[];
  /** How many there are. */
  readonly outputs: number;
  /** Of all outputs. */
  readonly amount?: number;
  /** The version of its payload (CbTx, DIP 4); absent when it has none. */
  readonly payloadVersion?: number;
}

/** The transactions of one type. */
export interface KindAnatomy {
  /** Dash's number: 0 for a payment. Source: DIP 2, Dash Core 23.1 `src/primitives/transaction.h` for 1 to 9; Core 24 adds 10 to 12. */
  readonly type: number;
  readonly count: number;
  readonly bytes: number;
  /** Of them, those whose payload the library cannot read: of a type or version that is newer than it. */
  readonly unreadable: number;
}

export interface BlockFees {
  readonly total: number;
  /** Of the fees: duffs per byte. */
  readonly lowestRate?: number;
  readonly meanRate?: number;
  readonly highestRate?: number;
}

/** What the bytes of a block say. */
export interface BlockContents {
  readonly size: number;
  readonly transactions: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Bytes of a transaction, the coinbase left out; absent when there is no other. */
  readonly sizes?: { readonly smallest: number; readonly median: number; readonly largest: number };
  /** Absent when the first transaction is none. */
  readonly coinbase?: CoinbaseAnatomy;
  /** By type, ascending; the rarest of more than 32 are left out. */
  readonly kinds: readonly KindAnatomy[];
  /** Where and why the block cannot be read to its end; what is before that is counted. */
  readonly malformed?: string;
}

export interface BlockAnatomy extends BlockContents {
  readonly hash: Hash;
  /** As dashd computed them; absent where it does not know them, as of an orphaned block that it never connected. */
  readonly fees?: BlockFees;
}

/**
 * `unknown-block`: it is not in the history. `no-bytes`: it is in the history, but neither the relay nor dashd has its bytes now. `busy`: too many
 * blocks wait to be read. `unreadable`: the thread that reads it ran out of time or memory, or failed.
 */
export type AnatomyFaultCode = 'unknown-block' | 'no-bytes' | 'busy' | 'unreadable';

export type AnatomyAnswer =
  | { readonly ok: true; readonly anatomy: BlockAnatomy }
  | { readonly ok: false; readonly code: AnatomyFaultCode; readonly reason?: string };
