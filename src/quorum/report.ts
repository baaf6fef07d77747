/** How many members of the active quorums are connected. Pure: O(members + connections), a fraction of a millisecond for 1,600 and 1,350. */
import type { QuorumReport } from '../contracts/view.js';
import type { Hash } from '../wire/reader.js';
import type { QuorumView } from './active-quorums.js';
import { membershipsOf } from './roles.js';

export interface ConnectedNode {
  /** `host:port` */
  readonly peer: string;
  /** It has chosen us as a high-bandwidth peer. */
  readonly highBandwidth: boolean;
}

/** @param wanted connections to members, `quorum.maxPeers` */
export function quorumReport(view: QuorumView, connected: Iterable<ConnectedNode>, wanted: number): QuorumReport {
  const members = membershipsOf(view);
  /** Those that are connected, and whether they have chosen us. One with two connections counts once. */
  const here = new Map<Hash, boolean>();
  for (const { peer, highBandwidth } of connected) {
    const masternode = view.masternodeOf(peer);
    if (masternode !== undefined && members.has(masternode))
      here.set(masternode, highBandwidth || here.get(masternode) === true);
  }
  return {
    height: view.height,
    wanted,
    members: members.size,
    connected: here.size,
    quorums: view.quorums.map(({ hash, type, members: all }) => ({
      hash,
      type,
      signing: hash === view.signing,
      members: all.length,
      connected: all.filter(({ masternode }) => here.has(masternode)).length,
      highBandwidth: all.filter(({ masternode }) => here.get(masternode) === true).length,
    })),
  };
}
