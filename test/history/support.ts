import fc from 'fast-check';
import type {
  BlockFinality,
  BlockReceived,
  BlockVerdict,
  FinalityState,
  PeerProof,
} from '../../src/contracts/events.js';
import type { BlockPropagation } from '../../src/contracts/propagation.js';
import { DELIVERED } from '../support/verdict.js';

export const AT = 1_795_000_000_000;

/** A block's hash, by number. */
export const hashOf = (n: number): string => n.toString(16).padStart(64, '0');

export function received(n: number, more: Partial<BlockReceived> = {}): BlockReceived {
  return { type: 'received', at: AT + n, hash: hashOf(n), source: 'pool', size: 1_000 + n, height: 100 + n, ...more };
}

export function proof(n: number, more: Partial<PeerProof> = {}): PeerProof {
  return {
    peer: `203.0.113.${n}:9999`,
    protected: false,
    status: 'acknowledged',
    writtenMs: 1,
    acknowledgedMs: n,
    ...more,
  };
}

export function verdict(n: number, more: Partial<BlockVerdict> = {}): BlockVerdict {
  const peers = more.peers ?? [proof(1), proof(2), proof(3)];
  return {
    type: 'verdict',
    at: AT + n + 100,
    ...DELIVERED,
    hash: hashOf(n),
    size: 1_000 + n,
    height: 100 + n,
    peersReached: peers.length,
    peersTried: peers.length,
    firstMs: 1,
    medianMs: 2,
    lastMs: 3,
    ...more,
    peers,
  };
}

export function failure(n: number): BlockVerdict {
  return verdict(n, { outcome: 'failed', success: false, reason: 'nobody is known to have it' });
}

export function finality(n: number, state: FinalityState, more: Partial<BlockFinality> = {}): BlockFinality {
  return { type: 'finality', at: AT + n + 1_000, hash: hashOf(n), height: 100 + n, state, ...more };
}

export function propagation(n: number, more: Partial<BlockPropagation> = {}): BlockPropagation {
  return {
    type: 'propagation',
    at: AT + n + 500,
    hash: hashOf(n),
    own: true,
    height: 100 + n,
    witnesses: 2,
    seen: 2,
    firstMs: 40,
    medianMs: 60,
    lastMs: 80,
    sights: [
      { peer: '198.51.100.1:9999', state: 'counted', way: 'cmpctblock', announcedMs: 50, seenMs: 40 },
      { peer: '192.0.2.1:9999', state: 'counted', way: 'inv', announcedMs: 90, seenMs: 80 },
    ],
    ...more,
  };
}

export const states = fc.constantFrom<FinalityState>('pending', 'chainlocked', 'buried', 'orphaned');

const ms = fc.option(fc.double({ min: 0, max: 10_000, noNaN: true }), { nil: undefined });

const proofs = fc
  .record({
    status: fc.constantFrom<PeerProof['status']>('written', 'acknowledged', 'accepted', 'already-had', 'failed'),
    acknowledgedMs: ms,
    acceptedMs: ms,
  })
  .map(
    ({ status, acknowledgedMs, acceptedMs }): PeerProof => ({
      peer: '203.0.113.1:9999',
      protected: false,
      status,
      ...(acknowledgedMs !== undefined && { acknowledgedMs }),
      ...(acceptedMs !== undefined && { acceptedMs }),
    }),
  );

/** A verdict whose figures need not agree: the history takes it at its word. */
export const verdicts = (n: number): fc.Arbitrary<BlockVerdict> =>
  fc
    .record({ success: fc.boolean(), peers: fc.array(proofs, { maxLength: 25 }), reached: fc.nat(25), median: ms })
    .map(({ success, peers, reached, median }) => {
      const { firstMs: _first, medianMs: _median, lastMs: _last, ...plain } = verdict(n, { success, peers });
      return { ...plain, peersReached: reached, peersTried: 25, ...(median !== undefined && { medianMs: median }) };
    });
