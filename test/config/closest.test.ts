import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closest } from '../../src/config/closest.js';

describe('closest', () => {
  const names = ['network', 'dashd.rpc.user', 'dashd.rpc.url', 'peers'];
  for (const [word, expected] of [
    ['netwrok', 'network'],
    ['PEER', 'peers'],
    ['dashd.rpc.usr', 'dashd.rpc.user'],
    ['x', undefined],
    ['somethingElse', undefined],
    ['', undefined],
  ] as const) {
    test(`to ${word} is ${expected}`, () => assert.equal(closest(word, names), expected));
  }
});
