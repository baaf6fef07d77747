import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BlockSource } from '../../src/contracts/events.js';
import { type Entry, openLedger, record } from '../../src/delivery/ledger.js';
import { holdsFor, isFirm, verdict } from '../../src/delivery/verdict.js';

const PEERS = ['a', 'b', 'c', 'd', 'dashd'];
const peer = fc.constantFrom(...PEERS);
const proof = fc
  .tuple(peer, fc.constantFrom('written', 'failed', 'already-had', 'acknowledged', 'accepted'))
  .map(([of, stage]): Entry => ({ type: 'proof', peer: of, stage, monotonicAt: 1, reason: 'closed-by-peer' }));
const tried = fc
  .uniqueArray(peer)
  .map((peers): Entry => ({ type: 'tried', peers: peers.map((of) => ({ peer: of, protected: of === 'dashd' })) }));
const answer = fc
  .tuple(fc.constantFrom('accepted', 'duplicate', 'inconclusive', 'rejected', 'unavailable'), fc.boolean())
  .map(([outcome, again]): Entry => ({ type: 'rpc', result: { outcome, ms: 1 }, ...(again && { again }) }));
const twin = peer.map((of): Entry => ({ type: 'twin', peer: of }));
const entry = fc.oneof({ weight: 6, arbitrary: proof }, { weight: 2, arbitrary: tried }, answer, twin);

describe('a firm verdict', () => {
  it('has the outcome of every later one for which it is said to hold', () => {
    const source = fc.constantFrom<BlockSource>('pool', 'dashd');
    let held = 0;
    fc.assert(
      fc.property(source, tried, fc.array(entry, { maxLength: 30 }), fc.boolean(), (from, first, entries, fallback) => {
        const rules = { fallback };
        let ledger = record(openLedger({ hash: 'cd'.repeat(32), source: from, size: 1, monotonicAt: 0 }), first);
        let firm: typeof ledger | undefined;
        for (const one of entries) {
          ledger = record(ledger, one);
          const judged = verdict(ledger, rules);
          if (firm !== undefined && holdsFor(firm, ledger)) {
            held += 1;
            assert.equal(judged.outcome, 'delivered');
          } else {
            firm = isFirm(ledger, judged) ? ledger : undefined;
          }
        }
      }),
      { numRuns: 2_000 },
    );
    assert.ok(held > 1_000, 'it often holds');
  });

  it('is one that dashd, or peers in several networks, bear out', () => {
    const judgedOf = (...entries: readonly Entry[]) => {
      const opened = openLedger({ hash: 'cd'.repeat(32), source: 'pool', size: 1, monotonicAt: 0 });
      const peers = ['a', 'b'].map((of) => ({ peer: of, protected: false, group: of }));
      const ledger = [{ type: 'tried', peers } as const, ...entries].reduce(record, opened);
      return isFirm(ledger, verdict(ledger, { fallback: true }));
    };
    const accepted = (of: string): Entry => ({ type: 'proof', peer: of, stage: 'accepted', monotonicAt: 1 });
    const rpc = (outcome: 'accepted' | 'unavailable'): Entry => ({ type: 'rpc', result: { outcome, ms: 1 } });
    assert.equal(judgedOf(accepted('a'), rpc('accepted')), true);
    assert.equal(judgedOf(accepted('a'), rpc('unavailable')), false);
    assert.equal(judgedOf(accepted('a'), accepted('b'), rpc('unavailable')), true);
    assert.equal(judgedOf(rpc('accepted')), false, 'nobody has it but dashd');
  });
});
