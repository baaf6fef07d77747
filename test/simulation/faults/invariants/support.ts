import type { BlockProof, BlockReceived, BlockVerdict, RelayEvent } from '../../../../src/contracts/events.js';
import { type Invariant, watch } from '../../../../src/simulation/faults/invariants/invariant.js';
import type { Observation, RelayState, Seen, SeenConnection } from '../../../../src/simulation/faults/observation.js';

export const HASH = 'ab'.repeat(32);
export const OTHER_HASH = 'cd'.repeat(32);
export const PEER: SeenConnection = { connection: 1, peer: '203.0.113.1:19899', protected: false };
export const DASHD: SeenConnection = { connection: 1, peer: '127.0.0.1:19899', protected: true };

export type Step = readonly [ms: number, seen: Seen];

/** What an invariant says of these, each at its time in milliseconds. */
export function judge(invariant: Invariant, ...seen: readonly Step[]): string | undefined {
  const check = watch([invariant]);
  for (const [ms, one] of seen) {
    const violation = check({ at: ms * 1_000, ...one } as Observation);
    if (violation !== undefined) return violation.detail;
  }
  return undefined;
}

export function relay(state: RelayState): Seen {
  return { type: 'relay', state };
}

export function event(emitted: RelayEvent): Seen {
  return { type: 'event', event: emitted };
}

export function received(hash = HASH, more: Partial<BlockReceived> = {}): Seen {
  return event({ type: 'received', at: 0, hash, source: 'pool', size: 100, ...more });
}

export function stored(hash = HASH): Seen {
  return event({ type: 'stored', at: 0, hash });
}

export function verdict(more: Partial<BlockVerdict> = {}): Seen {
  return event({
    type: 'verdict',
    at: 0,
    hash: HASH,
    source: 'pool',
    size: 100,
    outcome: 'delivered',
    success: true,
    rpc: { outcome: 'accepted', ms: 1 },
    peersReached: 1,
    peersTried: 1,
    accepted: 1,
    alreadyHad: 0,
    failed: 0,
    peers: [],
    ...more,
  });
}

export function proof(status: BlockProof['status'], reason?: string): Seen {
  const { peer } = PEER;
  return event({
    type: 'proof',
    at: 0,
    hash: HASH,
    peer,
    protected: false,
    status,
    ...(reason !== undefined && { reason }),
  });
}

export function spooled(...hashes: readonly string[]): Seen {
  return { type: 'spooled', hashes: new Set(hashes) };
}
