import { COMPACT_VERSION, MAX_HIGH_BANDWIDTH } from './dash-core.js';
import type { Peer } from './peer.js';

/**
 * The peers that a node asks to push compact blocks at once: those that last gave it a new tip. Source: Dash Core `net_processing.cpp`,
 * `MaybeSetPeerAsAnnouncingHeaderAndIDs`.
 */
export class HighBandwidthPeers {
  /** The one that is given up next comes first. */
  private chosen: Peer[] = [];

  has(peer: Peer): boolean {
    return this.chosen.includes(peer);
  }

  /** A peer gave the node a new tip. */
  choose(peer: Peer): void {
    if (!peer.providesCompact) return;
    if (this.has(peer)) {
      this.chosen = [...this.chosen.filter((other) => other !== peer), peer];
      return;
    }
    if (peer.inbound) this.spareLastOutbound();
    ask(peer, true);
    this.chosen.push(peer);
    const given = this.chosen.length > MAX_HIGH_BANDWIDTH ? this.chosen.shift() : undefined;
    if (given !== undefined) ask(given, false);
  }

  forget(peer: Peer): void {
    this.chosen = this.chosen.filter((other) => other !== peer);
  }

  /** The last peer that the node has dialled itself is not given up for one that dialled it. */
  private spareLastOutbound(): void {
    const [first, second, ...others] = this.chosen;
    const outbound = this.chosen.filter((peer) => !peer.inbound);
    if (this.chosen.length < MAX_HIGH_BANDWIDTH || outbound.length !== 1) return;
    if (first !== undefined && second !== undefined && !first.inbound) this.chosen = [second, first, ...others];
  }
}

function ask(peer: Peer, highBandwidth: boolean): void {
  peer.link.send({ command: 'sendcmpct', highBandwidth, version: COMPACT_VERSION });
}
