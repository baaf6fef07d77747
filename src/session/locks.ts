/**
 * The ChainLock and the InstantSend locks of a block of the pool's, which dashd has verified. A peer gets them only if it is proven to have
 * the block: it has the chain then by which it can verify them, so they cost no misbehaviour points (decision 22).
 */
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import type { Output, SessionState } from './types.js';

/** Messages for each peer that lacks them, one buffer for all peers. */
export interface LocksPush {
  readonly block: Hash;
  readonly frame: Buffer;
  /** The hash by which peers announce it (`inv`); absent for locks that they do not announce to us. */
  readonly inventory?: Hash;
}

/** What a peer needs: the locks, nothing as it announced them, nothing as it may not be able to verify them, nothing as it is not connected. */
export type LocksNeed = 'lacks' | 'has' | 'unproven' | 'away';

/** Announced ChainLocks that are remembered: a peer announces one for each block. */
const MAX_ANNOUNCED_LOCKS = 4;

export function needOf({ phase, knows, pushes, chainLocks }: SessionState, locks: LocksPush): LocksNeed {
  if (phase.name !== 'ready') return 'away';
  if (locks.inventory !== undefined && chainLocks.includes(locks.inventory)) return 'has';
  // It has processed the block, and stands on another one: the ChainLock makes it change over.
  const isBeside = pushes.some(
    ({ hash, stage, answer }) =>
      hash === locks.block && stage === 'acknowledged' && (answer === 'rival' || answer === 'passed'),
  );
  return isBeside || knows.has(locks.block) ? 'lacks' : 'unproven';
}

/** Remembers the last ChainLocks that the peer announces. They are only compared with those of dashd. */
export function onAnnouncedLocks(
  [state, outputs]: [SessionState, Output[]],
  items: readonly InventoryItem[],
): [SessionState, Output[]] {
  const announced: Hash[] = [];
  for (let at = items.length - 1; at >= 0 && announced.length < MAX_ANNOUNCED_LOCKS; at -= 1) {
    const item = items[at];
    if (item?.type === INV.clsig) announced.push(item.hash);
  }
  if (announced.length === 0) return [state, outputs];
  const chainLocks = [...state.chainLocks, ...announced.reverse()].slice(-MAX_ANNOUNCED_LOCKS);
  return [{ ...state, chainLocks }, outputs];
}
