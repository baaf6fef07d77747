import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { merkleRoot, sha256d } from '../../src/block/merkle.js';
import { hashFromWire, hashToWire } from '../../src/wire/reader.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { naiveMerkleRoot, naiveSha256d } from './support.js';

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const distinct = (minLength: number) =>
  fc.uniqueArray(leaf, { minLength, maxLength: 70, selector: (bytes) => bytes.toString('hex') });

test('sha256d is SHA-256 of SHA-256, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.deepEqual(sha256d(bytes), naiveSha256d(bytes));
    }),
  );
});

describe('merkleRoot', () => {
  test('agrees with the naive definition for every count, and leaves the ids as they were', () => {
    for (let count = 0; count <= 40; count++) {
      const txids = Array.from({ length: count }, (_, i) => naiveSha256d(Buffer.of(i)));
      const before = txids.map((txid) => txid.toString('hex'));
      assert.deepEqual(merkleRoot(txids), { root: naiveMerkleRoot(txids), mutated: false }, `${count} leaves`);
      assert.deepEqual(
        txids.map((txid) => txid.toString('hex')),
        before,
      );
    }
  });

  test('agrees with the naive definition for any leaves', () => {
    fc.assert(fc.property(distinct(0), (txids) => assert.deepEqual(merkleRoot(txids).root, naiveMerkleRoot(txids))));
  });

  test('blocks that dashd mined', () => {
    for (const { txids, merkleRoot: expected } of REGTEST_BLOCKS) {
      const { root, mutated } = merkleRoot(txids.map(hashToWire));
      assert.equal(hashFromWire(root), expected);
      assert.equal(mutated, false);
    }
  });

  test('an odd block is not mutated for repeating its last hash itself', () => {
    fc.assert(fc.property(distinct(1), (txids) => assert.equal(merkleRoot(txids).mutated, false)));
  });

  /** The numbers of last transactions that can be repeated without changing the root: at each odd level, all below one node. */
  function repeatable(count: number): number[] {
    const lengths: number[] = [];
    for (let nodes = count, span = 1; nodes > 1; nodes = Math.ceil(nodes / 2), span *= 2) {
      if (nodes % 2 === 1 && count % span === 0) lengths.push(span);
    }
    return lengths;
  }

  test('CVE-2012-2459: repeated last transactions keep the root and are seen, at every level', () => {
    let deepest = 0;
    fc.assert(
      fc.property(distinct(3), (txids) => {
        for (const length of repeatable(txids.length)) {
          const repeated = [...txids, ...txids.slice(-length)];
          assert.deepEqual(
            merkleRoot(repeated),
            { root: merkleRoot(txids).root, mutated: true },
            `${length} of ${txids.length}`,
          );
          deepest = Math.max(deepest, length);
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(deepest >= 4, `only the last ${deepest} were ever repeated`);
  });

  test('equal neighbours are a mutation anywhere in the block, equal strangers are not', () => {
    const [a, b, c, d] = [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer, Buffer];
    assert.equal(merkleRoot([a, a, b, c]).mutated, true);
    assert.equal(merkleRoot([a, b, c, c]).mutated, true);
    assert.equal(merkleRoot([a, b, a, b]).mutated, true, 'the two pairs are equal one level up');
    assert.equal(merkleRoot([a, b, b, c]).mutated, false, 'not siblings');
    assert.equal(merkleRoot([a, b, c, d]).mutated, false);
  });
});
