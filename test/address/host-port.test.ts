import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { connectableEndpoint, parseEndpoint } from '../../src/address/endpoint.js';
import { formatHostPort, parseHostPort } from '../../src/address/host-port.js';

const parsed: [string, { host: string; port: number | undefined }][] = [
  ['a.example:1', { host: 'a.example', port: 1 }],
  ['localhost', { host: 'localhost', port: undefined }],
  [' 203.0.113.7:65535 ', { host: '203.0.113.7', port: 65_535 }],
  ['[::1]', { host: '::1', port: undefined }],
  ['::1', { host: '::1', port: undefined }],
  ['2001:DB8::0:1', { host: '2001:db8::1', port: undefined }],
  ['[fe80::1%eth0]:9999', { host: 'fe80::1%eth0', port: 9_999 }],
  ['fe80::1%eth0', { host: 'fe80::1%eth0', port: undefined }],
  ['[::ffff:203.0.113.7]:1', { host: '203.0.113.7', port: 1 }],
  ['Node.Example.org.', { host: 'node.example.org.', port: undefined }],
  ['dashd.:9999', { host: 'dashd.', port: 9_999 }],
  ['dash_core:9999', { host: 'dash_core', port: 9_999 }],
  ['bücher.example:1', { host: 'xn--bcher-kva.example', port: 1 }],
  ['[2001:db8::1]:9999', { host: '2001:db8::1', port: 9_999 }],
  [`${'A'.repeat(55)}d.onion:9999`, { host: `${'a'.repeat(55)}d.onion`, port: 9_999 }],
];

const refused = [
  '',
  ':',
  ':1',
  'a:',
  'a:0',
  'a:65536',
  'a:1:2',
  'a:+1',
  'a:1e3',
  'a b',
  '-a',
  '127.1',
  '0x7f.1',
  '1.2.3.4.5',
  '256.1.1.1',
  '[::1',
  '[::1]1',
  '[a]:1',
  '[127.0.0.1]:1',
  'a..b',
  'http://a:1',
  'u@a:1',
  'a..',
  '.',
  '1:2:3:4:5:6:7:8:9999',
  '[::1%]:1',
  '[::ffff:1.2.3.4%eth0]:1',
  'fe80::1%a b',
  '１２７．１',
  'bücher/x',
  'a%b',
  'expyuzz4wqqyqhjn.onion:9999',
];

describe('host:port', () => {
  for (const [text, expected] of parsed) {
    test(`${text} is read`, () => assert.deepEqual(parseHostPort(text), { ok: true, ...expected }));
  }
  for (const text of refused) {
    test(`${JSON.stringify(text)} is refused`, () => assert.equal(parseHostPort(text).ok, false));
  }
  test('is printed as it is read', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const text = formatHostPort({ host, port });
        const parsed = parseHostPort(text);
        assert.ok(parsed.ok);
        assert.deepEqual(parseHostPort(formatHostPort({ host: parsed.host, port })), parsed);
      }),
    );
  });
});

describe('endpoint', () => {
  const connected: [string, string | undefined][] = [
    ['tcp://*:28500', 'tcp://127.0.0.1:28500'],
    ['tcp://0.0.0.0:28500', 'tcp://127.0.0.1:28500'],
    ['tcp://[::]:28500', 'tcp://[::1]:28500'],
    ['TCP://Dashd.:28500', 'tcp://dashd.:28500'],
    ['tcp://[::ffff:0.0.0.0]:28500', 'tcp://127.0.0.1:28500'],
    ['tcp://[fe80::1%eth0]:28500', 'tcp://[fe80::1%eth0]:28500'],
    ['ipc://*', undefined],
    ['tcp://[2001:db8::1]:28500', 'tcp://[2001:db8::1]:28500'],
    ['tcp://10.0.0.1:28500', 'tcp://10.0.0.1:28500'],
    ['ipc:///run/x', 'ipc:///run/x'],
    ['tcp://127.0.0.1:*', undefined],
    ['tcp://127.0.0.1:0', undefined],
  ];
  for (const [bound, expected] of connected) {
    test(`${bound} is reached at ${expected}`, () => {
      const endpoint = parseEndpoint(bound);
      assert.ok(endpoint);
      assert.equal(connectableEndpoint(endpoint), expected);
    });
  }
  for (const text of [
    '',
    'tcp://',
    'tcp://a',
    'tcp://:1',
    'tcp://a:65536',
    'tcp://[::1:1',
    'ipc://',
    'udp://a:1',
    'inproc://a',
    'tcp://a b:1',
    'tcp://_a:1',
    'ipc://@',
    `ipc:///${'x'.repeat(107)}`,
    'ipc:///a\0b',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseEndpoint(text), undefined));
  }
});
