/** Bytes of messages on the wire, with the 24 of a message's header. */
import { type BlockForm, missingBytes, payloadBytes, type SimBlock } from './block.js';

const HEADER = 24;

/** One header, announced after the block was connected. */
export const HEADERS_BYTES = HEADER + 82;
/** A request for one block. */
export const GETDATA_BYTES = HEADER + 37;
export const SENDCMPCT_BYTES = HEADER + 9;
/** A question for one block, with one hash in its locator. */
export const GETHEADERS_BYTES = HEADER + 69;
/** Ping or pong. */
export const PING_BYTES = HEADER + 8;

export function blockMessageBytes(block: SimBlock, form: BlockForm): number {
  return HEADER + payloadBytes(block, form);
}

/** A request for this many transactions of a block: differential indexes of up to 3 bytes. */
export function getblocktxnBytes(transactions: number): number {
  return HEADER + 33 + 3 * transactions;
}

export function blocktxnBytes(transactions: number): number {
  return HEADER + missingBytes(transactions);
}
