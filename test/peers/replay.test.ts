import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordedBlock, replay } from '../../src/peers/replay.js';
import { NOW } from './support.js';

const NAMES = Array.from({ length: 12 }, (_, n) => `1.${n}.0.1:9999`);
const MINUTE = 60_000;

/** Blocks that each peer proves after so many milliseconds. */
function recorded(count: number, proofMs: (peer: number, block: number) => number): RecordedBlock[] {
  return Array.from({ length: count }, (_, block) => ({
    at: NOW + block * MINUTE,
    peers: NAMES.map((peer, n) => ({ peer, proofMs: proofMs(n, block) })),
  }));
}

test('a replay chooses from what earlier blocks showed: the near ones where they stay near', () => {
  // The last names are the nearest, so that the order of names helps nobody.
  const result = replay(
    recorded(10, (peer) => 300 - 20 * peer),
    3,
  );
  assert.equal(result?.blocks, 9);
  assert.deepEqual(result?.learned, { firstMs: 80, meanMs: 100 });
  assert.ok((result?.plain.meanMs ?? 0) > 2 * 100);
  assert.equal(result?.lost, 0);
  assert.equal(result?.allMs, 190);
});

test('it says in how many blocks the learned choice lost: when peers take turns, what was learned misleads', () => {
  const result = replay(
    recorded(10, (peer, block) => (peer < 6 === (block % 2 === 0) ? 10 : 400)),
    3,
  );
  assert.ok((result?.lost ?? 0) > 0);
});

test('nothing is judged by blocks of too few peers, nor by the first', () => {
  assert.equal(
    replay(
      recorded(10, () => 5),
      6,
    ),
    undefined,
  );
  assert.equal(
    replay(
      recorded(1, () => 5),
      3,
    ),
    undefined,
  );
  assert.equal(replay([], 3), undefined);
});

test('names that are no addresses, and a block that names a peer twice, do no harm', () => {
  const blocks = recorded(3, (peer) => peer).map(({ at, peers }) => ({
    at,
    peers: [...peers, { peer: 'nonsense', proofMs: 1 }, { peer: NAMES[0] ?? '', proofMs: 7 }],
  }));
  assert.equal(replay(blocks, 3)?.blocks, 2);
});
