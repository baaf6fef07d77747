import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pause, retryUntil } from '../../src/common/retry.js';

const HOUR_MS = 3_600_000;

describe('retrying', () => {
  test('ends with the first attempt that returns a value', async () => {
    const answers = [undefined, undefined, 'bound', 'never asked for'];
    const value = await retryUntil(async () => answers.shift(), 1, new AbortController().signal);
    assert.equal(value, 'bound');
    assert.deepEqual(answers, ['never asked for']);
  });

  test('ends without a value when it is aborted, in the middle of a pause as well', async () => {
    const ended = new AbortController();
    let attempts = 0;
    const retrying = retryUntil(
      async () => {
        attempts += 1;
        setImmediate(() => ended.abort());
        return undefined;
      },
      HOUR_MS,
      ended.signal,
    );
    assert.equal(await retrying, undefined);
    assert.equal(attempts, 1);
  });

  test('attempts nothing when it was aborted before', async () => {
    assert.equal(await retryUntil(async () => 'bound', 1, AbortSignal.abort()), undefined);
    await pause(HOUR_MS, AbortSignal.abort());
  });

  test('rejects with what an attempt throws', async () => {
    const fails = () => Promise.reject(new Error('no such host'));
    await assert.rejects(retryUntil(fails, 1, new AbortController().signal), /no such host/);
  });
});
