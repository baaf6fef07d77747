import { HEADER_SIZE } from '../block/x11.js';
import { Writer } from '../wire/writer.js';
import type { ChainBlock } from './chain.js';

/**
 * The payload of a `cmpctblock` (BIP 152) for a block of a coinbase only: dashd sends that transaction in full, and there are
 * no others to be named by short ids. `undefined` for other blocks, and for one that is not there.
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
