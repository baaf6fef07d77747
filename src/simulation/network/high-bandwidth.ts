/**
 * The peers that a node has asked to announce blocks at once, as compact blocks: the three that last were the first to deliver one. One of
 * them stays outbound if there is any, so that inbound peers alone cannot decide what a node hears first.
 * Source: BIP 152; Dash Core net_processing.cpp, MaybeSetPeerAsAnnouncingHeaderAndIDs.
 */
export const MAX_CHOSEN = 3;

export interface Choosable {
  readonly isInbound: boolean;
}

/**
 * Moves a peer that delivered a block first to the end of the list.
 * @returns what changed: whom to ask, and whom to tell that it is not needed any more
 */
export function choose<P extends Choosable>(chosen: P[], peer: P): { readonly added?: P; readonly dropped?: P } {
  const at = chosen.indexOf(peer);
  if (at >= 0) {
    chosen.splice(at, 1);
    chosen.push(peer);
    return {};
  }
  const dropped = chosen.length < MAX_CHOSEN ? undefined : chosen.splice(placeToDrop(chosen, peer), 1)[0];
  chosen.push(peer);
  return { added: peer, ...(dropped !== undefined && { dropped }) };
}

function placeToDrop(chosen: readonly Choosable[], peer: Choosable): number {
  const outbound = chosen.filter(({ isInbound }) => !isInbound).length;
  return peer.isInbound && outbound === 1 && chosen[0]?.isInbound === false ? 1 : 0;
}
