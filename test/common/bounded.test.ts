import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BoundedMap, BoundedSet } from '../../src/common/bounded.js';

describe('a bounded map', () => {
  test('evicts the oldest entry once it holds more than its bound', () => {
    const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('c', 3);
    assert.deepEqual([...map], [['b', 2], ['c', 3]]); // biome-ignore format: a list of pairs
    assert.equal(map.oldest, 'b');
  });

  test('leaves an entry in its place when it is set again, and makes it the newest when it is renewed', () => {
    const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2);
    assert.deepEqual([...map.set('a', 3).keys()], ['a', 'b']);
    assert.deepEqual([...map.renew('a', 4).keys()], ['b', 'a']);
    map.set('c', 5);
    assert.deepEqual([...map.keys()], ['a', 'c']);
  });

  test('holds the last entries that were renewed, whatever came before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.array(fc.nat(20)), (max, keys) => {
        const map = new BoundedMap<number, number>(max);
        for (const key of keys) map.renew(key, key);
        const lastFirst = [...new Set([...keys].reverse())];
        assert.deepEqual([...map.keys()], lastFirst.slice(0, max).reverse());
      }),
    );
  });

  test('has no oldest entry when it is empty', () => {
    assert.equal(new BoundedMap(1).oldest, undefined);
  });
});

describe('a bounded set', () => {
  test('evicts the oldest member once it holds more than its bound', () => {
    const set = new BoundedSet(2, ['a', 'b']).add('c');
    assert.deepEqual([...set], ['b', 'c']);
  });

  test('keeps the last of the members that it is given', () => {
    assert.deepEqual([...new BoundedSet(2, ['a', 'b', 'c'])], ['b', 'c']);
  });

  test('evicts nothing when a member is added again', () => {
    assert.deepEqual([...new BoundedSet(2, ['a', 'b']).add('a')], ['a', 'b']);
  });
});
