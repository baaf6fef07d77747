import type { PeerCounts, PeerView } from '../../src/contracts/view.js';

/** What `RelayView.counts` says of these peers. */
export function countsOf(peers: readonly Pick<PeerView, 'state' | 'protected' | 'highBandwidth'>[]): PeerCounts {
  const connected = peers.filter(({ state }) => state === 'connected');
  return {
    connected: connected.length,
    connecting: peers.length - connected.length,
    dashd: connected.some((peer) => peer.protected),
    highBandwidth: connected.filter(({ highBandwidth }) => highBandwidth === true).length,
    tor: 0,
  };
}
