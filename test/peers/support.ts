import type { PeerAddress } from '../../src/peers/address.js';
import { parseAddress } from '../../src/peers/address.js';
import type { GossipEntry } from '../../src/peers/book.js';
import type { BookView, OpenConnection } from '../../src/peers/plan.js';
import { newRecord, type PeerRecord } from '../../src/peers/record.js';
import type { Random } from '../../src/time.js';

/** An afternoon in November 2026. */
export const NOW = 1_794_000_000_000;

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { float: () => next() / 2 ** 32, u64: () => (BigInt(next()) << 32n) | BigInt(next()) };
}

export function address(text: string): PeerAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** A peer that was just gossiped, by default. */
export function peer(key: string, more: Partial<PeerRecord> = {}): PeerRecord {
  return { ...newRecord(address(key), 'p2p_discovery', NOW), ...more };
}

/** A peer with successful handshakes, and without faults. */
export function provenPeer(key: string, more: Partial<PeerRecord> = {}): PeerRecord {
  return peer(key, {
    lastConnected: NOW,
    services: 1n,
    height: 1_000,
    connections: { succeeded: 3, failed: 0 },
    ...more,
  });
}

export function outcomes(succeeded: number, failed: number): PeerRecord['broadcasts'] {
  return {
    acknowledged: Math.round(succeeded),
    accepted: 0,
    alreadyHad: 0,
    failed: failed > 0 ? { timeout: Math.round(failed) } : {},
    recent: { succeeded, failed },
    failuresInARow: 0,
  };
}

export function view(records: readonly PeerRecord[]): BookView {
  const byKey = new Map(records.map((record) => [record.key, record]));
  return { get: (key) => byKey.get(key), records: () => records };
}

/** Connected an hour ago. */
export function live(key: string, more: Partial<OpenConnection> = {}): OpenConnection {
  return { key, connectedAt: NOW - 3_600_000, ready: true, ...more };
}

export function gossip(host: string, more: Partial<GossipEntry> = {}): GossipEntry {
  return { host, port: 9999, services: 1n, seenAt: NOW - 60_000, ...more };
}
