import type { BlockSummary, StatusReply } from '../../src/contracts/api.js';
import type { BlockProof, BlockReceived, BlockVerdict, PeerProof } from '../../src/contracts/events.js';
import type { PeerView } from '../../src/contracts/view.js';
import { DELIVERED } from '../support/verdict.js';

export const NOW = 1_800_000_000_000;

export function hash(n: number): string {
  return n.toString(16).padStart(64, '0');
}

export function block(n: number, more: Partial<BlockSummary> = {}): BlockSummary {
  const { finality = { at: NOW, state: 'pending' } } = more;
  return { hash: hash(n), height: n, size: 1_000, receivedAt: NOW, ...more, finality };
}

export function received(n: number, more: Partial<BlockReceived> = {}): BlockReceived {
  return { type: 'received', at: NOW, hash: hash(n), height: n, source: 'pool', size: 1_000, ...more };
}

export function peerProof(peer: string, status: PeerProof['status'], more: Partial<PeerProof> = {}): PeerProof {
  return { peer, protected: false, status, ...more };
}

export function proof(n: number, peer: string, status: PeerProof['status'], more: Partial<PeerProof> = {}): BlockProof {
  return { type: 'proof', at: NOW, hash: hash(n), ...peerProof(peer, status, more) };
}

export function verdict(n: number, peers: readonly PeerProof[] = [], more: Partial<BlockVerdict> = {}): BlockVerdict {
  return {
    type: 'verdict',
    at: NOW,
    ...DELIVERED,
    hash: hash(n),
    height: n,
    peersReached: peers.length,
    peersTried: peers.length,
    peers,
    ...more,
  };
}

/** The verdict as it stands in a list of blocks. */
export function listed(n: number, more: Partial<BlockVerdict> = {}): NonNullable<BlockSummary['verdict']> {
  const { type: _type, at: _at, peers: _peers, ...rest } = verdict(n, [], more);
  return rest;
}

export function peer(name: string, more: Partial<PeerView> = {}): PeerView {
  return {
    peer: name,
    protected: false,
    state: 'connected',
    since: NOW,
    sources: ['dns'],
    lastSeen: NOW,
    score: { total: 0, terms: [] },
    blocks: { acknowledged: 0, accepted: 0, alreadyHad: 0, failed: {}, failuresInARow: 0 },
    ...more,
  };
}

export function status(more: Partial<StatusReply> = {}): StatusReply {
  const kpis = { blocks: 0, finality: { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 } };
  return {
    version: '1.2.3',
    network: 'regtest',
    startedAt: NOW,
    now: NOW,
    ready: true,
    notReady: [],
    degraded: [],
    peers: { connected: 12, min: 8, max: 20, known: 40, dashd: true },
    services: [
      { service: 'dashd-rpc', state: 'up', code: 'up', detail: '', faults: 0 },
      { service: 'dashd-feed', state: 'up', code: 'up', detail: '', faults: 0 },
      { service: 'pool-socket', state: 'up', code: 'up', detail: '', faults: 0 },
    ],
    kpis: { all: kpis, day: kpis },
    ...more,
  };
}
