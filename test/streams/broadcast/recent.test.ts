import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PushBlock } from '../../../src/session/types.js';
import { RecentStore } from '../../../src/streams/broadcast/recent.js';
import { block, hashOf } from '../../session/support.js';

function storeOf(...blocks: readonly PushBlock[]): RecentStore {
  const store = new RecentStore();
  for (const one of blocks) {
    store.add(one);
    store.rest(one.hash);
  }
  return store;
}

const sized = (number: number, bytes: number): PushBlock => ({ ...block(number), frame: Buffer.alloc(bytes) });
const NO_STOP = '00'.repeat(32);

describe('the recent blocks', () => {
  it('are had until there are too many, the oldest going first', () => {
    const store = storeOf(...Array.from({ length: 130 }, (_, i) => block(i + 1)));
    assert.deepEqual(
      [1, 2, 3, 130].map((number) => store.get(hashOf(number))?.hash),
      [undefined, undefined, hashOf(3), hashOf(130)],
    );
  });

  it('are had until they are too large together', () => {
    const mebibyte = 1024 * 1024;
    const store = storeOf(...Array.from({ length: 33 }, (_, i) => sized(i + 1, 2 * mebibyte)));
    assert.deepEqual(
      [1, 2, 3].map((number) => store.get(hashOf(number)) !== undefined),
      [false, false, true],
    );
  });

  it('are counted once', () => {
    const store = storeOf(...Array.from({ length: 200 }, () => block(1)), block(2));
    assert.ok(store.get(hashOf(1)));
  });
});

describe('the headers that follow a locator', () => {
  const chain = [1, 2, 3, 4].map((number) => block(number));
  const numbers = (locator: number[], stop = NO_STOP, store = storeOf(...chain)) =>
    store.headersAfter(locator.map(hashOf), stop).map((header) => header.readUInt32LE(0));

  it('begin behind the first hash that we know', () => {
    assert.deepEqual(numbers([0]), [1, 2, 3, 4]);
    assert.deepEqual(numbers([99, 98, 2, 1]), [3, 4]);
  });

  it('end with the stop hash', () => {
    assert.deepEqual(numbers([0], hashOf(2)), [1, 2]);
    assert.deepEqual(numbers([0], hashOf(99)), [1, 2, 3, 4]);
  });

  it('are none where nothing is known, or nothing follows', () => {
    assert.deepEqual(numbers([99]), []);
    assert.deepEqual(numbers([]), []);
    assert.deepEqual(numbers([4, 3, 2, 1, 0]), [], 'a peer at our newest block is not sent what it has');
  });

  it('follow the last pushed of rivals', () => {
    const rival = { ...block(9), previous: hashOf(1) };
    assert.deepEqual(numbers([0], NO_STOP, storeOf(...chain, rival)), [1, 9]);
  });
});

describe('the memory of blocks', () => {
  it('is bounded in bytes: the oldest under way has to go, and is named', () => {
    const store = new RecentStore(10 * 1024 * 1024);
    const gone = Array.from({ length: 12 }, (_, i) => store.add(sized(i + 1, 1024 * 1024))).flat();
    assert.deepEqual(gone, [1, 2, 3].map(hashOf));
    assert.ok(store.bytes <= 10 * 1024 * 1024);
  });

  it('counts more for a block that is sent to many peers, until it is no longer under way', () => {
    const store = new RecentStore();
    store.hold(sized(1, 1024), 20);
    const few = store.bytes;
    store.hold(sized(2, 1024), 1_350);
    assert.ok(store.bytes - few > few + 1_000 * 500);
    for (const number of [1, 2]) {
      store.add(sized(number, 1024));
      store.rest(hashOf(number));
    }
    assert.ok(store.bytes < 2 * few);
    for (const number of [1, 2]) store.withdraw(hashOf(number));
    assert.equal(store.bytes, 0);
  });

  it('gives up what is no longer under way first', () => {
    const store = new RecentStore(3 * 1024 * 1024);
    for (const number of [1, 2]) store.add(sized(number, 1024 * 1024));
    store.rest(hashOf(2));
    assert.deepEqual(store.add(sized(3, 1024 * 1024)), []);
    assert.deepEqual(
      [1, 2, 3].map((number) => store.get(hashOf(number)) !== undefined),
      [true, false, true],
    );
  });

  it('keeps the newest, whatever it costs', () => {
    const store = new RecentStore(1024);
    assert.deepEqual(store.add(sized(1, 1024 * 1024)), []);
    assert.deepEqual(store.add(sized(2, 1024 * 1024)), [hashOf(1)]);
    assert.equal(store.get(hashOf(2))?.hash, hashOf(2));
  });

  it('does not serve a block that is held back, and knows served ones by their headers', () => {
    const store = new RecentStore();
    store.hold(block(1));
    assert.deepEqual([store.get(hashOf(1)), store.byHeader(block(1).header)], [undefined, undefined]);
    store.add(block(1));
    assert.equal(store.byHeader(Buffer.from(block(1).header))?.hash, hashOf(1));
    const other = Buffer.from(block(1).header);
    other[79] = 9;
    assert.equal(store.byHeader(other), undefined);
  });
});
