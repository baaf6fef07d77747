/** What a pool operator is measured by, from the blocks of the history. What each figure is stands with its type (view.ts). */
import type { FinalityState, PeerProof, Verdict } from '../contracts/events.js';
import type { Kpis } from '../contracts/view.js';

/** What a verdict adds to the figures: taken once, so that looking at thousands of blocks costs little. */
export interface Figures {
  readonly success: boolean;
  readonly reached: number;
  readonly tried: number;
  readonly medianMs: number | undefined;
  readonly propagationMs: number | undefined;
}

export function figuresOf(verdict: Verdict): Figures {
  return {
    success: verdict.success,
    reached: verdict.peersReached,
    tried: verdict.peersTried,
    medianMs: verdict.medianMs,
    propagationMs: propagation(verdict.peers),
  };
}

/** A block, as far as the figures are concerned. */
export interface Counted {
  readonly figures: Figures | undefined;
  readonly state: FinalityState;
}

export function kpisOf(blocks: Iterable<Counted>): Kpis {
  const finality: Record<FinalityState, number> = { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 };
  const broadcast = new Mean();
  const propagated = new Mean();
  let [count, judged, successes, reached, tried] = [0, 0, 0, 0, 0];
  for (const { figures, state } of blocks) {
    count += 1;
    finality[state] += 1;
    if (figures === undefined) continue;
    judged += 1;
    if (figures.success) successes += 1;
    reached += figures.reached;
    tried += figures.tried;
    broadcast.add(figures.medianMs);
    propagated.add(figures.propagationMs);
  }
  return {
    blocks: count,
    ...ratio('successRate', successes, judged),
    ...broadcast.as('averageBroadcastMs'),
    ...ratio('peerAvailability', reached, tried),
    ...ratio('orphanRate', finality.orphaned, finality.orphaned + finality.chainlocked + finality.buried),
    ...propagated.as('propagationMs'),
    finality,
  };
}

/**
 * When nine of ten peers that were pushed to had proven the block. Who had it before was not waited for, so he counts on
 * neither side; who failed counts as one that has not proven it.
 * @returns milliseconds from the block's arrival; undefined when it never came to that
 */
function propagation(peers: readonly PeerProof[]): number | undefined {
  const pushed = peers.filter(({ status, late }) => status !== 'already-had' && late !== true);
  const times = pushed.flatMap(({ acknowledgedMs, acceptedMs }) => acknowledgedMs ?? acceptedMs ?? []);
  // Whole numbers until the division, which is then exact where it comes out even.
  const enough = Math.ceil((pushed.length * 9) / 10);
  return enough === 0 ? undefined : times.sort((a, b) => a - b)[enough - 1];
}

class Mean {
  private sum = 0;
  private count = 0;

  add(value: number | undefined): void {
    if (value === undefined) return;
    this.sum += value;
    this.count += 1;
  }

  as<Name extends string>(name: Name): Partial<Record<Name, number>> {
    return ratio(name, this.sum, this.count);
  }
}

/** Nothing, where there is nothing to divide by. */
function ratio<Name extends string>(name: Name, part: number, whole: number): Partial<Record<Name, number>> {
  return (whole === 0 ? {} : { [name]: part / whole }) as Partial<Record<Name, number>>;
}
