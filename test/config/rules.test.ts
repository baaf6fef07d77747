import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatConfigError } from '../../src/config/config.js';
import { CURVE, SECRET } from './examples.js';
import { bad, type Given, good } from './support.js';

describe('config', () => {
  describe('rules', () => {
    const broken: [string, Given, string[]][] = [
      ['fewer peers at most than at least', { options: { 'broadcast-min-peers': '21' } }, ['broadcast.minPeers']],
      ['weights that do not fall', { options: { 'broadcast-weights-day': '31' } }, ['broadcast.weights.hour']],
      ['pages open to the world', { options: { 'http-host': '0.0.0.0' } }, ['http.host']],
      ['a proxy open to the world', { options: { 'proxy-host': '::', 'proxy-enabled': 'true' } }, ['proxy.host']],
      ['pages and proxy in one place', { options: { 'proxy-port': '8080', 'proxy-enabled': 'yes' } }, ['proxy.port']],
      ['a signature for no webhook', { options: { 'alerts-webhook-secret': 's' } }, ['alerts.webhook.secret']],
      ['a bot without a chat', { options: { 'alerts-telegram-token': 't' } }, ['alerts.telegram.token']],
      ['a chat without a bot', { options: { 'alerts-telegram-chat': '1' } }, ['alerts.telegram.chat']],
      ['a pool socket open to the world', { options: { 'pool-bind': 'tcp://0.0.0.0:28500' } }, ['pool.bind']],
      ['a pool socket on every interface', { options: { 'pool-bind': 'tcp://*:28500' } }, ['pool.bind']],
      ['a pool socket on IPv6', { options: { 'pool-bind': 'tcp://[::]:28500' } }, ['pool.bind']],
      ['a pool socket on a private network', { options: { 'pool-bind': 'tcp://192.168.1.2:28500' } }, ['pool.bind']],
      ['an events socket open to the world', { options: { 'events-bind': 'tcp://0.0.0.0:1' } }, ['events.bind']],
      [
        'a socket on every interface beside one on the same port',
        { options: { 'pool-bind': 'tcp://[::]:28501', 'pool-allow-insecure-bind': 'true' } },
        ['events.bind'],
      ],
      ['pages at the place of a socket', { options: { 'http-port': '28500' } }, ['http.port']],
      ['two sockets at one place', { options: { 'pool-bind': 'tcp://127.0.0.1:28501' } }, ['events.bind']],
      [
        'CURVE without anything',
        { options: { 'pool-curve-enabled': 'true' } },
        ['pool.curve.publicKey', 'pool.curve.secretKey', 'pool.curve.allowedClients'],
      ],
      ['a user without a password', { options: { 'dashd-rpc-user': 'u' } }, ['dashd.rpc.user']],
      ['a password without a user', { env: { BLOCKCAST_DASHD_RPC_PASSWORD: 'hunter2' } }, ['dashd.rpc.password']],
      [
        'a cookie besides a user',
        { options: { 'dashd-rpc-user': 'u', 'dashd-rpc-password': 'hunter2', 'dashd-rpc-cookie-file': 'c' } },
        ['dashd.rpc.cookieFile'],
      ],
      [
        'a cookie besides a user in the URL',
        { options: { 'dashd-rpc-url': 'http://u:hunter2@a', 'dashd-rpc-cookie-file': 'c' } },
        ['dashd.rpc.cookieFile'],
      ],
      [
        'a user besides one in the URL',
        { options: { 'dashd-rpc-url': 'http://u:hunter2@a', 'dashd-rpc-user': 'u', 'dashd-rpc-password': 'x' } },
        ['dashd.rpc.url'],
      ],
      [
        'a URL whose password could be a path',
        { options: { 'dashd-rpc-url': 'http://u:hunter2/x@a' } },
        ['dashd.rpc.url'],
      ],
    ];
    for (const [name, given, keys] of broken) {
      test(`refuse ${name}`, () => {
        const errors = bad(given);
        assert.deepEqual(
          errors.map((error) => error.key),
          keys,
        );
        assert.ok(!errors.map(formatConfigError).join().includes('hunter2'));
      });
    }

    test('are not held against a setting that is wrong by itself, and all errors come at once', () => {
      const options = {
        'broadcast-min-peers': '50',
        'broadcast-max-peers': 'lots',
        'log-level': 'loud',
        'pool-bind': 'tcp://*:1',
      };
      assert.deepEqual(
        bad({ options }).map((error) => error.key),
        ['broadcast.maxPeers', 'log.level', 'pool.bind'],
      );
    });

    test('let a pool socket beyond loopback pass with CURVE, or when configured so', () => {
      const env = { ...CURVE, BLOCKCAST_POOL_CURVE_ENABLED: 'true', BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET };
      assert.deepEqual(good({ options: { 'pool-bind': 'tcp://*:28500' }, env }).warnings, []);
      const { warnings } = good({ options: { 'pool-bind': 'tcp://*:28500', 'pool-allow-insecure-bind': 'true' } });
      assert.deepEqual(warnings, ['pool.bind: anyone who reaches tcp://*:28500 can push blocks, unencrypted.']);
    });

    for (const local of [
      'tcp://127.0.0.1:1',
      'tcp://127.9.9.9:1',
      'tcp://localhost:1',
      'tcp://[::1]:*',
      'ipc:///x',
      'tcp://127.0.0.1:0',
    ]) {
      test(`take ${local} for local`, () =>
        assert.equal(good({ options: { 'pool-bind': local } }).config.pool.bind, local.replace(/:0$/, ':*')));
    }
  });

  describe('Tor for everything', () => {
    const ONION = `${'a'.repeat(55)}d.onion`;
    const all = (options: Record<string, string>): Given => ({ options: { 'tor-mode': 'all', ...options } });

    for (const [name, options, key] of [
      ['a dashd elsewhere', { 'dashd-p2p-host': '203.0.113.7' }, 'dashd.p2p.host'],
      ['a dashd by its name', { 'dashd-p2p-host': 'dashd' }, 'dashd.p2p.host'],
      ['RPC elsewhere', { 'dashd-rpc-url': 'https://203.0.113.7:9998' }, 'dashd.rpc.url'],
      ['RPC by a name', { 'dashd-rpc-url': 'http://localhost:9998' }, 'dashd.rpc.url'],
      ['a feed elsewhere', { 'dashd-zmq-url': 'tcp://[2001:db8::1]:28332' }, 'dashd.zmq.url'],
      ['a feed by a name', { 'dashd-zmq-url': 'tcp://dashd:28332' }, 'dashd.zmq.url'],
      ['NATS servers elsewhere', { 'cluster-servers': 'tls://203.0.113.7', 'cluster-relay': 'eu' }, 'cluster.servers'],
      ['a NATS server by its name', { 'cluster-servers': 'tls://nats', 'cluster-relay': 'eu' }, 'cluster.servers'],
      ['a proxy by its name', { 'tor-proxy': 'tor:9050' }, 'tor.proxy'],
      ['a pool socket by a name', { 'pool-bind': 'tcp://localhost:28500' }, 'pool.bind'],
      ['pages by a name', { 'http-host': 'localhost' }, 'http.host'],
    ] as const) {
      test(`refuses ${name}, which would go beside it`, () => {
        assert.deepEqual(
          bad(all(options)).map((error) => error.key),
          [key],
        );
        good({ options: { ...options, 'tor-mode': 'onion' } });
      });
    }

    test('leaves the dashd on this machine or in a private network to direct connections', () => {
      for (const host of ['127.0.0.1', '10.0.0.5', '192.168.1.2', 'fd00::5', '::1']) {
        const at = host.includes(':') ? `[${host}]` : host;
        good(
          all({ 'dashd-p2p-host': host, 'dashd-rpc-url': `http://${at}:9998`, 'dashd-zmq-url': `tcp://${at}:28332` }),
        );
      }
      good(
        all({ 'dashd-zmq-url': 'none', 'tor-proxy': '10.0.0.9:9050', 'http-host': 'localhost', 'http-enabled': 'no' }),
      );
    });

    test('takes alerts to anywhere, which go through it', () => {
      const { config } = good(all({ 'alerts-webhook-url': 'https://hooks.example/x' }));
      assert.equal(config.alerts.webhook?.url, 'https://hooks.example/x');
    });

    test('an onion address without Tor, and the own dashd at one, are refused', () => {
      const hook = { 'alerts-webhook-url': `http://${ONION}/x` };
      assert.deepEqual(
        bad({ options: hook }).map(({ key }) => key),
        ['alerts.webhook.url'],
      );
      good({ options: { ...hook, 'tor-mode': 'onion' } });
      for (const mode of ['off', 'onion', 'all']) {
        const errors = bad({ options: { 'dashd-p2p-host': ONION, 'tor-mode': mode } });
        assert.deepEqual(
          errors.map(({ key }) => key),
          ['dashd.p2p.host'],
          mode,
        );
      }
    });
  });

  describe('of a cluster', () => {
    const servers = { BLOCKCAST_CLUSTER_SERVERS: '127.0.0.1', BLOCKCAST_CLUSTER_RELAY: 'eu' };

    test('want a name for the relay, whole credentials, and TLS to other hosts', () => {
      const keyOf = (env: Record<string, string>) => bad({ env }).map(({ key }) => key);
      assert.deepEqual(keyOf({ BLOCKCAST_CLUSTER_SERVERS: '127.0.0.1' }), ['cluster.relay']);
      assert.deepEqual(keyOf({ ...servers, BLOCKCAST_CLUSTER_USER: 'eu' }), ['cluster.password']);
      assert.deepEqual(keyOf({ ...servers, BLOCKCAST_CLUSTER_TLS_KEY: 'k' }), ['cluster.tls.cert']);
      assert.deepEqual(keyOf({ ...servers, BLOCKCAST_CLUSTER_SERVERS: 'nats://nats.example.org' }), [
        'cluster.servers',
      ]);
    });
    test('let a server on another host be without TLS where that is allowed, with a warning', () => {
      const env = { ...servers, BLOCKCAST_CLUSTER_SERVERS: 'nats://nats.example.org,tls://other.example.org' };
      const { config, warnings } = good({ env: { ...env, BLOCKCAST_CLUSTER_ALLOW_INSECURE: 'yes' } });
      assert.deepEqual(config.cluster?.servers, ['nats://nats.example.org:4222', 'tls://other.example.org:4222']);
      assert.match(warnings.join('\n'), /unencrypted/);
      assert.doesNotMatch(warnings.join('\n'), /other\.example/);
    });
  });

  test('addresses of every one are no reverse proxy', () => {
    for (const range of ['0.0.0.0/0', '::/0']) {
      const options = { 'http-host': '0.0.0.0', 'http-reverse-proxies': range };
      assert.match(bad({ options })[0]?.problem ?? '', /covers every address/);
    }
  });

  test('warns of what is allowed but doubtful', () => {
    const warned: [Given, RegExp][] = [
      [{ options: { 'events-bind': 'tcp://*:28501', 'events-allow-insecure-bind': 'true' } }, /^events\.bind: anyone/],
      [{ options: { 'http-host': '::', 'http-allow-insecure-bind': 'true' } }, /^http\.host: anyone/],
      [{ options: { 'dashd-rpc-url': 'http://10.0.0.1:9998' } }, /^dashd\.rpc\.url: the password crosses/],
      [{ options: { network: 'devnet' } }, /^devnet\.name: not set/],
      [{ options: { 'broadcast-skip-bootstrap': 'true' } }, /^peers: none are set/],
      [{ options: { peers: `${'a'.repeat(55)}d.onion` } }, /^peers: a+d\.onion:9999 is an onion address/],
      [{ options: { 'tor-mode': 'onion', 'tor-proxy': 'tor:9050' } }, /^tor\.proxy: the connections to tor:9050/],
      [{ options: { 'tor-mode': 'all' } }, /^quorum\.maxPeers: with tor\.mode all, 420 connections/],
      [{ options: { peers: '127.0.0.1' } }, /^peers: 127\.0\.0\.1:9999 is the local dashd/],
    ];
    for (const [given, pattern] of warned) {
      const { warnings } = good(given);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', pattern);
    }
  });

  test('pages may be seen from elsewhere with a password, or through the proxy that is named', () => {
    const http = (options: Record<string, string>) => good({ options: { 'http-host': '0.0.0.0', ...options } });
    assert.deepEqual(http({ 'http-password': 'p' }).warnings, [
      'http.host: the password crosses the network to 0.0.0.0 unencrypted.',
    ]);
    assert.deepEqual(http({ 'http-reverse-proxies': '10.0.0.1' }).warnings, []);
    assert.deepEqual(http({ 'http-enabled': 'false' }).warnings, []);
  });
});
