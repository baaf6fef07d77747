/**
 * `GET /broadcaster_status`: the data of p2pool-dash's status page (`web-static/dashboard.html`, `get_network_status` in
 * `p2pool/dash/broadcaster.py`), so that the page keeps working with blockcast. Names and units are p2pool-dash's: Unix seconds, per
 * cent. Figures that blockcast does not have (relayed transactions, peers waiting for a retry) are left out.
 */

import type { PeerView, RelayView } from '../../contracts/view.js';
import { SECOND_MS } from '../../time.js';
import type { Readiness, Tallies } from '../status.js';

export interface BroadcasterStatus {
  readonly enabled: boolean;
  readonly bootstrapped: boolean;
  readonly health: {
    /** Without the pool's own dashd. */
    readonly active_connections: number;
    readonly protected_connections: number;
    readonly total_connections: number;
    readonly target_max_peers: number;
    readonly target_min_peers: number;
    readonly healthy: boolean;
    readonly local_dashd_connected: boolean;
  };
  readonly statistics: {
    readonly since: number;
    readonly blocks_broadcast: number;
    readonly total_peer_broadcasts: number;
    readonly successful_broadcasts: number;
    readonly failed_broadcasts: number;
    readonly success_rate_percent: number;
    readonly connection_attempts: number;
    readonly successful_connections: number;
    readonly failed_connections: number;
    readonly timeouts: number;
    readonly refused: number;
  };
  readonly database: { readonly total_peers: number };
  readonly peers: { readonly protected: readonly P2poolPeer[]; readonly active: readonly P2poolPeer[] };
  readonly configuration: { readonly max_peers: number; readonly min_peers: number };
}

interface P2poolPeer {
  readonly host: string;
  readonly port: number;
  readonly protected: boolean;
  readonly connected_since: number;
  readonly uptime_seconds: number;
  readonly score: number;
  readonly source: string;
  readonly successful_broadcasts: number;
  readonly failed_broadcasts: number;
}

/** @param now ms since the epoch */
export function broadcasterStatus(
  view: Pick<RelayView, 'peers' | 'known' | 'wanted'>,
  readiness: Pick<Readiness, 'ready'>,
  tallies: Tallies,
  now: number,
): BroadcasterStatus {
  const connected = view.peers().filter(({ state }) => state === 'connected');
  const own = connected.filter((peer) => peer.protected);
  const others = connected.filter((peer) => !peer.protected);
  const { min, max } = view.wanted;
  const { pushes, connections } = tallies;
  const known = view.known();
  return {
    enabled: true,
    // The pool's own dashd is always in the peer book.
    bootstrapped: known > 1,
    health: {
      active_connections: others.length,
      protected_connections: own.length,
      total_connections: connected.length,
      target_max_peers: max,
      target_min_peers: min,
      healthy: readiness.ready && connected.length >= min,
      local_dashd_connected: own.length > 0,
    },
    statistics: {
      since: tallies.since / SECOND_MS,
      blocks_broadcast: tallies.blocks,
      total_peer_broadcasts: pushes.tried,
      successful_broadcasts: pushes.reached,
      failed_broadcasts: pushes.failed,
      success_rate_percent: pushes.tried === 0 ? 0 : (pushes.reached * 100) / pushes.tried,
      connection_attempts: connections.made + connections.failed,
      successful_connections: connections.made,
      failed_connections: connections.failed,
      timeouts: connections.timedOut,
      refused: connections.unreachable,
    },
    database: { total_peers: known },
    peers: { protected: own.map((peer) => p2poolPeer(peer, now)), active: others.map((peer) => p2poolPeer(peer, now)) },
    configuration: { max_peers: max, min_peers: min },
  };
}

function p2poolPeer({ peer, since, score, sources, blocks, ...rest }: PeerView, now: number): P2poolPeer {
  const colon = peer.lastIndexOf(':');
  return {
    host: peer.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(peer.slice(colon + 1)),
    protected: rest.protected,
    connected_since: since / SECOND_MS,
    uptime_seconds: Math.max(0, Math.floor((now - since) / SECOND_MS)),
    score: score.total,
    source: sources[0] ?? 'unknown',
    // As in the peer file, which p2pool-dash reads, too: a block that a peer already had does not count as broadcast.
    successful_broadcasts: blocks.acknowledged + blocks.accepted,
    failed_broadcasts: Object.values(blocks.failed).reduce((sum, failures) => sum + failures, 0),
  };
}
