/**
 * Whether a witness is of use: what it announced, block by block, and when it is replaced. Pure. A replaced witness is not punished otherwise: it is
 * right to be slow.
 */
import type { Propagation, Sight, WitnessLoss } from '../contracts/propagation.js';
import { SECOND_MS } from '../time.js';

/** What is known of one witness since it was chosen. */
export interface Conduct {
  readonly counted: number;
  readonly early: number;
  readonly unseen: number;
  /** Announced blocks that neither dashd nor another peer knows. */
  readonly unknown: number;
  /** How often in a row, up to the last block. */
  readonly inARow: { readonly early: number; readonly unseen: number; readonly slow: number; readonly unknown: number };
}

/** A replacement for what a witness announced, and how often it did. */
export interface Misconduct {
  readonly code: Extract<WitnessLoss, 'unknown-blocks' | 'early' | 'silent' | 'slow'>;
  readonly count: number;
}

export const NEW_CONDUCT: Conduct = {
  counted: 0,
  early: 0,
  unseen: 0,
  unknown: 0,
  inARow: { early: 0, unseen: 0, slow: 0, unknown: 0 },
};

/** Blocks in a row. */
const MAX_IN_A_ROW = 3;
/** A node on a branch of its own announces a few such blocks. */
const MAX_UNKNOWN = 8;
/** After half of the witnesses had the block. */
export const SLOW_MS = 3 * SECOND_MS;

/** A block was judged: by {@link Sight}, beside what the others saw. */
export function afterBlock(conduct: Conduct, sight: Sight, propagation: Propagation): Conduct {
  const { inARow } = conduct;
  switch (sight.state) {
    case 'early':
      // When most were early the block went out another way first: a second relay, or the pool itself.
      return {
        ...conduct,
        early: conduct.early + 1,
        inARow: { ...inARow, early: next(inARow.early, !wereMostEarly(propagation)) },
      };
    case 'unseen':
      // Too few had it: the block did not spread.
      return {
        ...conduct,
        unseen: conduct.unseen + 1,
        inARow: { ...inARow, unseen: next(inARow.unseen, propagation.medianMs !== undefined) },
      };
    case 'counted': {
      const isSlow = propagation.medianMs !== undefined && (sight.seenMs ?? 0) - propagation.medianMs >= SLOW_MS;
      return {
        ...conduct,
        counted: conduct.counted + 1,
        inARow: { early: 0, unseen: 0, slow: isSlow ? inARow.slow + 1 : 0, unknown: 0 },
      };
    }
  }
}

/** It announced a block that nobody else knows. */
export function afterUnknown(conduct: Conduct): Conduct {
  return {
    ...conduct,
    unknown: conduct.unknown + 1,
    inARow: { ...conduct.inARow, unknown: conduct.inARow.unknown + 1 },
  };
}

/** Why the witness is to be replaced. @returns undefined while it is of use */
export function misconductOf({ inARow: { early, unseen, slow, unknown } }: Conduct): Misconduct | undefined {
  if (unknown >= MAX_UNKNOWN) return { code: 'unknown-blocks', count: unknown };
  if (early >= MAX_IN_A_ROW) return { code: 'early', count: early };
  if (unseen >= MAX_IN_A_ROW) return { code: 'silent', count: unseen };
  return slow >= MAX_IN_A_ROW ? { code: 'slow', count: slow } : undefined;
}

function next(count: number, counts: boolean): number {
  return counts ? count + 1 : count;
}

function wereMostEarly({ sights, witnesses }: Propagation): boolean {
  return 2 * witnesses <= sights.length;
}
