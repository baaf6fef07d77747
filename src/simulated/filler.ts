import type { Hash } from '../wire/reader.js';
import { ANYONE_CAN_SPEND } from './build-coinbase.js';
import { encodeTransaction, txidOf } from './transaction.js';

/** An output that the first filler transaction spends. */
export interface Funding {
  readonly txid: Hash;
  readonly index: number;
  /** In duffs. */
  readonly value: bigint;
}

const OP_RETURN = 0x6a;
/** The length of a script of this size or more is encoded in three bytes, so that every transaction size can be met exactly. */
const LEAST_PADDING = 253;
const SMALLEST = encodeFiller({ txid: '0'.repeat(64), index: 0, value: 0n }, LEAST_PADDING).length;

/**
 * A chain of transactions, each spending the previous one, of exactly `bytes` in total; none when `bytes` is too small for one. They
 * are valid where `funding` is spendable, which simulated nodes do not check.
 * @param each size of one transaction, bytes
 */
export function fillerTransactions(bytes: number, each: number, funding: Funding): Buffer[] {
  const transactions: Buffer[] = [];
  let rest = bytes;
  let from = funding;
  while (rest >= SMALLEST) {
    const step = Math.max(each, SMALLEST);
    const size = rest - step >= SMALLEST ? step : rest;
    const raw = encodeFiller(from, LEAST_PADDING + size - SMALLEST);
    transactions.push(raw);
    from = { txid: txidOf(raw), index: 0, value: funding.value };
    rest -= size;
  }
  return transactions;
}

function encodeFiller(from: Funding, padding: number): Buffer {
  const data = Buffer.alloc(padding, OP_RETURN);
  return encodeTransaction({
    version: 2,
    inputs: [{ txid: from.txid, index: from.index, script: Buffer.alloc(0) }],
    outputs: [
      { value: from.value, script: ANYONE_CAN_SPEND },
      { value: 0n, script: data },
    ],
  });
}
