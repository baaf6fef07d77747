/** Blocks as series for the charts, oldest first. */
import type { BlockSummary } from '../../contracts/api.js';

export interface Series {
  /** The blocks that the columns are of: those with a verdict. */
  readonly blocks: readonly BlockSummary[];
  readonly index: readonly number[];
  readonly first: readonly (number | null)[];
  readonly median: readonly (number | null)[];
  readonly last: readonly (number | null)[];
  /** Peers that had the block in the end, those that did not, and all, per block. */
  readonly reached: readonly number[];
  readonly missed: readonly number[];
  readonly tried: readonly number[];
  /** Whether its verdict was a success. */
  readonly success: readonly boolean[];
}

/** @param newestFirst blocks as the API lists them @param most the newest so many, so that columns stay wide enough to be seen */
export function seriesOf(newestFirst: readonly BlockSummary[], most: number): Series {
  const blocks = newestFirst
    .filter(({ verdict }) => verdict !== undefined)
    .slice(0, most)
    .reverse();
  const verdicts = blocks.flatMap(({ verdict }) => verdict ?? []);
  return {
    blocks,
    index: blocks.map((_block, index) => index),
    first: verdicts.map(({ firstMs }) => firstMs ?? null),
    median: verdicts.map(({ medianMs }) => medianMs ?? null),
    last: verdicts.map(({ lastMs }) => lastMs ?? null),
    reached: verdicts.map(({ peersReached }) => peersReached),
    missed: verdicts.map(({ peersReached, peersTried }) => peersTried - peersReached),
    tried: verdicts.map(({ peersTried }) => peersTried),
    success: verdicts.map(({ success }) => success),
  };
}
