import { hashToWire } from '../wire/reader.js';
import type { ChainBlock } from './chain.js';

export const CHAINLOCK_SIGNATURE_BYTES = 96;

/**
 * A ChainLock as it is serialised: height, block hash, BLS signature. Source: Dash Core `chainlock/clsig.h`. There is no quorum here
 * that could sign: the signature is of the right size and says nothing.
 */
export function chainLockOf({ height, hash }: Pick<ChainBlock, 'height' | 'hash'>): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(height);
  return Buffer.concat([number, hashToWire(hash), Buffer.alloc(CHAINLOCK_SIGNATURE_BYTES)]);
}
