/**
 * A race summed up by what the peers are for the block: the signers of its ChainLock, the members of the other active quorums, and other
 * nodes. With 1,350 peers the groups are what can be seen at a glance.
 */
import type { PeerProof } from '../../contracts/events.js';
import { majorityOf, reachedMs } from '../../contracts/signers.js';

export const GROUPS = ['signers', 'members', 'others'] as const;
export type GroupName = (typeof GROUPS)[number];

/** When some of a block's peers had it. */
export interface Curve {
  readonly tried: number;
  /** Of them, those that have the block, already-had included. */
  readonly reached: number;
  readonly failed: number;
  /** When the block was proven at each of the reached, ms, ascending; 0 for a peer that had it before it was sent. */
  readonly times: readonly number[];
  readonly medianMs?: number;
  /** When so many of the tried had it that a ChainLock has its signatures; absent until then. */
  readonly majorityMs?: number;
  readonly lastMs?: number;
}

export interface RaceGroup extends Curve {
  readonly name: GroupName;
}

/** @returns undefined for the pool's own dashd, which has a row of its own */
export function groupOf({ protected: isOwn, role }: Pick<PeerProof, 'protected' | 'role'>): GroupName | undefined {
  if (isOwn) return undefined;
  if (role === undefined) return 'others';
  return role === 'signer' ? 'signers' : 'members';
}

/** Those with a peer, the signers first. */
export function raceGroups(proofs: readonly PeerProof[]): readonly RaceGroup[] {
  return GROUPS.map((name) =>
    groupFrom(
      name,
      proofs.filter((proof) => groupOf(proof) === name),
    ),
  ).filter(({ tried }) => tried > 0);
}

function groupFrom(name: GroupName, proofs: readonly PeerProof[]): RaceGroup {
  const failed = proofs.filter(({ status }) => status === 'failed').length;
  return {
    name,
    ...curveOf(
      proofs.flatMap((proof) => reachedMs(proof) ?? []),
      proofs.length,
      failed,
    ),
  };
}

/** @param reached when each of the peers that have the block had it, ms, in any order */
export function curveOf(reached: readonly number[], tried: number, failed: number): Curve {
  const times = reached.toSorted((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  const majority = majorityOf(times, tried);
  const last = times.at(-1);
  return {
    tried,
    reached: times.length,
    failed,
    times,
    ...(median !== undefined && { medianMs: median }),
    ...(majority !== undefined && { majorityMs: majority }),
    ...(last !== undefined && { lastMs: last }),
  };
}

/** In which forms a block was sent, over all peers; zeros where the relay did not report it. */
export interface FormCount {
  /** Sent whole, be it after a compact block. */
  readonly full: number;
  readonly compact: number;
  /** Peers that were sent more after their answer: transactions that they lacked, or the whole block. */
  readonly completed: number;
  /** Of the block, to all peers. */
  readonly bytes: number;
}

export function countForms(proofs: readonly PeerProof[]): FormCount {
  const count = (is: (proof: PeerProof) => boolean) => proofs.filter(is).length;
  return {
    full: count(({ form }) => form === 'full'),
    compact: count(({ form }) => form === 'compact'),
    completed: count(({ roundTrips = 0 }) => roundTrips > 0),
    bytes: proofs.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
  };
}
