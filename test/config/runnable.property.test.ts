/** What check-config accepts, run can open: each address goes to the function that opens it, which must not throw. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { after, mock, test } from 'node:test';
import fc from 'fast-check';
import { createRpc } from '../../src/adapters/rpc.js';
import { DashdClient } from '../../src/adapters/rpc-proxy/dashd-client.js';
import { systemClock } from '../../src/adapters/system.js';
import { dial } from '../../src/adapters/tcp.js';
import { openPublisher, openPull, openSubscription } from '../../src/adapters/zmq.js';
import { createWebhook } from '../../src/ops/alerts/webhook.js';
import { networkGroup } from '../../src/peers/address.js';
import { load } from './support.js';

/** Hosts that a resolver is never asked for: all end in a name that RFC 6761 reserves, or are addresses of this machine. */
const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const host = fc.oneof(
  fc.constantFrom(
    '*',
    '0.0.0.0',
    '::',
    '[::]',
    '127.0.0.1',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    'fe80::1%lo',
    '[fe80::1%nosuch]',
  ),
  fc.constantFrom(
    'localhost',
    'localhost.',
    'LocalHost',
    '127.1',
    '1.2.3.4.5',
    'a..b',
    '',
    '.',
    '-a',
    'a_b.invalid',
    '_a.invalid',
  ),
  fc.tuple(label, label, fc.constantFrom('.invalid', '.invalid.')).map(([a, b, tail]) => `${a}.${b}${tail}`),
  fc.constantFrom('b\u00fccher.invalid', '\u212a.invalid', '\uff11\uff12\uff17.1', 'a\u200bb.invalid', 'a%b', 'a b'),
  fc.string({ maxLength: 8 }).map((text) => `${text}.invalid`),
);
const portText = fc.oneof(
  fc.constantFrom('*', '0', '1', '65535', '65536', '', '-1', '01', '1e3'),
  fc.integer({ min: 1, max: 65_535 }).map(String),
);
const endpoint = fc.oneof(
  fc
    .tuple(fc.constantFrom('tcp://', 'TCP://', 'tcp:/'), host, portText)
    .map(([scheme, name, port]) => `${scheme}${name}:${port}`),
  fc.constantFrom(
    'ipc://*',
    'ipc://@',
    'ipc://@blockcast-test',
    `ipc:///nonexistent/${'x'.repeat(100)}`,
    `ipc:///nonexistent/${'\u00e4'.repeat(50)}`,
    'ipc://a\0b',
  ),
);
const userinfo = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 })).map(([user, password]) => `${user}:${password}@`),
);
const url = fc
  .tuple(
    fc.constantFrom('http://', 'https://', 'HTTP://', ''),
    userinfo,
    host,
    fc.oneof(
      fc.constant(''),
      portText.map((port) => `:${port}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.string({ maxLength: 8 }).map((path) => `/${path}`),
    ),
  )
  .map((parts) => parts.join(''));

// Not even for one of those: where no resolver answers, each question takes it half a minute to give up.
mock.method(dns, 'lookup', (name: string, _options: unknown, callback: (error: Error) => void) =>
  process.nextTick(callback, new Error(`${name} is not looked up`)),
);
syncBuiltinESMExports();

const none = { frames: () => undefined, state: () => undefined };
const silent = { connected: () => undefined, data: () => undefined, closed: () => undefined };
const closing: Promise<unknown>[] = [];
after(() => Promise.all(closing));

/** Whether check-config accepts one setting. */
function accepted(options: Record<string, string>) {
  const result = load({ options });
  return result.ok ? result.config : undefined;
}

test('an endpoint that is accepted can be bound and connected to', () => {
  let taken = 0;
  fc.assert(
    fc.property(endpoint, (text) => {
      const insecure = {
        'pool-allow-insecure-bind': 'true',
        'events-allow-insecure-bind': 'true',
        'http-enabled': 'false',
      };
      const bound = accepted({ 'pool-bind': text, 'events-bind': 'ipc://@other', ...insecure });
      const connected = accepted({ 'dashd-zmq-url': text });
      if (connected !== undefined && connected.dashd.zmq.url !== 'tcp://127.0.0.1:28332') {
        closing.push(openSubscription({ connect: connected.dashd.zmq.url, topics: ['x'] }, none).close());
        taken += 1;
      }
      // Ports that are not left to the system may be another's: what counts is that nothing throws.
      if (bound !== undefined) {
        closing.push(
          openPull({ bind: bound.pool.bind }, none).close(),
          openPublisher({ bind: bound.pool.bind }, none).close(),
        );
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(taken > 30, `only ${taken} were accepted`);
});

test('a host that is accepted can be dialled, and is one peer', () => {
  let taken = 0;
  fc.assert(
    fc.property(host, portText, (name, port) => {
      const peer = name.includes(':') && !name.includes('[') ? `[${name}]:${port}` : `${name}:${port}`;
      const addresses = [accepted({ 'dashd-p2p-host': name })?.dashd.p2p, ...(accepted({ peers: peer })?.peers ?? [])];
      for (const address of addresses) {
        if (address === undefined) continue;
        taken += 1;
        networkGroup(address);
        dial(address, 1_000, silent).destroy();
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(taken > 50, `only ${taken} were accepted`);
});

test('a URL that is accepted has clients', () => {
  let taken = 0;
  fc.assert(
    fc.property(url, (text) => {
      const rpc = accepted({ 'dashd-rpc-url': text })?.dashd.rpc;
      if (rpc !== undefined) {
        taken += 1;
        closing.push(createRpc(rpc).close());
        new DashdClient(rpc.url).close();
      }
      const webhook = accepted({ 'alerts-webhook-url': text })?.alerts.webhook;
      if (webhook !== undefined) {
        const sender = { network: 'regtest', instance: 'test', version: '0', clock: systemClock } as const;
        closing.push(Promise.resolve(createWebhook(webhook, sender).close()));
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(taken > 50, `only ${taken} were accepted`);
});
