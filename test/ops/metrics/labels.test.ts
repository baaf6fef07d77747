import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ProxyFaultCode } from '../../../src/adapters/rpc-proxy/throttled-reporter.js';
import type { RefusalCode } from '../../../src/block/gate.js';
import type { FileFaultCode } from '../../../src/contracts/files.js';
import { FAULT_CODES, fold, OTHER, PLAN_CODES, REFUSAL_CODES, serviceCodes } from '../../../src/ops/metrics/labels.js';
import type { ConnectCode, DisconnectCode } from '../../../src/peers/plan.js';
import type { SessionFaultCode } from '../../../src/session/types.js';

describe('the closed lists', () => {
  /** The members of a union, as the compiler has them: this does not compile when one is missing or made up. */
  const members = <Code extends string>(list: Record<Code, true>) => Object.keys(list).sort();

  test('peer faults are those of sessions', () => {
    const codes = members<SessionFaultCode>({
      unreachable: true,
      'dial-timeout': true,
      'closed-by-peer': true,
      'connection-error': true,
      'handshake-timeout': true,
      'obsolete-version': true,
      'self-connection': true,
      'out-of-order': true,
      'wrong-magic': true,
      'bad-command': true,
      oversized: true,
      'bad-checksum': true,
      malformed: true,
      'no-pong': true,
      'block-not-acknowledged': true,
      'message-flood': true,
      'address-flood': true,
      'byte-flood': true,
      'inv-flood': true,
      'getdata-flood': true,
      'headers-flood': true,
      'getheaders-flood': true,
      backlog: true,
      'rotated-out': true,
    });
    assert.deepEqual([...FAULT_CODES].sort(), codes);
  });

  test('plan codes are those of plans', () => {
    const connect = members<ConnectCode>({
      'below-min': true,
      'free-slot': true,
      exploration: true,
      rotation: true,
      'last-resort': true,
    });
    const disconnect = members<DisconnectCode>({
      'not-in-book': true,
      'over-max': true,
      unfit: true,
      'group-crowded': true,
      'country-crowded': true,
      outscored: true,
      exploration: true,
    });
    assert.deepEqual([...PLAN_CODES.connect].sort(), connect);
    assert.deepEqual([...PLAN_CODES.disconnect].sort(), disconnect);
  });

  test("refused blocks are those of the gate, the frame's decoder and the pool's socket", () => {
    const gate: Record<RefusalCode, true> = {
      empty: true,
      'too-small': true,
      'too-large': true,
      'bad-proof-of-work': true,
    };
    assert.deepEqual(
      [...REFUSAL_CODES].sort(),
      [...Object.keys(gate), 'bad-hex', 'unknown-topic', 'too-many-bodies'].sort(),
    );
  });

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

  test("the feed's faults are those that streams/feed.ts tells", () => {
    const source = readFileSync('src/streams/dashd/feed.ts', 'utf8');
    const told = new Set([...source.matchAll(/service\('fault', '([^']+)'/g)].map(([, code]) => code ?? ''));
    // What a state is told with.
    const states = ['disconnected', 'no-block-topic'];
    assert.deepEqual([...told, ...states].sort(), [...serviceCodes('dashd-feed')].sort());
  });

  test('what is in no list is other', () => {
    assert.equal(fold(FAULT_CODES, 'no-pong'), 'no-pong');
    assert.equal(fold(FAULT_CODES, 'constructor'), OTHER);
  });
});
