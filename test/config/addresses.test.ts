import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bad, good } from './support.js';

describe('config', () => {
  test('takes credentials out of the URL', () => {
    const { config } = good({ options: { 'dashd-rpc-url': 'https://us%65r:p%40ss@dashd.example:9998/wallet/w' } });
    assert.deepEqual(config.dashd.rpc, { url: 'https://dashd.example:9998/wallet/w', user: 'user', password: 'p@ss' });
  });

  for (const [text, url] of [
    ['http://dash_core:9998', 'http://dash_core:9998'],
    ['http://dashd.default.svc.cluster.local.:9998', 'http://dashd.default.svc.cluster.local.:9998'],
    ['http://[::1]:9998/', 'http://[::1]:9998'],
    ['HTTP://Dashd', 'http://dashd'],
    ['http://*:9998', 'http://127.0.0.1:9998'],
    ['http://0.0.0.0:9998/wallet/w', 'http://127.0.0.1:9998/wallet/w'],
    ['https://b\u00fccher.example', 'https://xn--bcher-kva.example'],
  ] as const) {
    test(`${text} is where dashd answers`, () =>
      assert.equal(good({ options: { 'dashd-rpc-url': text } }).config.dashd.rpc.url, url));
  }

  for (const password of ['p:a<s@s%w%rd', 'p%40%zz', '100%', 'a b"c', '%ff']) {
    test(`the password ${password} is taken out of a URL`, () => {
      const { config } = good({ options: { 'dashd-rpc-url': `http://pool:${password}@127.0.0.1:9998` } });
      assert.deepEqual(config.dashd.rpc, {
        url: 'http://127.0.0.1:9998',
        user: 'pool',
        password: password.replace('%40', '@'),
      });
    });
    test(`the password ${password} may stand by itself`, () => {
      const options = { 'dashd-rpc-user': 'pool', 'dashd-rpc-password': password };
      assert.equal(good({ options }).config.dashd.rpc.password, password);
    });
  }

  for (const text of [
    'http://',
    'http://a:0',
    'http://a:65536',
    'http://a b',
    'http://a/?x',
    'http://[::1',
    'http://127.1',
    'http://[fe80::1%eth0]:1',
    'http://:p@a',
    'ftp://a',
    'http://expyuzz4wqqyqhjn.onion',
    'http://a\n.b',
    // A user without a password, and passwords with a bare # or /.
    'http://user@127.0.0.1:9998',
    'http://user:@127.0.0.1:9998',
    'http://127.0.0.1:9998/#part',
    'http://127.0.0.1:9998#',
    'http://user#secret@127.0.0.1:9998',
    'http://user/secret@127.0.0.1:9998',
  ]) {
    test(`${JSON.stringify(text)} is not where dashd answers`, () =>
      assert.deepEqual(bad({ options: { 'dashd-rpc-url': text } })[0]?.key, 'dashd.rpc.url'));
  }

  test("a URL without a port, which HTTP's default would lead elsewhere, is warned about", () => {
    const warning = "dashd.rpc.url: the port is 80, HTTP's default; dashd's is 19998 on testnet.";
    const warnings = (url: string) => good({ options: { network: 'testnet', 'dashd-rpc-url': url } }).warnings;
    for (const url of ['http://127.0.0.1', 'http://127.0.0.1:', 'http://u:p@[::1]/'])
      assert.deepEqual(warnings(url), [warning]);
    for (const url of ['http://127.0.0.1:19998', 'https://127.0.0.1']) assert.deepEqual(warnings(url), []);
  });

  test('a wildcard, as it stands in dash.conf, is the local host when it is connected to', () => {
    for (const [text, url] of [
      ['tcp://*:28332', 'tcp://127.0.0.1:28332'],
      ['tcp://0.0.0.0:28332', 'tcp://127.0.0.1:28332'],
      ['tcp://[::]:28332', 'tcp://[::1]:28332'],
    ] as const) {
      assert.equal(good({ options: { 'dashd-zmq-url': text } }).config.dashd.zmq.url, url);
    }
    assert.equal(good({ options: { 'dashd-p2p-host': '*' } }).config.dashd.p2p.host, '127.0.0.1');
    assert.equal(good({ options: { 'dashd-p2p-host': '::' } }).config.dashd.p2p.host, '::1');
    assert.equal(
      bad({ options: { 'dashd-zmq-url': 'tcp://127.0.0.1:*' } })[0]?.problem,
      'has no host and port to connect to',
    );
  });
});
