import type { PeerEvent } from '../../contracts/events.js';
import type { PeerNews } from './connections.js';

/** What operators are told of a peer: that it came, that it went. The rest of a session's events are for other streams. */
export function peerEvents({ target, at, event }: PeerNews): PeerEvent[] {
  const { peer, protected: isProtected } = target;
  switch (event.type) {
    case 'ready': {
      const { userAgent, height, protocolVersion } = event.remote;
      return [{ type: 'peer-connected', at, peer, protected: isProtected, userAgent, height, protocolVersion }];
    }
    case 'lost': {
      const { fault, wasReady, bytesIn, bytesOut } = event;
      const { code, detail: reason } = fault;
      return [{ type: 'peer-lost', at, peer, protected: isProtected, code, reason, wasReady, bytesIn, bytesOut }];
    }
    default:
      return [];
  }
}
