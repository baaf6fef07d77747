import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PeerProof } from '../../src/contracts/events.js';
import { ProofTable } from '../../src/delivery/proof-table.js';

const proof = (peer: number, acknowledgedMs: number): PeerProof => ({
  peer: `${peer}`,
  protected: false,
  status: 'acknowledged',
  acknowledgedMs,
});

/** A change of a table, and the same of a Map. */
interface Change {
  readonly table: (before: ProofTable) => ProofTable;
  readonly map: (model: Map<string, PeerProof>) => void;
}

const PEERS = 90;
const anyProof = fc.tuple(fc.nat(PEERS), fc.nat(9)).map(([peer, ms]) => proof(peer, ms));
const adding = fc.array(anyProof, { maxLength: 60 }).map(
  (proofs): Change => ({
    table: (before) => before.add(proofs),
    map: (model) => {
      for (const one of proofs) model.set(one.peer, one);
    },
  }),
);
const replacing = anyProof.map(
  (one): Change => ({
    table: (before) => before.replace(one),
    map: (model) => void (model.has(one.peer) && model.set(one.peer, one)),
  }),
);
const removing = fc.nat(PEERS).map(
  (peer): Change => ({
    table: (before) => before.remove(`${peer}`),
    map: (model) => model.delete(`${peer}`),
  }),
);

describe('ProofTable', () => {
  it('holds what a Map would, in the same order, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(adding, replacing, removing), { maxLength: 20 }), (changes) => {
        let table = ProofTable.EMPTY;
        const model = new Map<string, PeerProof>();
        for (const change of changes) {
          table = change.table(table);
          change.map(model);
          assert.deepEqual(table.values(), [...model.values()]);
          assert.equal(table.size, model.size);
        }
        for (let peer = 0; peer <= PEERS; peer += 1) assert.equal(table.get(`${peer}`), model.get(`${peer}`));
      }),
    );
  });

  it('never changes: what was made of it is another table', () => {
    const before = ProofTable.EMPTY.add([proof(1, 1), proof(2, 2)]);
    const after = before.replace(proof(2, 7));
    assert.deepEqual([before.get('2')?.acknowledgedMs, after.get('2')?.acknowledgedMs], [2, 7]);
    before.remove('1');
    assert.equal(before.size, 2);
  });
});
