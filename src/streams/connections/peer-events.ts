import type { PeerEvent } from '../../contracts/events.js';
import type { PeerNews } from './connections.js';

/** The events of the relay that a connection's event gives: a peer connected, or was lost. The others are for other streams. */
export function peerEvents({ target, at, event }: PeerNews): PeerEvent[] {
  const { peer, protected: isProtected } = target;
  const member = target.quorum === true && { quorum: target.quorum };
  switch (event.type) {
    case 'ready': {
      const { userAgent, height, protocolVersion } = event.remote;
      return [
        { type: 'peer-connected', at, peer, protected: isProtected, ...member, userAgent, height, protocolVersion },
      ];
    }
    case 'lost': {
      const { fault, wasReady, bytesIn, bytesOut } = event;
      const { code, detail: reason } = fault;
      return [
        { type: 'peer-lost', at, peer, protected: isProtected, ...member, code, reason, wasReady, bytesIn, bytesOut },
      ];
    }
    default:
      return [];
  }
}
