/**
 * Which of the active quorums signs the ChainLock of a height. The hash of the block is not part of it, so the signers of the next block are
 * known before it is found. Source: DIP 8; Dash Core llmq/signing.cpp, SelectQuorumForSigning; tried against dashd 23.1.2 on regtest.
 */
import { sha256d } from '../block/merkle.js';

/** A quorum type as its number in the protocol; 2 is LLMQ_400_60, which signs ChainLocks on mainnet. Source: Dash Core llmq/params.h. */
export type QuorumType = number;

export const LLMQ_400_60: QuorumType = 2;

const PREFIX = Buffer.from('\u0005clsig', 'latin1');
const HEIGHT_BYTES = 4;

/** The id of the request to sign the ChainLock of a height, in internal byte order. @throws RangeError for a height that is no int32 */
export function chainLockRequestId(height: number): Buffer {
  const request = Buffer.alloc(PREFIX.length + HEIGHT_BYTES);
  PREFIX.copy(request);
  request.writeInt32LE(height, PREFIX.length);
  return sha256d(request);
}

/**
 * @param hashes of the quorums that are active 8 blocks below the height, 32 bytes each in internal byte order
 * @returns the index of the one that signs; −1 when there is none
 * @throws RangeError for a height that is no int32
 */
export function signingQuorum(type: QuorumType, hashes: readonly Uint8Array[], height: number): number {
  const requestId = chainLockRequestId(height);
  let lowest: Buffer | undefined;
  let signing = -1;
  for (const [index, hash] of hashes.entries()) {
    const score = sha256d(Buffer.concat([Uint8Array.of(type), hash, requestId]));
    // Bytewise, from the first: not as numbers, which are little-endian.
    if (lowest !== undefined && Buffer.compare(score, lowest) >= 0) continue;
    lowest = score;
    signing = index;
  }
  return signing;
}
