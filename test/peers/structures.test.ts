/** The book's own data structures, each against a naive model of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Allowances } from '../../src/peers/allowance.js';
import { GroupIndex } from '../../src/peers/group-index.js';

test('group index: sizes, members and the largest group, after any changes', () => {
  const change = fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3', '4', '5'));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const index = new GroupIndex();
      const model = new Map<string, Set<string>>();
      for (const [adds, group, key] of changes) {
        const members = model.get(group) ?? new Set();
        model.set(group, members);
        if (adds) {
          index.add(group, key);
          members.add(key);
        } else {
          index.delete(group, key);
          members.delete(key);
        }
        const sizes = [...model.values()].map((set) => set.size);
        assert.equal(
          index.size,
          sizes.reduce((sum, size) => sum + size, 0),
        );
        assert.equal(index.groups, sizes.filter((size) => size > 0).length);
        assert.deepEqual(new Set(index.members(group)), members);
        const largest = index.largest();
        assert.equal(largest === undefined ? 0 : index.members(largest).size, Math.max(0, ...sizes));
      }
    }),
  );
});

test('allowance: the burst at once, then by the second; saved up to the burst and no further', () => {
  const allowances = new Allowances({ burst: 1_000, perSecond: 0.1 }, 10);
  assert.equal(allowances.take('a', 100_000, 0), 1_000);
  assert.equal(allowances.take('a', 100, 0), 0);
  assert.equal(allowances.take('b', 5, 0), 5, 'others have their own');
  assert.equal(allowances.take('a', 100, 9_999), 0);
  assert.equal(allowances.take('a', 100, 100_000), 10);
  assert.equal(allowances.take('a', 100_000, 1e12), 1_000);
  assert.equal(allowances.take('a', 1, 0), 0, 'a clock set back refills nothing');
});

test('allowance: many names do not grow it, and a name is not refilled by being forgotten early', () => {
  const allowances = new Allowances({ burst: 10, perSecond: 1 }, 100);
  for (let i = 0; i < 100; i++) assert.equal(allowances.take(`peer ${i}`, 20, 1_000), 10);
  for (let i = 0; i < 100; i++) assert.equal(allowances.take(`peer ${i}`, 20, 1_000), 0);
});
