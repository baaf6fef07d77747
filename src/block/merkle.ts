import { hash } from 'node:crypto';

const HASH_SIZE = 32;

const inner = Buffer.alloc(HASH_SIZE);

/** Double SHA-256: 32 bytes in wire order. */
export function sha256d(bytes: Uint8Array): Buffer {
  const digest = Buffer.alloc(HASH_SIZE);
  writeSha256d(bytes, digest, 0);
  return digest;
}

/**
 * Double SHA-256, written into `target`. It uses "binary" (Latin-1) strings, since a block needs thousands: a digest as a buffer takes four
 * times as long, mostly to allocate and collect its ArrayBuffer.
 */
export function writeSha256d(bytes: Uint8Array, target: Buffer, offset: number): void {
  inner.write(hash('sha256', bytes, 'binary'), 'binary');
  target.write(hash('sha256', inner, 'binary'), offset, 'binary');
}

export interface Merkle {
  /** 32 bytes in wire order; all zero when there are no transactions. */
  readonly root: Buffer;
  /**
   * CVE-2012-2459: an odd level repeats its last hash, so a block that repeats its last transactions has the same root as the
   * block without them. Two equal neighbouring hashes reveal it; such a block is invalid although its root is right.
   */
  readonly mutated: boolean;
}

/**
 * The root of the merkle tree over transaction ids.
 * Source: Dash Core `src/consensus/merkle.cpp` ComputeMerkleRoot.
 * @param txids 32 bytes each, in wire order
 */
export function merkleRoot(txids: readonly Buffer[]): Merkle {
  // All levels share one buffer, since a parent is never written after its children; one spare slot for the repeated hash of an odd level.
  const level = Buffer.alloc(HASH_SIZE * (txids.length + 1));
  for (const [i, txid] of txids.entries()) level.set(txid, HASH_SIZE * i);
  let mutated = false;
  for (let count = txids.length; count > 1; count = Math.ceil(count / 2)) {
    const end = HASH_SIZE * count;
    level.copyWithin(end, end - HASH_SIZE, end);
    for (let left = 0; left < end; left += 2 * HASH_SIZE) {
      const right = left + HASH_SIZE;
      const next = right + HASH_SIZE;
      mutated ||= next <= end && level.compare(level, right, next, left, right) === 0;
      writeSha256d(level.subarray(left, next), level, left / 2);
    }
  }
  return { root: Buffer.from(level.subarray(0, HASH_SIZE)), mutated };
}
