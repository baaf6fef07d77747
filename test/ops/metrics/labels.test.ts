import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ProxyFaultCode } from '../../../src/adapters/rpc-proxy/throttled-reporter.js';
import type { FileFaultCode } from '../../../src/contracts/files.js';
import { FAULT_CODES, fold, OTHER, serviceCodes } from '../../../src/ops/metrics/labels.js';

describe('the closed lists', () => {
  /** The members of a union, as the compiler has them: this does not compile when one is missing or made up. */
  const members = <Code extends string>(list: Record<Code, true>) => Object.keys(list).sort();

  test('faults of files and of the proxy are theirs', () => {
    const file = members<Exclude<FileFaultCode, 'missing'>>({
      locked: true,
      'lock-lost': true,
      changed: true,
      'not-writable': true,
      'disk-full': true,
      'not-a-file': true,
      'too-large': true,
      'io-error': true,
      corrupt: true,
    });
    for (const service of ['peer-file', 'history-file'] as const) {
      assert.deepEqual(
        file.filter((code) => !serviceCodes(service).includes(code)),
        [],
      );
    }
    const proxy = members<ProxyFaultCode>({
      'dashd-unreachable': true,
      'dashd-broke-off': true,
      'body-too-large': true,
      'buffers-full': true,
      'batch-too-large': true,
      'too-many-blocks': true,
      'no-block': true,
      'cross-site': true,
      'bad-request': true,
      'slow-request': true,
      'too-many-connections': true,
      loop: true,
    });
    assert.deepEqual([...serviceCodes('json-rpc-proxy')].sort(), [...proxy, 'down'].sort());
  });

  test("the feed's faults are those that streams/dashd/feed.ts reports", () => {
    const source = readFileSync('src/streams/dashd/feed.ts', 'utf8');
    const reported = new Set([...source.matchAll(/service\('fault', '([^']+)'/g)].map(([, code]) => code ?? ''));
    // The codes of states.
    const states = ['disconnected', 'no-block-topic'];
    assert.deepEqual([...reported, ...states].sort(), [...serviceCodes('dashd-feed')].sort());
  });

  test('what is in no list is other', () => {
    assert.equal(fold(FAULT_CODES, 'no-pong'), 'no-pong');
    assert.equal(fold(FAULT_CODES, 'constructor'), OTHER);
  });
});
