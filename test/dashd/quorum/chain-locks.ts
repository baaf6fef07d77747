/** What a test asks of the quorums that sign ChainLocks: which one is to sign a height, and which one did. */
import { chainLockRequestId, signingQuorum } from '../../../src/quorum/signing-quorum.js';
import type { DashdProcess } from '../../../src/simulated/dashd-process.js';
import { type Hash, hashFromWire, hashToWire } from '../../../src/wire/reader.js';
import { eventually } from '../../contract/node-under-test.js';
import { LLMQ_TEST } from './dkg.js';

interface ChainLock {
  readonly blockhash: Hash;
  readonly height: number;
  readonly signature: string;
  readonly hex: string;
}

/** By our formula. @param quorums active for that height @throws Error when there are none */
export function predictedSigner(quorums: readonly Hash[], height: number): Hash {
  const signer = quorums[signingQuorum(LLMQ_TEST.type, quorums.map(hashToWire), height)];
  if (signer === undefined) throw new Error('no quorum is active');
  return signer;
}

/** By dashd, for any height, with the quorums that are active 8 blocks below its tip. */
export async function selectedSigner(dashd: DashdProcess, height: number): Promise<Hash> {
  const { quorumHash } = await dashd.rpc<{ quorumHash: Hash }>(
    'quorum',
    'selectquorum',
    LLMQ_TEST.type,
    requestIdOf(height),
  );
  return quorumHash;
}

/** Waits for a node to have the ChainLock of a block that is its tip. */
export function chainLockOf(node: DashdProcess, hash: Hash, patienceMs?: number): Promise<ChainLock> {
  return eventually(
    async () => {
      // Fails while the node has none at all.
      const best = await node.rpc<ChainLock>('getbestchainlock').catch(() => undefined);
      return best?.blockhash === hash ? best : undefined;
    },
    `the ChainLock of ${hash}`,
    patienceMs,
  );
}

/** Which of the quorums made a ChainLock: their keys differ. */
export async function signersOf(dashd: DashdProcess, lock: ChainLock, quorums: readonly Hash[]): Promise<Hash[]> {
  const verified = await Promise.all(
    quorums.map((quorum) =>
      dashd.rpc<boolean>(
        'quorum',
        'verify',
        LLMQ_TEST.type,
        requestIdOf(lock.height),
        lock.blockhash,
        lock.signature,
        quorum,
      ),
    ),
  );
  return quorums.filter((_, index) => verified[index]);
}

/** As dashd writes it. */
function requestIdOf(height: number): Hash {
  return hashFromWire(chainLockRequestId(height));
}
