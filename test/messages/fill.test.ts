import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVENT_MESSAGES } from '../../src/messages/events.js';
import { fillLine } from '../../src/messages/fill.js';
import { levelOfService, SERVICE_MESSAGES } from '../../src/messages/services.js';

describe('a message', () => {
  test('has its values in place of the placeholders', () => {
    assert.equal(fillLine({ text: '{a} of {b}' }, { a: 1, b: 'two' }), '1 of two');
  });

  test('leaves out what is in brackets where a value is absent', () => {
    const text = 'block {hash}[ (height {height})]';
    assert.equal(fillLine({ text }, { hash: 'ab', height: 0 }), 'block ab (height 0)');
    assert.equal(fillLine({ text }, { hash: 'ab' }), 'block ab');
  });

  test('takes values as they are: what looks like a placeholder in one is text', () => {
    assert.equal(fillLine({ text: '{a}[ {b}]' }, { a: '[{b}]', b: '{a} $& [x]' }), '[{b}] {a} $& [x]');
  });
});

test('codes of messages and services are kebab-case', () => {
  const codes = [
    ...Object.keys(EVENT_MESSAGES),
    ...Object.entries(SERVICE_MESSAGES).flatMap(([service, messages]) => [service, ...Object.keys(messages)]),
  ];
  for (const code of codes) assert.match(code, /^[a-z]+(-[a-z0-9]+)*$/);
});

test('a service that is up is info, a code that is not listed is warn, and inherited names are no codes', () => {
  const event = { type: 'service', at: 1, service: 'dashd-rpc', detail: '' } as const;
  assert.equal(levelOfService({ ...event, state: 'up', code: 'unauthorised' }), 'info');
  assert.equal(levelOfService({ ...event, state: 'down', code: 'unauthorised' }), 'error');
  assert.equal(levelOfService({ ...event, state: 'down', code: 'EPIPE' }), 'warn');
  assert.equal(levelOfService({ ...event, state: 'down', code: 'constructor' }), 'warn');
});
