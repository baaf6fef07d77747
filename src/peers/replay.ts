/**
 * Replay of recorded blocks through the plain score and the learned one: of the peers that proved a block, whom would each have chosen
 * before it, by what earlier blocks had shown, and how long did these take? Peers of which nothing was recorded cannot be judged, so it
 * compares choices among those that were connected (the replay of Li et al., arXiv 1003.5956). Pure.
 *
 * A recording of the pool's own blocks has times of proofs, no announcements: it shows what those are worth, no more.
 */
import { keyOf, parseAddress } from './address.js';
import { newRecord, observe, type PeerRecord } from './record.js';
import { LEARNED_WEIGHTS, scoreTotal, WEIGHTS, type Weights } from './score.js';

/** A block, and how long each peer took to prove it, milliseconds. */
export interface RecordedBlock {
  /** Unix time, milliseconds. */
  readonly at: number;
  readonly peers: readonly { readonly peer: string; readonly proofMs: number }[];
}

/** Of the chosen peers, over all blocks that could be judged: mean times in milliseconds. */
export interface Chosen {
  /** Until the first of them had proved the block. */
  readonly firstMs: number;
  /** Mean of all of them. */
  readonly meanMs: number;
}

export interface Replay {
  /** Blocks with more than twice as many peers as are chosen, the first such block left out: nothing was known before it. */
  readonly blocks: number;
  readonly plain: Chosen;
  readonly learned: Chosen;
  /** All peers of the blocks: what a random choice has on average. */
  readonly allMs: number;
  /** Blocks in which the learned choice took longer on average than the plain one. */
  readonly lost: number;
}

/** One whose record needs no jitter. */
const NO_RANDOM = { float: () => 0, u64: () => 0n };

/** @param choose peers for each block. @returns undefined when no block can be judged */
export function replay(blocks: Iterable<RecordedBlock>, choose: number): Replay | undefined {
  const records = new Map<string, PeerRecord>();
  const sums = { plain: { firstMs: 0, meanMs: 0 }, learned: { firstMs: 0, meanMs: 0 }, allMs: 0, lost: 0 };
  let judged = 0;
  for (const { at, peers } of blocks) {
    const times = new Map(peers.map(({ peer, proofMs }) => [peer, proofMs]));
    if (times.size > 2 * choose && records.size > 0) {
      const plain = outcome(best(times.keys(), records, at, WEIGHTS, choose), times);
      const learned = outcome(best(times.keys(), records, at, LEARNED_WEIGHTS, choose), times);
      judged += 1;
      for (const [sum, one] of [
        [sums.plain, plain],
        [sums.learned, learned],
      ] as const) {
        sum.firstMs += one.firstMs;
        sum.meanMs += one.meanMs;
      }
      sums.allMs += mean([...times.values()]);
      if (learned.meanMs > plain.meanMs) sums.lost += 1;
    }
    for (const [peer, proofMs] of times) note(records, peer, proofMs, at);
  }
  if (judged === 0) return undefined;
  const over = ({ firstMs, meanMs }: Chosen): Chosen => ({ firstMs: firstMs / judged, meanMs: meanMs / judged });
  return {
    blocks: judged,
    plain: over(sums.plain),
    learned: over(sums.learned),
    allMs: sums.allMs / judged,
    lost: sums.lost,
  };
}

function note(records: Map<string, PeerRecord>, peer: string, proofMs: number, at: number): void {
  const address = parseAddress(peer);
  if (address === undefined) return;
  const before = records.get(peer) ?? newRecord(address, 'masternode', at);
  records.set(keyOf(address), observe(before, { kind: 'broadcast', status: 'acknowledged', proofMs }, at, NO_RANDOM));
}

/** Of equals, the first in the order of their names. */
function best(
  peers: Iterable<string>,
  records: ReadonlyMap<string, PeerRecord>,
  at: number,
  weights: Weights,
  count: number,
): readonly string[] {
  const scored = [...peers].map((peer) => {
    const record = records.get(peer);
    return { peer, score: record === undefined ? 0 : scoreTotal(record, at, weights) };
  });
  return scored
    .sort((a, b) => b.score - a.score || (a.peer < b.peer ? -1 : 1))
    .slice(0, count)
    .map(({ peer }) => peer);
}

function outcome(chosen: readonly string[], times: ReadonlyMap<string, number>): Chosen {
  const took = chosen.flatMap((peer) => times.get(peer) ?? []);
  return { firstMs: Math.min(...took), meanMs: mean(took) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
