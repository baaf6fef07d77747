import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRoutable, keyOf, networkGroup, parseAddress, portStanding, toAddress } from '../../src/peers/address.js';
import { address } from './support.js';

const ONION = `${'a2b3c4d5e6f7'.repeat(5).slice(0, 55)}d.onion`;

test('one endpoint has one key, however it is spelt', () => {
  const spellings: [string, string][] = [
    ['1.2.3.4:9999', '1.2.3.4:9999'],
    [' 1.2.3.4:09999 ', '1.2.3.4:9999'],
    ['[2001:DB8:0:0::1]:9999', '[2001:db8::1]:9999'],
    ['[::ffff:1.2.3.4]:9999', '1.2.3.4:9999'],
    ['Node.Example.org:19999', 'node.example.org:19999'],
    [`${ONION.toUpperCase()}:9999`, `${ONION}:9999`],
    ['dashd:9999', 'dashd:9999'],
    ['Dashd.:9999', 'dashd:9999'],
    ['[fe80:0::1%eth0]:9999', '[fe80::1%eth0]:9999'],
  ];
  for (const [text, key] of spellings) assert.equal(keyOf(address(text)), key);
});

test('what is no address is none', () => {
  const bad = [
    '',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:1e3',
    '1.2.3:9999',
    '127.1:9999',
    '0x7f.1:9999',
    '2130706433:9999',
    '01.2.3.4:9999',
    '1.2.3.256:9999',
    '::1:9999',
    '[1.2.3.4]:9999',
    '[::g]:9999',
    'expyuzz4wqqyqhjn.onion:9999',
    '-bad-.example:9999',
    'a b:9999',
    'user@host:9999',
  ];
  for (const text of bad) assert.equal(parseAddress(text), undefined, text);
  for (const port of [0, -1, 1.5, Number.NaN, 65_536]) assert.equal(toAddress('1.2.3.4', port), undefined);
});

test('parsing never throws, and what it gives has a key that parses to the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.integer({ min: -2, max: 70_000 }), (host, port) => {
      parseAddress(host);
      const parsed = toAddress(host, port);
      if (parsed !== undefined) {
        const again = parseAddress(keyOf(parsed));
        assert.equal(again && keyOf(again), keyOf(parsed));
        assert.deepEqual(toAddress(parsed.host, parsed.port), parsed);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the group is the part of the network one owner is likely to hold', () => {
  const groups: [string, string][] = [
    ['1.2.3.4:9999', '1.2.0.0/16'],
    ['[2a01:4f8:1:2::3]:9999', '2a01:4f8::/32'],
    ['[2a01:4f8:ffff::3]:9999', '2a01:4f8::/32'],
    ['[2002:102:304::1]:9999', '1.2.0.0/16'],
    ['[64:ff9b::102:304]:9999', '1.2.0.0/16'],
    ['[::ffff:0:102:304]:9999', '1.2.0.0/16'],
    ['[2001:0:1:2::fefd:fcfb]:9999', '1.2.0.0/16'],
    [`${ONION}:9999`, 'onion'],
    ['dashd:9999', 'name:dashd'],
  ];
  for (const [text, group] of groups) assert.equal(networkGroup(address(text)), group, text);
});

test('unroutable addresses are distinguished, and local ones pass on local networks', () => {
  const nowhere = [
    '0.0.0.0',
    '0.1.2.3',
    '100.64.0.1',
    '169.254.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '2001:db8::1',
    '2001:10::1',
    '2001:20::1',
    'fe80::1',
    'ff02::1',
  ];
  const local = ['127.0.0.1', '10.0.0.1', '172.16.0.1', '172.31.255.1', '192.168.1.1', '::1', 'fc00::1', 'fd12::1'];
  const anywhere = [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2a01:4f8::1',
    '2002:808:808::1',
    '64:ff9b::808:808',
    ONION,
  ];
  const passes = (host: string, network: 'mainnet' | 'testnet' | 'devnet' | 'regtest') => {
    const parsed = toAddress(host, 9999);
    assert.ok(parsed, host);
    return isRoutable(parsed, network);
  };
  for (const network of ['mainnet', 'testnet', 'devnet', 'regtest'] as const) {
    const isLocal = network === 'devnet' || network === 'regtest';
    for (const host of nowhere) assert.equal(passes(host, network), false, `${host} on ${network}`);
    for (const host of local) assert.equal(passes(host, network), isLocal, `${host} on ${network}`);
    for (const host of anywhere) assert.equal(passes(host, network), true, `${host} on ${network}`);
    assert.equal(passes('dashd', network), false);
  }
});

test('ports: the own, another service’s, any other', () => {
  assert.equal(portStanding(9999, 'mainnet'), 'standard');
  assert.equal(portStanding(19999, 'testnet'), 'standard');
  assert.equal(portStanding(9999, 'testnet'), 'foreign');
  assert.equal(portStanding(19999, 'mainnet'), 'other');
  assert.equal(portStanding(22, 'mainnet'), 'foreign');
  assert.equal(portStanding(1023, 'regtest'), 'foreign');
  assert.equal(portStanding(1024, 'regtest'), 'other');
  assert.equal(portStanding(8333, 'mainnet'), 'foreign');
});
