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
    const orphaned = new Set<Hash>();
    let isCrash = false;
    return {
      relay({ state }) {
        isCrash = state === 'killed' || state === 'power-lost';
        return undefined;
      },
      spooled({ hashes }) {
        // What no file survived of is forgotten; whether it was promised to survive is another rule's.
        for (const [hash, verdict] of isCrash ? verdicts : []) {
          if (verdict === undefined && !hashes.has(hash)) verdicts.delete(hash);
        }
        return undefined;
      },
      received({ hash, source }) {
        if (source === 'pool') verdicts.set(hash, verdicts.get(hash));
        return undefined;
      },
      verdict(verdict) {
        if (verdict.source === 'pool') verdicts.set(verdict.hash, verdict);
        return undefined;
      },
      finality({ hash, state }) {
        if (state === 'orphaned') orphaned.add(hash);
        return undefined;
      },
      end: (seen) => strengthFault(seen) ?? verdictFault(seen, verdicts) ?? lossFault(seen, verdicts, orphaned),
    };
  },
};

function strengthFault({ last, live, wanted, dashdIsLive }: End): string | undefined {
  if (!dashdIsLive) return "the relay is not connected to the pool's own dashd";
  if (live < wanted) return `the relay has ${live} peers, ${wanted} are wanted`;
  return last.nodes < last.of ? `block ${last.hash} is the tip of ${last.nodes} nodes of ${last.of}` : undefined;
}

function verdictFault({ last }: End, verdicts: Verdicts): string | undefined {
  for (const [hash, verdict] of verdicts) {
    if (verdict === undefined) return `block ${hash} was received, and has no verdict`;
  }
  const final = verdicts.get(last.hash);
  return final?.outcome === 'delivered' ? undefined : `block ${last.hash} is not delivered: ${JSON.stringify(final)}`;
}

/** A block that no node has is still in the spool, unless the pool was told that it is of no use. */
function lossFault({ known, kept }: End, verdicts: Verdicts, orphaned: ReadonlySet<Hash>): string | undefined {
  for (const [hash, verdict] of verdicts) {
    if (!known.has(hash) && !kept.has(hash) && !orphaned.has(hash) && verdict?.outcome !== 'rejected')
      return `block ${hash} is lost: no node has it, nor the spool; ${JSON.stringify(verdict)}`;
  }
  return undefined;
}

type Verdicts = ReadonlyMap<Hash, BlockVerdict | undefined>;
