import type { ConnectInput, Reachable } from '../../src/quorum/connect-plan.js';

/** The nth masternode, at an address and in a network of its own unless given. */
export function reachable(n: number, quorums: readonly string[], more: Partial<Reachable> = {}): Reachable {
  const host = `77.${n >> 8}.${n & 255}.1`;
  return { masternode: `m${n}`, peer: `${host}:9999`, group: `77.${n}`, quorums, ...more };
}

/** All that is not given sets no limit and bars nobody. */
export function situation(members: readonly Reachable[], more: Partial<ConnectInput> = {}): ConnectInput {
  return {
    members,
    connected: new Set(),
    elsewhere: new Set(),
    waiting: new Set(),
    max: members.length,
    maxPerGroup: members.length,
    maxNew: members.length,
    maxSwaps: 0,
    lot: (peer) => Number(peer.split('.')[2]),
    ...more,
  };
}
