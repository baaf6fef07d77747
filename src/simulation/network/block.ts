/** A block as the network of coarse nodes sees it: sizes, not bytes. */

/** `full`: a `block` message. `compact`: a `cmpctblock` (BIP 152). */
export type BlockForm = 'full' | 'compact';

export interface SimBlock {
  /** Unique in a network. */
  readonly id: number;
  /** Counts the blocks since the network began anew: what is drawn for a block depends on it. */
  readonly nth: number;
  readonly height: number;
  /** Undefined for the block that all nodes start with. */
  readonly parent: SimBlock | undefined;
  /** Of the serialised block. */
  readonly bytes: number;
  /** Besides the coinbase, which a compact block carries. */
  readonly transactions: number;
}

/** A coinbase with its payload and a pool's payouts, and the header. With the next figure: blocks of 15 KB have 30 transactions, of 2 MB 5,500. */
const BYTES_BESIDES = 4_000;
const TRANSACTION_BYTES = 363;
/** Header, nonce, counts and a prefilled coinbase. */
const COMPACT_BYTES_BESIDES = 520;
/** Source: BIP 152. */
const SHORT_ID_BYTES = 6;

/** Transactions in a block of this size besides the coinbase. */
export function transactionsIn(bytes: number): number {
  return Math.max(0, Math.round((bytes - BYTES_BESIDES) / TRANSACTION_BYTES));
}

/** Payload of a block's message. */
export function payloadBytes({ bytes, transactions }: SimBlock, form: BlockForm): number {
  return form === 'full' ? bytes : Math.min(bytes, COMPACT_BYTES_BESIDES + SHORT_ID_BYTES * transactions);
}

/** Payload of a `blocktxn` message. */
export function missingBytes(transactions: number): number {
  return 33 + transactions * TRANSACTION_BYTES;
}
