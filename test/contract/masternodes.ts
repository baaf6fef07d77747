import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ask, call, type NodeUnderTest } from './node-under-test.js';

const UNKNOWN = 'ab'.repeat(32);

/** The RPC methods for masternodes and quorums, on a network without any. */
export function masternodeContract(node: () => NodeUnderTest): void {
  const errorOf = async (...call_: [string, ...unknown[]]) => (await call(node(), ...call_)).error;

  it('has no masternodes', async () => {
    assert.deepEqual(await ask(node(), 'masternodelist', 'json'), {});
    assert.deepEqual(await ask(node(), 'masternodelist'), {});
  });

  it('has a list of active quorums for each type, empty', async () => {
    for (const command of [['list'], ['listextended'], ['listextended', 0]]) {
      const lists = await ask<Record<string, unknown>>(node(), 'quorum', ...command);
      assert.deepEqual(lists['llmq_test'], []);
      // Which other types there are depends on the height.
      assert.ok(Object.values(lists).every((list) => Array.isArray(list) && list.length === 0));
    }
  });

  it('has errors for what is not there', async () => {
    const invalid = (message: string) => ({ code: -8, message });
    assert.deepEqual(await errorOf('quorum', 'listextended', 9_999), invalid('Block height out of range'));
    assert.deepEqual(await errorOf('quorum', 'info', 100, UNKNOWN), invalid('quorum not found'));
    assert.deepEqual(await errorOf('quorum', 'info', 77, UNKNOWN), invalid('invalid LLMQ type'));
    const short = invalid("quorumHash must be of length 64 (not 2, for 'ab')");
    assert.deepEqual(await errorOf('quorum', 'info', 100, 'ab'), short);
    assert.deepEqual(await errorOf('quorum', 'nope'), invalid('Must be a valid command'));
    assert.equal((await errorOf('quorum'))?.code, -1);
    assert.deepEqual(await errorOf('masternodelist', 'nope'), invalid('strMode nope not found'));
  });
}
