import { hashToWire } from '../wire/reader.js';
import type { ChainBlock } from './chain.js';

export const CHAINLOCK_SIGNATURE_BYTES = 96;

/**
 * A serialised ChainLock: height, block hash, BLS signature. Source: Dash Core `chainlock/clsig.h`. The simulation has no quorums: the
 * signature has the right size and is all zeros.
 */
export function chainLockOf({ height, hash }: Pick<ChainBlock, 'height' | 'hash'>): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(height);
  return Buffer.concat([number, hashToWire(hash), Buffer.alloc(CHAINLOCK_SIGNATURE_BYTES)]);
}
