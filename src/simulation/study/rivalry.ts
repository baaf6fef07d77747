/**
 * Two competing blocks, from the times of each alone. A node takes the block that reaches it first, and hands on that one. If ours reaches a
 * node first when alone, it reaches first all nodes on its way there as well: otherwise the rival's block could have gone on from one of
 * them. So the shares are those of both blocks in one network, as far as a hop takes the same time for either block;
 * `test/simulation/study/rivalry.test.ts` compares.
 */

import { MICROS_PER_MS, type Micros } from '../engine.js';
import { threshold } from '../network/chain-locks.js';
import type { Scenario } from '../scenario.js';
import type { ContenderResult } from './result.js';
import { mean } from './statistics.js';

export function headStartsOf({ rival }: Pick<Scenario, 'rival'>): Micros[] {
  return rival.headStartsMs.map((ms) => Math.round(ms * MICROS_PER_MS));
}

export class Rivalry {
  /** Of each head start, the share of signers in each run. */
  private readonly shares: readonly { readonly headStart: Micros; readonly won: number[]; locked: number }[];

  constructor(headStarts: readonly Micros[]) {
    this.shares = headStarts.map((headStart) => ({ headStart, won: [], locked: 0 }));
  }

  /** Of one run. @param won signers that were won, for each head start @param signers of the quorum */
  add(won: readonly number[], signers: number): void {
    for (const [index, entry] of this.shares.entries()) {
      const count = won[index] ?? 0;
      entry.won.push(count / signers);
      if (count >= threshold(signers)) entry.locked += 1;
    }
  }

  get results(): ContenderResult['race'] {
    return this.shares.map(({ headStart, won, locked }) => ({
      headStart,
      share: mean(won),
      tiesWon: locked / won.length,
    }));
  }
}

/** Signers that connect our block before the rival's, which starts earlier by the head start. */
export function signersWon(
  ours: readonly Micros[],
  theirs: readonly Micros[],
  signers: readonly number[],
  headStart: Micros,
): number {
  return signers.filter((id) => {
    const [mine, other] = [ours[id] ?? -1, theirs[id] ?? -1];
    return mine >= 0 && (other < 0 || mine + headStart < other);
  }).length;
}
