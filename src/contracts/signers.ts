/** How a block reached the quorum that signs its ChainLock. */
import type { PeerProof, SignersReached } from './events.js';

/** Of a quorum's members, those whose signatures a ChainLock needs: 240 of 400, 30 of 50. Source: DIP 6, Dash Core `llmq/params.h`. */
export const SIGNING_SHARE = 0.6;

/** When a block was proven at a peer, ms since its arrival: 0 where it was before it was sent; undefined where it is not known to be. */
export function reachedMs({ status, acknowledgedMs, acceptedMs }: PeerProof): number | undefined {
  if (status === 'already-had') return acknowledgedMs ?? acceptedMs ?? 0;
  return status === 'acknowledged' || status === 'accepted' ? (acknowledgedMs ?? acceptedMs) : undefined;
}

/**
 * @param times of those that have the block, ascending
 * @param tried how many were sent it
 * @returns when so many of them had it that a ChainLock would have its signatures; undefined until then
 */
export function majorityOf(times: readonly number[], tried: number): number | undefined {
  // Rounded: 0.6 times 5 is a little more than 3 in binary fractions.
  return tried === 0 ? undefined : times[Math.ceil(tried * SIGNING_SHARE - 1e-9) - 1];
}

/** @returns undefined when no peer was a signer. Peers that were sent the block late do not count: they had not connected, or lacked the parent */
export function signersReached(proofs: readonly PeerProof[]): SignersReached | undefined {
  const signers = proofs.filter(({ role, late }) => role === 'signer' && late !== true);
  if (signers.length === 0) return undefined;
  const times = signers.flatMap((proof) => reachedMs(proof) ?? []).sort((a, b) => a - b);
  const majority = majorityOf(times, signers.length);
  return { tried: signers.length, reached: times.length, ...(majority !== undefined && { majorityMs: majority }) };
}
