import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeConfig, formatConfigError } from '../../src/config/config.js';
import { envName, flagName, isSecret, KEYS } from '../../src/config/settings.js';
import { NETWORKS } from '../../src/wire/network.js';
import { ALONE, CURVE, EXAMPLES, nested, PUBLIC, SECRET } from './examples.js';
import { at, bad, type Given, good, yaml } from './support.js';

describe('config', () => {
  test('has the documented defaults', () => {
    assert.deepEqual(good({}).config, {
      network: 'mainnet',
      dashd: {
        rpc: { url: 'http://127.0.0.1:9998', cookieFile: '/home/pool/.dashcore/.cookie' },
        p2p: { host: '127.0.0.1', port: 9999, family: 'ipv4' },
        zmq: { url: 'tcp://127.0.0.1:28332' },
      },
      pool: { bind: 'tcp://127.0.0.1:28500', allowInsecureBind: false, curve: { enabled: false, allowedClients: [] } },
      events: { bind: 'tcp://127.0.0.1:28501', allowInsecureBind: false },
      broadcast: {
        enabled: true,
        maxPeers: 20,
        minPeers: 5,
        maxMemory: 268_435_456,
        refreshInterval: 60,
        learned: true,
        skipBootstrap: false,
        peerDb: 'data/dash/broadcast_peers.json',
        fallback: true,
        weights: { known: 100, heard: 50, success: 100, hour: 50, sixHours: 30, day: 10, older: 20, fromDashd: 30 },
      },
      quorum: { maxPeers: 400 },
      locks: { relay: true, forecast: 15 },
      witnesses: { count: 8 },
      peers: [],
      http: {
        enabled: true,
        host: '127.0.0.1',
        port: 8080,
        user: 'blockcast',
        allowInsecureBind: false,
        reverseProxies: [],
      },
      proxy: { enabled: false, host: '127.0.0.1', port: 28_502, allowInsecureBind: false },
      history: { file: 'data/dash/block_history.jsonl', maxBlocks: 10_000, anatomy: true },
      spool: { enabled: true, dir: 'data/dash/spool', maxBlocks: 2_000, maxBytes: 268_435_456 },
      tor: { mode: 'off', proxy: { host: '127.0.0.1', port: 9_050 } },
      alerts: { repeatAfter: 3_600, maxPerHour: 30 },
      log: { level: 'info', format: 'auto' },
    });
    assert.deepEqual(good({}).warnings, []);
    const { warnings } = good({ options: { 'broadcast-rehearsal-interval': '1' } });
    assert.match(warnings.join(), /^broadcast\.rehearsalInterval: deprecated, has no effect; remove it/);
  });

  for (const [network, folder, peerDb] of [
    ['mainnet', '', 'data/dash/broadcast_peers.json'],
    ['testnet', 'testnet3/', 'data/dash_testnet/broadcast_peers.json'],
    ['devnet', 'devnet/', 'data/dash_devnet/broadcast_peers.json'],
    ['regtest', 'regtest/', 'data/dash_regtest/broadcast_peers.json'],
  ] as const) {
    test(`takes ports and files from ${network}`, () => {
      const { config } = good({ options: { network, peers: 'a.example' } });
      const { p2pPort, rpcPort } = NETWORKS[network];
      assert.equal(config.dashd.rpc.url, `http://127.0.0.1:${rpcPort}`);
      assert.equal(config.dashd.rpc.cookieFile, `/home/pool/.dashcore/${folder}.cookie`);
      assert.equal(config.dashd.p2p.port, p2pPort);
      assert.equal(config.broadcast.peerDb, peerDb);
      assert.deepEqual(config.peers, [{ host: 'a.example', port: p2pPort, family: 'name' }]);
    });
  }

  test("looks for the cookie where Dash Core's data is on each system", () => {
    const cookie = (given: Given) => good(given).config.dashd.rpc.cookieFile;
    assert.equal(cookie({ platform: 'darwin' }), '/home/pool/Library/Application Support/DashCore/.cookie');
    assert.equal(
      cookie({ env: { HOME: 'C:\\Users\\pool' }, platform: 'win32' }),
      'C:\\Users\\pool\\AppData\\Roaming\\DashCore\\.cookie',
    );
    assert.equal(cookie({ env: { HOME: '' } }), '/.dashcore/.cookie');
  });

  test('is frozen all the way down', () => {
    const { config } = good({ options: { peers: 'a:1' } });
    for (const part of [config, config.dashd, config.dashd.rpc, config.pool.curve, config.peers, config.peers[0]]) {
      assert.ok(Object.isFrozen(part));
    }
  });

  for (const key of KEYS) {
    const { text, value, wrong, besides: env = {} } = EXAMPLES[key];
    describe(key, () => {
      const layers: [string, (text: string) => Given][] = [
        ['a file', (given) => ({ ...yaml(nested(key, given)), env })],
        ['the environment', (given) => ({ env: { ...env, [envName(key)]: given } })],
        ['the arguments', (given) => ({ env, options: { [flagName(key)]: given } })],
      ];
      for (const [name, given] of layers) {
        test(`is set by ${name}`, () => {
          assert.notDeepEqual(at(good({ env: ALONE.test(key) ? {} : env }).config, key), value);
          assert.deepEqual(at(good(given(text)).config, key), value);
        });
        test(`is refused by name when wrong in ${name}`, () => {
          const errors = bad(given(wrong));
          assert.deepEqual(
            errors.map((error) => error.key),
            [key],
          );
          const [error] = errors;
          assert.ok(error);
          const from = {
            'a file': 'blockcast.yaml',
            'the environment': envName(key),
            'the arguments': `--${flagName(key)}`,
          }[name];
          assert.equal(error.from, from);
          assert.match(error.remedy, /^Give .*\.$/);
          assert.equal(error.value, isSecret(key) ? '***' : JSON.stringify(wrong));
        });
      }
      test('the environment wins over a file, arguments over both', () => {
        const file = yaml(nested(key, wrong));
        assert.deepEqual(at(good({ ...file, env: { ...env, [envName(key)]: text } }).config, key), value);
        const options = { ...file.options, [flagName(key)]: text };
        assert.deepEqual(at(good({ ...file, options, env: { ...env, [envName(key)]: wrong } }).config, key), value);
      });
    });
  }

  test('masks addresses that hold secrets', () => {
    const options = { 'alerts-webhook-url': 'https://hooks.example/hunter2', 'http-password': 'hunter2' };
    const text = describeConfig(good({ options }).config);
    assert.ok(!text.includes('hunter2'), text);
    assert.match(text, /url: "\*\*\*"/);
  });

  test('is described without its secrets, in a form that can be read again', () => {
    const env = { ...CURVE, BLOCKCAST_POOL_CURVE_ENABLED: 'true', BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: PUBLIC };
    const options = { 'dashd-rpc-user': 'pool', 'dashd-rpc-password': 'hunter2', peers: '[::1]:1,a.example' };
    const { config } = good({ env, options });
    const text = describeConfig(config);
    assert.ok(!text.includes('hunter2') && !text.includes(SECRET), text);
    assert.match(text, /url: http:\/\/127\.0\.0\.1:9998/, 'a name that is a secret elsewhere is none here');
    assert.match(text, /password: "\*\*\*"/);
    assert.match(text, /- "\[::1\]:1"\n {2}- a\.example:9999/);
    const again = good({
      ...yaml(text),
      env: { BLOCKCAST_DASHD_RPC_PASSWORD: 'hunter2', BLOCKCAST_POOL_CURVE_SECRET_KEY: SECRET },
    });
    assert.deepEqual(again.config, config);
  });
});

describe('a devnet with a name', () => {
  test('has its cookie and its files in folders of its own', () => {
    const { config, warnings } = good({ options: { network: 'devnet', 'devnet-name': 'foo' } });
    assert.deepEqual(config.devnet, { name: 'foo' });
    assert.equal(config.dashd.rpc.cookieFile, '/home/pool/.dashcore/devnet-foo/.cookie');
    assert.equal(config.broadcast.peerDb, 'data/dash_devnet-foo/broadcast_peers.json');
    assert.equal(config.history.file, 'data/dash_devnet-foo/block_history.jsonl');
    assert.deepEqual(warnings, []);
  });

  test('is given a name that fits a user agent and a folder, and on a devnet alone', () => {
    for (const name of ['a b', '../x', 'a/b', 'ü', 'x'.repeat(65)]) {
      bad({ options: { network: 'devnet', 'devnet-name': name } });
    }
    assert.match(
      bad({ env: { BLOCKCAST_DEVNET_NAME: 'foo' } })
        .map(formatConfigError)
        .join(),
      /devnet\.name \(from BLOCKCAST_DEVNET_NAME\).*network is not devnet/,
    );
  });
});
