import type { BlockVerdict } from '../../../contracts/events.js';
import type { Hash } from '../../../wire/reader.js';
import type { End } from '../observation.js';
import type { Invariant } from './invariant.js';

/** Judged when the run ends: its length is the time within which the relay must have recovered. */
export const recovers: Invariant = {
  name: 'recovers',
  rule: 'After the faults the relay has its peers, a new block reaches every node, and no block of the pool is unaccounted for',
  open() {
    /** The blocks of the pool's that were received, and the last verdict on each. */
    const verdicts = new Map<Hash, BlockVerdict | undefined>();
    return {
      received({ hash, source }) {
        if (source === 'pool') verdicts.set(hash, verdicts.get(hash));
        return undefined;
      },
      verdict(verdict) {
        if (verdict.source === 'pool') verdicts.set(verdict.hash, verdict);
        return undefined;
      },
      end: (seen) => strengthFault(seen) ?? blockFault(seen, verdicts),
    };
  },
};

function strengthFault({ last, live, wanted, dashdIsLive }: End): string | undefined {
  if (!dashdIsLive) return "the relay is not connected to the pool's own dashd";
  if (live < wanted) return `the relay has ${live} peers, ${wanted} are wanted`;
  return last.nodes < last.of ? `block ${last.hash} is the tip of ${last.nodes} nodes of ${last.of}` : undefined;
}

function blockFault({ last, known }: End, verdicts: ReadonlyMap<Hash, BlockVerdict | undefined>): string | undefined {
  for (const [hash, verdict] of verdicts) {
    if (verdict === undefined) return `block ${hash} was received, and has no verdict`;
    if (!known.has(hash) && !isGivenUp(verdict))
      return `block ${hash} is lost: no node has it; ${JSON.stringify(verdict)}`;
  }
  const final = verdicts.get(last.hash);
  return final?.outcome === 'delivered' ? undefined : `block ${last.hash} is not delivered: ${JSON.stringify(final)}`;
}

/** The pool was told that the block is of no use: dashd rejected it, or the chain had passed it before it could be sent. */
function isGivenUp({ outcome, reason }: BlockVerdict): boolean {
  return outcome === 'rejected' || reason?.startsWith('stale: ') === true;
}
