import { HEADER_SIZE } from '../block/x11.js';
import { Writer } from '../wire/writer.js';
import type { ChainBlock } from './chain.js';

/**
 * The payload of a `cmpctblock` (BIP 152) for a block with only a coinbase, which is prefilled, so that no short ids are needed.
 * @returns undefined for blocks with further transactions, and for a block that was not received
 */
export function compactBlock({ raw, transactions }: ChainBlock, nonce: bigint): Buffer | undefined {
  if (raw === undefined || transactions !== 1) return undefined;
  const coinbase = raw.subarray(HEADER_SIZE + 1);
  const shortIds = new Writer().compactSize(0);
  const prefilled = new Writer().compactSize(1).compactSize(0).bytes(coinbase);
  return Buffer.concat([
    new Writer().bytes(raw.subarray(0, HEADER_SIZE)).u64(nonce).finish(),
    shortIds.finish(),
    prefilled.finish(),
  ]);
}
