/** What peers are for one block, and how many active quorums a masternode is a member of. Pure. */
import type { Hash } from '../wire/reader.js';
import type { QuorumView, Role } from './active-quorums.js';

/**
 * @param view as of any tip
 * @param previous the block's parent: the view knows the signers of a block upon its own tip alone, so members are no more than members for
 * any other block
 * @returns the role of a peer, `host:port`, for the block
 */
export function rolesFor(view: QuorumView | undefined, previous: Hash): (peer: string) => Role | undefined {
  if (view === undefined) return () => undefined;
  if (view.tip === previous) return (peer) => view.roleOf(peer);
  return (peer) => (view.roleOf(peer) === undefined ? undefined : 'member');
}

const COUNTED = new WeakMap<QuorumView, ReadonlyMap<Hash, number>>();

/** @returns the number of active quorums that each masternode is a member of; counted once for each view */
export function membershipsOf(view: QuorumView): ReadonlyMap<Hash, number> {
  const known = COUNTED.get(view);
  if (known !== undefined) return known;
  const counts = new Map<Hash, number>();
  for (const { members } of view.quorums)
    for (const { masternode } of members) counts.set(masternode, (counts.get(masternode) ?? 0) + 1);
  COUNTED.set(view, counts);
  return counts;
}

/** @returns how many members the quorum has that signs the block behind the tip; undefined without one */
export function signersOf({ quorums, signing }: QuorumView): number | undefined {
  return quorums.find(({ hash }) => hash === signing)?.members.length;
}
