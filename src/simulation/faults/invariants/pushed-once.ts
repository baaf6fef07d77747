/**
 * A second copy of a block costs the peer's link and ours, and proves nothing. It is due only when the peer asks for it, or when the peer
 * dropped the first for want of its parent: the chain in its answer did not have the block (docs/delivery.md, `not-in-chain`).
 */
import type { Hash } from '../../../wire/reader.js';
import type { Invariant } from './invariant.js';

/** How often a block may be sent unasked, with `not-in-chain` between. Source: session/limits.ts, `MAX_PUSHES_OF_A_BLOCK`. */
const MAX_PUSHES = 3;

/** One block over one connection. */
interface Delivery {
  pushed: number;
  /** Requests of the peer for it, and answers that its chain lacks it. */
  requested: number;
  lacked: number;
  /** The relay has told that the peer has it. */
  proven: boolean;
}

export const pushedOnce: Invariant = {
  name: 'pushed-once',
  rule: 'No peer is pushed a block twice over one connection, nor once its proof is out, unless it lacked the parent',
  open() {
    const connections = new Map<number, Map<Hash, Delivery>>();
    const byPeer = new Map<string, number>();

    function deliveryOf(connection: number | undefined, hash: Hash): Delivery | undefined {
      const deliveries = connections.get(connection ?? 0);
      if (deliveries === undefined) return undefined;
      const delivery = deliveries.get(hash) ?? { pushed: 0, requested: 0, lacked: 0, proven: false };
      deliveries.set(hash, delivery);
      return delivery;
    }

    return {
      dialled({ connection, peer }) {
        connections.set(connection, new Map());
        byPeer.set(peer, connection);
        return undefined;
      },
      closed({ connection, peer }) {
        connections.delete(connection);
        if (byPeer.get(peer) === connection) byPeer.delete(peer);
        return undefined;
      },
      requested({ connection, hash }) {
        const delivery = deliveryOf(connection, hash);
        if (delivery !== undefined) delivery.requested += 1;
        return undefined;
      },
      proof({ peer, hash, status, reason }) {
        const delivery = deliveryOf(byPeer.get(peer), hash);
        if (delivery === undefined) return undefined;
        if (status === 'failed' && reason === 'not-in-chain') delivery.lacked += 1;
        delivery.proven = status === 'accepted' || status === 'already-had';
        return undefined;
      },
      pushed({ connection, peer, hash }) {
        const delivery = deliveryOf(connection, hash);
        if (delivery === undefined) return `block ${hash} was written to ${peer} over a connection that is closed`;
        delivery.pushed += 1;
        return faultOf(delivery, hash, peer);
      },
    };
  },
};

function faultOf({ pushed, requested, lacked, proven }: Delivery, hash: Hash, peer: string): string | undefined {
  const unasked = pushed - requested;
  if (unasked <= 0) return undefined;
  if (proven) return `block ${hash} was pushed to ${peer}, which is proven to have it`;
  if (unasked <= Math.min(MAX_PUSHES, 1 + lacked)) return undefined;
  return `block ${hash} was pushed to ${peer} ${unasked} times over one connection`;
}
