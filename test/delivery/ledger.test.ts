import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BlockWay, PeerProof, ProofStatus, RpcResult } from '../../src/contracts/events.js';
import { type Entry, isReached, isSettled, type Ledger, openLedger, record } from '../../src/delivery/ledger.js';

const RECEIVED_AT = 1_794_000_000_000;
const opened = openLedger({ hash: 'ab'.repeat(32), source: 'pool', size: 300, monotonicAt: RECEIVED_AT });

type Stage = Exclude<ProofStatus, 'pending'>;
const tried = (...peers: string[]): Entry => ({
  type: 'tried',
  peers: peers.map((peer) => ({ peer, protected: peer === 'dashd' })),
});
const proof = (peer: string, stage: Stage, ms = 0, reason?: string): Entry => ({
  type: 'proof',
  peer,
  stage,
  monotonicAt: RECEIVED_AT + ms,
  ...(reason !== undefined && { reason }),
});
const rpc = (outcome: RpcResult['outcome']): Entry => ({ type: 'rpc', result: { outcome, ms: 1 } });
const after = (...entries: readonly Entry[]): Ledger => entries.reduce(record, opened);
const proofOf = (ledger: Ledger, peer: string): PeerProof | undefined => ledger.peers.get(peer);

describe('the ledger', () => {
  it('keeps when each step was proven, from the moment the block came, to the microsecond', () => {
    const ledger = after(
      tried('a'),
      proof('a', 'written', 1 / 3),
      proof('a', 'acknowledged', 7.25),
      proof('a', 'accepted', 9),
    );
    assert.deepEqual(proofOf(ledger, 'a'), {
      peer: 'a',
      protected: false,
      status: 'accepted',
      writtenMs: 0.333,
      acknowledgedMs: 7.25,
      acceptedMs: 9,
    });
  });

  it('keeps what was sent of the block, as the latest step has it', () => {
    const sent = (entry: Entry, way: BlockWay): Entry => ({ ...entry, way }) as Entry;
    const ledger = after(
      tried('a', 'b'),
      sent(proof('a', 'written', 1), { form: 'compact', bytes: 700, roundTrips: 0 }),
      proof('a', 'failed', 9, 'connection-error'),
      sent(proof('b', 'written', 1), { form: 'compact', bytes: 700, roundTrips: 0 }),
      sent(proof('b', 'accepted', 9), { form: 'full', bytes: 15_700, roundTrips: 1 }),
    );
    const wayOf = ({ form, bytes, roundTrips }: Partial<BlockWay> = {}) => [form, bytes, roundTrips];
    assert.deepEqual(wayOf(proofOf(ledger, 'a')), ['compact', 700, 0]);
    assert.deepEqual(wayOf(proofOf(ledger, 'b')), ['full', 15_700, 1]);
  });

  it('knows only peers that were tried', () => {
    assert.equal(record(opened, proof('stranger', 'accepted')), opened);
    assert.deepEqual(proofOf(after(tried('dashd')), 'dashd'), { peer: 'dashd', protected: true, status: 'pending' });
  });

  it('is the same ledger when an entry adds nothing', () => {
    const ledger = after(tried('a'), proof('a', 'acknowledged', 5));
    for (const stage of ['written', 'already-had', 'failed', 'acknowledged'] as const) {
      assert.equal(record(ledger, proof('a', stage, 6)), ledger, stage);
    }
  });

  it('does not change what it was given', () => {
    const before = after(tried('a'));
    const peers = before.peers.values();
    record(before, proof('a', 'accepted'));
    record(before, tried('b'));
    assert.deepEqual(before.peers.values(), peers);
  });

  it('says why a peer failed, for as long as that is the last word', () => {
    const failed = after(tried('a'), proof('a', 'written', 1), proof('a', 'failed', 9, 'connection-error'));
    assert.deepEqual(proofOf(failed, 'a'), {
      peer: 'a',
      protected: false,
      status: 'failed',
      reason: 'connection-error',
      writtenMs: 1,
    });
    assert.equal(proofOf(after(tried('a'), proof('a', 'failed')), 'a')?.reason, 'unknown');
    const late = record(failed, proof('a', 'accepted', 12));
    assert.deepEqual(proofOf(late, 'a'), {
      peer: 'a',
      protected: false,
      status: 'accepted',
      writtenMs: 1,
      acceptedMs: 12,
    });
  });

  it('gives a peer that failed a new chance with its new connection, and no other', () => {
    const failed = after(tried('a'), proof('a', 'failed', 1, 'connection-error'));
    assert.deepEqual(proofOf(record(failed, tried('a')), 'a'), { peer: 'a', protected: false, status: 'pending' });
    for (const stage of ['written', 'already-had', 'acknowledged', 'accepted'] as const) {
      const ledger = after(tried('a'), proof('a', stage, 3));
      assert.deepEqual(record(ledger, tried('a')).peers, ledger.peers, stage);
    }
  });

  it('keeps the last answer of dashd', () => {
    assert.equal(after(rpc('unavailable'), rpc('duplicate')).rpc?.outcome, 'duplicate');
  });
});

describe('a race', () => {
  const END: Readonly<Record<Stage, boolean>> = {
    written: false,
    failed: true,
    'already-had': true,
    acknowledged: false,
    accepted: true,
  };
  for (const [stage, settled] of Object.entries(END) as [Stage, boolean][]) {
    it(`with a peer that is ${stage} is ${settled ? 'settled' : 'open'}`, () => {
      assert.equal(
        isSettled(after(tried('a', 'b'), proof('b', 'accepted'), rpc('accepted'), proof('a', stage))),
        settled,
      );
    });
  }

  it('is open until dashd has answered for good', () => {
    assert.equal(isSettled(opened), false);
    assert.equal(isSettled(after(rpc('unavailable'))), false);
    for (const outcome of ['accepted', 'duplicate', 'inconclusive', 'rejected'] as const) {
      assert.equal(isSettled(after(rpc(outcome))), true, outcome);
    }
    assert.equal(isSettled(after(tried('a'), rpc('accepted'))), false, 'a pending peer');
  });

  it('has reached a peer that acknowledged it, accepted it or already had it', () => {
    const reached = (['written', 'failed', 'already-had', 'acknowledged', 'accepted'] as const).filter((stage) => {
      const one = proofOf(after(tried('a'), proof('a', stage)), 'a');
      return one !== undefined && isReached(one);
    });
    assert.deepEqual(reached, ['already-had', 'acknowledged', 'accepted']);
  });
});

describe('under any order of events', () => {
  const PEERS = ['a', 'b', 'c', 'dashd'];
  const STRENGTH: readonly ProofStatus[] = ['pending', 'written', 'failed', 'already-had', 'acknowledged', 'accepted'];
  const strength = (status: ProofStatus) => STRENGTH.indexOf(status);
  const stage = fc.constantFrom<Stage>('written', 'failed', 'already-had', 'acknowledged', 'accepted');
  const anyProof = fc
    .tuple(fc.constantFrom(...PEERS), stage, fc.nat(3_000))
    .map(([peer, which, ms]) => proof(peer, which, ms, which === 'failed' ? 'no-pong' : undefined));
  const anyProofs = fc.array(anyProof, { maxLength: 40 });
  const statuses = (ledger: Ledger) => [...ledger.peers.values()].map(({ peer, status }) => [peer, status]);

  function modelOf(entries: readonly Entry[]): Map<string, ProofStatus> {
    const best = new Map<string, ProofStatus>();
    const improve = (peer: string, stage: ProofStatus) => {
      const known = best.get(peer);
      if (known !== undefined && strength(stage) > strength(known)) best.set(peer, stage);
    };
    const retry = (peer: string) => {
      if ((best.get(peer) ?? 'failed') === 'failed') best.set(peer, 'pending');
    };
    for (const entry of entries) {
      if (entry.type === 'tried') for (const { peer } of entry.peers) retry(peer);
      if (entry.type === 'proof') improve(entry.peer, entry.stage);
    }
    return best;
  }

  it('counts the peers whose status may still change', () => {
    fc.assert(
      fc.property(anyProofs, (proofs) => {
        const ledger = after(tried(...PEERS), ...proofs, { type: 'twin', peer: 'a' }, tried('b', 'e'));
        const open = ['pending', 'written', 'acknowledged'];
        assert.equal(ledger.open, ledger.peers.values().filter(({ status }) => open.includes(status)).length);
      }),
    );
  });

  it('no proof ever weakens a status', () => {
    fc.assert(
      fc.property(anyProofs, (proofs) => {
        let ledger = after(tried(...PEERS));
        for (const entry of proofs) {
          const next = record(ledger, entry);
          for (const { peer, status } of next.peers.values()) {
            assert.ok(strength(status) >= strength(proofOf(ledger, peer)?.status ?? 'pending'));
          }
          ledger = next;
        }
      }),
    );
  });

  it('the final statuses do not depend on order or repetition', () => {
    fc.assert(
      fc.property(anyProofs, fc.array(fc.nat(), { maxLength: 80 }), (proofs, picks) => {
        const shuffled = [...picks.map((pick) => proofs[pick % Math.max(1, proofs.length)] ?? tried()), ...proofs]
          .map((entry, i) => ({ entry, key: ((i + 1) * 2_654_435_761) % 4_093 }))
          .sort((x, y) => x.key - y.key)
          .map(({ entry }) => entry);
        assert.deepEqual(statuses(after(tried(...PEERS), ...shuffled)), statuses(after(tried(...PEERS), ...proofs)));
      }),
    );
  });

  it('agrees with a naive model: a peer has the strongest status it was ever shown in since it was last tried', () => {
    const retry = fc.constantFrom(...PEERS).map((peer) => tried(peer));
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: anyProof }, retry), { maxLength: 60 }), (entries) => {
        assert.deepEqual(statuses(after(...entries)), [...modelOf(entries)]);
      }),
    );
  });

  it('a reason is set when, and only when, the status is failed', () => {
    fc.assert(
      fc.property(anyProofs, (proofs) => {
        for (const one of after(tried(...PEERS), ...proofs).peers.values()) {
          assert.equal(one.reason !== undefined, one.status === 'failed');
        }
      }),
    );
  });
});
