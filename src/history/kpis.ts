/** Key figures of the blocks in the history. The type (view.ts) defines each figure. */
import type { FinalityState, PeerProof, Verdict } from '../contracts/events.js';
import type { ChainLockTime, LockCount } from '../contracts/locks.js';
import type { Kpis } from '../contracts/view.js';

/** What a verdict contributes to the figures: computed once, so that thousands of blocks cost little. */
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

/** The part of a block that the figures use. */
export interface Counted {
  readonly figures: Figures | undefined;
  readonly state: FinalityState;
  /** Until half of the witnesses had it; see `Propagation`. */
  readonly networkMs: number | undefined;
  readonly chainLock?: ChainLockTime | undefined;
  /** Absent until dashd was asked. */
  readonly locks?: Pick<LockCount, 'delaying' | 'unknown'> | undefined;
}

export function kpisOf(blocks: Iterable<Counted>): Kpis {
  const finality: Record<FinalityState, number> = { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 };
  const broadcast = new Mean();
  const propagated = new Mean();
  const network = new Mean();
  const chainLocked = new Mean();
  let [count, judged, successes, reached, tried] = [0, 0, 0, 0, 0];
  let [looked, delayed] = [0, 0];
  for (const { figures, state, networkMs, chainLock, locks } of blocks) {
    count += 1;
    finality[state] += 1;
    network.add(networkMs);
    // When one was there at the latest is no measurement.
    if (chainLock?.seen === 'feed') chainLocked.add(chainLock.ms);
    if (locks !== undefined && locks.unknown === undefined) {
      looked += 1;
      if (locks.delaying > 0) delayed += 1;
    }
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
    ...network.as('networkPropagationMs'),
    ...chainLocked.as('chainLockMs'),
    ...ratio('delayedRate', delayed, looked),
    finality,
  };
}

/**
 * The time until 90 % of the pushed peers had proven the block. Peers that already had it do not count; peers that failed count as not
 * proven.
 * @returns milliseconds since the block's arrival; undefined when 90 % were not reached
 */
function propagation(peers: readonly PeerProof[]): number | undefined {
  const pushed = peers.filter(({ status, late }) => status !== 'already-had' && late !== true);
  const times = pushed.flatMap(({ acknowledgedMs, acceptedMs }) => acknowledgedMs ?? acceptedMs ?? []);
  // Integers until the division, so that an even result is exact.
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

/** Undefined when the divisor is 0. */
function ratio<Name extends string>(name: Name, part: number, whole: number): Partial<Record<Name, number>> {
  return (whole === 0 ? {} : { [name]: part / whole }) as Partial<Record<Name, number>>;
}
