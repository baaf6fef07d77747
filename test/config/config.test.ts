import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { describeConfig, formatConfigError } from '../../src/config/config.js';
import {
  envName,
  FLAGS,
  flagName,
  isSecret,
  KEYS,
  type Key,
  secretFileEnvName,
  secretFileFlagName,
} from '../../src/config/settings.js';
import { NETWORKS } from '../../src/wire/network.js';
import { at, bad, type Given, good, load, yaml } from './support.js';

const PUBLIC = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';
const SECRET = 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs';
const CURVE = { BLOCKCAST_POOL_CURVE_PUBLIC_KEY: PUBLIC, BLOCKCAST_POOL_CURVE_SECRET_KEY: SECRET };

/** For each setting: a text that is not its default, and what becomes of it; and a text that it cannot be. */
const EXAMPLES: Readonly<
  Record<Key, { text: string; value: unknown; wrong: string; besides?: Record<string, string> }>
> = {
  network: { text: 'regtest', value: 'regtest', wrong: 'main' },
  'devnet.name': { text: 'foo', value: 'foo', wrong: 'a b', besides: { BLOCKCAST_NETWORK: 'devnet' } },
  'dashd.rpc.url': { text: 'http://10.1.2.3:1234', value: 'http://10.1.2.3:1234', wrong: 'tcp://x' },
  'dashd.rpc.user': { text: 'pool', value: 'pool', wrong: 'a:b', besides: { BLOCKCAST_DASHD_RPC_PASSWORD: 'p' } },
  'dashd.rpc.password': { text: '0123', value: '0123', wrong: 'a\nb', besides: { BLOCKCAST_DASHD_RPC_USER: 'u' } },
  'dashd.rpc.cookieFile': { text: '~/.cookie', value: '/home/pool/.cookie', wrong: 'a\0b' },
  'dashd.p2p.host': { text: 'dashd', value: 'dashd', wrong: 'not a host' },
  'dashd.p2p.port': { text: '1234', value: 1234, wrong: '0' },
  'dashd.zmq.url': { text: 'none', value: '', wrong: 'localhost:28332' },
  'pool.bind': { text: 'ipc:///run/blockcast', value: 'ipc:///run/blockcast', wrong: 'tcp://127.0.0.1' },
  'pool.allowInsecureBind': { text: 'true', value: true, wrong: 'maybe' },
  'pool.curve.enabled': {
    text: 'yes',
    value: true,
    wrong: '2',
    besides: { ...CURVE, BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET },
  },
  'pool.curve.publicKey': {
    text: PUBLIC,
    value: PUBLIC,
    wrong: 'short',
    besides: {
      BLOCKCAST_POOL_CURVE_ENABLED: 'true',
      BLOCKCAST_POOL_CURVE_SECRET_KEY: SECRET,
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET,
    },
  },
  'pool.curve.secretKey': {
    text: SECRET,
    value: SECRET,
    wrong: 'short',
    besides: {
      BLOCKCAST_POOL_CURVE_ENABLED: 'true',
      BLOCKCAST_POOL_CURVE_PUBLIC_KEY: PUBLIC,
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET,
    },
  },
  'pool.curve.allowedClients': {
    text: `${SECRET},${SECRET}`,
    value: [SECRET, PUBLIC],
    wrong: 'short',
    besides: { ...CURVE, BLOCKCAST_POOL_CURVE_ENABLED: 'true' },
  },
  'events.bind': { text: 'tcp://[::1]:1', value: 'tcp://[::1]:1', wrong: 'tcp://::1:1' },
  'events.allowInsecureBind': { text: 'on', value: true, wrong: 'maybe' },
  'broadcast.enabled': { text: 'off', value: false, wrong: 'nope' },
  'broadcast.maxPeers': { text: '125', value: 125, wrong: '20x' },
  'broadcast.minPeers': { text: '0', value: 0, wrong: '-1' },
  'broadcast.maxMemory': { text: '20000000', value: 20_000_000, wrong: '15999999' },
  'broadcast.refreshInterval': { text: '5', value: 5, wrong: '1.5' },
  'broadcast.rehearsalInterval': { text: '0', value: 0, wrong: '0.5' },
  'broadcast.skipBootstrap': { text: 'TRUE', value: true, wrong: 'no way' },
  'broadcast.peerDb': { text: '/var/lib/peers.json', value: '/var/lib/peers.json', wrong: 'a\0' },
  'broadcast.countryDb': { text: '/var/lib/country.mmdb', value: '/var/lib/country.mmdb', wrong: 'a\0' },
  'broadcast.fallback': { text: '0', value: false, wrong: 'never' },
  'broadcast.weights.known': { text: '120', value: 120, wrong: '-1' },
  'broadcast.weights.heard': { text: '40', value: 40, wrong: 'many' },
  'broadcast.weights.success': { text: '200', value: 200, wrong: '10001' },
  'broadcast.weights.hour': { text: '60', value: 60, wrong: '1.5' },
  'broadcast.weights.sixHours': { text: '31', value: 31, wrong: '0x1f' },
  'broadcast.weights.day': { text: '11', value: 11, wrong: 'x' },
  'broadcast.weights.older': { text: '0', value: 0, wrong: '-20' },
  'broadcast.weights.fromDashd': { text: '0', value: 0, wrong: 'no' },
  peers: {
    text: 'a.example:1, 203.0.113.7 ,[2001:db8::1]:2,[::1],A.example:1',
    value: [
      { host: 'a.example', port: 1, family: 'name' },
      { host: '203.0.113.7', port: 9999, family: 'ipv4' },
      { host: '2001:db8::1', port: 2, family: 'ipv6' },
      { host: '::1', port: 9999, family: 'ipv6' },
    ],
    wrong: 'a.example:1,::g',
  },
  'http.enabled': { text: 'no', value: false, wrong: 'nope' },
  'http.host': {
    text: '0.0.0.0',
    value: '0.0.0.0',
    wrong: '0x7f.1',
    besides: { BLOCKCAST_HTTP_PASSWORD: 'p' },
  },
  'http.port': { text: '0', value: 0, wrong: '65536' },
  'http.user': { text: 'operator', value: 'operator', wrong: 'a:b' },
  'http.password': { text: '0123', value: '0123', wrong: 'a\nb' },
  'http.allowInsecureBind': { text: '1', value: true, wrong: 'maybe' },
  'http.reverseProxies': {
    text: '127.0.0.1, 172.16.0.0/12,2001:db8::/32',
    value: ['127.0.0.1', '172.16.0.0/12', '2001:db8::/32'],
    wrong: '127.0.0.1,0x7f.1/33',
  },
  'proxy.enabled': { text: 'on', value: true, wrong: 'maybe' },
  'proxy.host': { text: '[::1]', value: '::1', wrong: '*' },
  'proxy.port': { text: '9998', value: 9998, wrong: '-1' },
  'proxy.allowInsecureBind': { text: 'true', value: true, wrong: 'sure' },
  'history.file': { text: '/var/lib/blocks.jsonl', value: '/var/lib/blocks.jsonl', wrong: 'a\0' },
  'history.maxBlocks': { text: '5', value: 5, wrong: '0' },
  'spool.enabled': { text: 'false', value: false, wrong: 'never' },
  'spool.dir': { text: '/var/lib/spool', value: '/var/lib/spool', wrong: 'a\0' },
  'spool.maxBlocks': { text: '5', value: 5, wrong: '0' },
  'spool.maxBytes': { text: '5000000', value: 5_000_000, wrong: '3999999' },
  'alerts.webhook.url': { text: 'https://hooks.example/x', value: 'https://hooks.example/x', wrong: 'ftp://x' },
  'alerts.webhook.secret': {
    text: '0123',
    value: '0123',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_WEBHOOK_URL: 'https://hooks.example' },
  },
  'alerts.telegram.token': {
    text: '12:ab',
    value: '12:ab',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_CHAT: '@pool' },
  },
  'alerts.telegram.chat': {
    text: '-100123',
    value: '-100123',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_TOKEN: '12:ab' },
  },
  'alerts.telegram.api': {
    text: 'http://127.0.0.1:8081',
    value: 'http://127.0.0.1:8081',
    wrong: 'telegram',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_TOKEN: '12:ab', BLOCKCAST_ALERTS_TELEGRAM_CHAT: '@pool' },
  },
  'alerts.repeatAfter': { text: '0', value: 0, wrong: '-1' },
  'alerts.maxPerHour': { text: '5', value: 5, wrong: '0' },
  'log.level': { text: 'critical', value: 'critical', wrong: 'INFO' },
  'log.format': { text: 'json', value: 'json', wrong: 'xml' },
};

/** Settings that cannot stand at their defaults beside what their example needs. */
const ALONE = /^(dashd\.rpc|pool\.curve|alerts)\./;

function nested(key: Key, value: unknown): string {
  return stringify(key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
}

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
        skipBootstrap: false,
        peerDb: 'data/dash/broadcast_peers.json',
        fallback: true,
        weights: { known: 100, heard: 50, success: 100, hour: 50, sixHours: 30, day: 10, older: 20, fromDashd: 30 },
      },
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
      history: { file: 'data/dash/block_history.jsonl', maxBlocks: 10_000 },
      spool: { enabled: true, dir: 'data/dash/spool', maxBlocks: 2_000, maxBytes: 268_435_456 },
      alerts: { repeatAfter: 3_600, maxPerHour: 30 },
      log: { level: 'info', format: 'auto' },
    });
    assert.deepEqual(good({}).warnings, []);
    const { warnings } = good({ options: { 'broadcast-rehearsal-interval': '1' } });
    assert.match(warnings.join(), /^broadcast\.rehearsalInterval: it has no effect any more; remove it/);
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

  describe('secrets in files of their own', () => {
    const files = { '/run/secrets/http': 'pass word\n' };
    test('are read without the end of the line', () => {
      for (const key of KEYS.filter(isSecret)) {
        assert.match(secretFileEnvName(key), /^BLOCKCAST_[A-Z_]+_FILE$/);
      }
      const env = { BLOCKCAST_HTTP_PASSWORD_FILE: '/run/secrets/http' };
      assert.equal(good({ files, env }).config.http.password, 'pass word');
    });
    test('that end with several line ends, or begin with a byte-order mark, are read like any other', () => {
      const env = { BLOCKCAST_HTTP_PASSWORD_FILE: 'f' };
      for (const text of ['p\n\n', 'p\r\n\r\n', '\uFEFFp', 'p \t\n', 'p']) {
        assert.equal(good({ files: { f: text }, env }).config.http.password, 'p');
      }
    });
    test('that are empty, or have no name, are not given', () => {
      assert.deepEqual(
        good({ files: { f: '\n' }, env: { BLOCKCAST_HTTP_PASSWORD_FILE: 'f' } }).config,
        good({}).config,
      );
      const env = { BLOCKCAST_HTTP_PASSWORD_FILE: '', BLOCKCAST_HTTP_PASSWORD: 'p' };
      assert.equal(good({ env }).config.http.password, 'p');
    });
    test('are named by the configuration file, by a variable or by a flag', () => {
      for (const key of KEYS.filter(isSecret)) {
        const { text, value, besides: env = {} } = EXAMPLES[key];
        const files = { 'secret.txt': `${text}\n` };
        const file = stringify(
          `${key}File`.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'secret.txt'),
        );
        for (const given of [
          { env, files: { ...files, 'blockcast.yaml': file }, options: { config: 'blockcast.yaml' } },
          { env: { ...env, [secretFileEnvName(key)]: 'secret.txt' }, files },
          { env, files, options: { [secretFileFlagName(key)]: 'secret.txt' } },
        ]) {
          assert.deepEqual(at(good(given).config, key), value);
        }
      }
    });
    test('that cannot be read are named', () => {
      const lines = bad({ env: { BLOCKCAST_HTTP_PASSWORD_FILE: '/nowhere' } }).map(formatConfigError);
      assert.deepEqual(lines, [
        'BLOCKCAST_HTTP_PASSWORD_FILE (from environment): "/nowhere" cannot be read: ENOENT. Give the path of a file that this user may read.',
      ]);
    });
    test('are not asked for twice', () => {
      const env = { BLOCKCAST_HTTP_PASSWORD: 'a', BLOCKCAST_HTTP_PASSWORD_FILE: '/run/secrets/http' };
      const [error] = bad({ files, env });
      assert.equal(error?.problem, 'is already set by BLOCKCAST_HTTP_PASSWORD');
    });
    test('only secrets have them', () => {
      const [error] = bad({ files, env: { BLOCKCAST_NETWORK_FILE: '/run/secrets/http' } });
      assert.equal(error?.problem, 'is not a setting');
    });
    test('whose content is wrong are refused without it', () => {
      const env = { BLOCKCAST_HTTP_PASSWORD_FILE: 'two' };
      const lines = bad({ files: { two: 'hunter2\nhunter2' }, env }).map(formatConfigError);
      assert.match(lines.join(), /^http\.password \(from BLOCKCAST_HTTP_PASSWORD_FILE\): \*\*\* contains control/);
      assert.ok(!lines.join().includes('hunter2'));
    });
  });

  describe('what is given', () => {
    const BOM = '\uFEFF';
    for (const key of KEYS) {
      const { text, value, wrong, besides: env = {} } = EXAMPLES[key];
      const layers: [string, (text: string | null) => Given][] = [
        ['a file', (given) => ({ ...yaml(nested(key, given)), env })],
        ['the environment', (given) => ({ env: { ...env, [envName(key)]: given ?? '' } })],
        ['the arguments', (given) => ({ env, options: { [flagName(key)]: given ?? '' } })],
      ];
      for (const [name, given] of layers) {
        test(`${key}: blanks, line ends and a byte-order mark in ${name} are no part of it`, () => {
          for (const around of [`${text}\r\n\r\n`, `  ${text}\t \n`, `${BOM}${text}\n`]) {
            assert.deepEqual(at(good(given(around)).config, key), value);
          }
        });
        test(`${key}: empty in ${name} is not given`, () => {
          const without = load({ env });
          for (const empty of ['', ' ', '\r\n', BOM, null]) assert.deepEqual(load(given(empty)), without);
        });
      }
      test(`${key}: what is empty leaves the file's value as it is`, () => {
        const file = yaml(nested(key, text));
        const options = { ...file.options, [flagName(key)]: ' ' };
        assert.deepEqual(at(good({ ...file, options, env: { ...env, [envName(key)]: '' } }).config, key), value);
        assert.notEqual(wrong.trim(), '', 'an empty text cannot be wrong');
      });
    }

    test('empty entries of a list are none', () => {
      const { config } = good({ env: { BLOCKCAST_PEERS: 'a.example:1,, ,b.example:2,\n' } });
      assert.deepEqual(
        config.peers.map(({ host }) => host),
        ['a.example', 'b.example'],
      );
      assert.deepEqual(good(yaml('peers: ["", null, " "]')).config.peers, []);
    });

    test('a file may begin with a byte-order mark and end its lines with CRLF', () => {
      for (const [path, text] of [
        ['a.yaml', 'broadcast:\r\n  maxPeers: 30\r\n'],
        ['a.json', '{"broadcast":{"maxPeers":30}}\r\n'],
      ] as const) {
        const { config } = good({ options: { config: path }, files: { [path]: BOM + text } });
        assert.equal(config.broadcast.maxPeers, 30);
      }
    });

    test('a path begins with ~/ for the home directory, whatever it is the path of', () => {
      const files = { '/home/pool/b.yaml': 'history: {file: ~/blocks.jsonl}', '/home/pool/secret': 'hunter2' };
      const env = { BLOCKCAST_HTTP_PASSWORD_FILE: '~/secret', BLOCKCAST_BROADCAST_PEER_DB: '~/peers.json' };
      const { config } = good({ options: { config: '~/b.yaml' }, env, files });
      assert.equal(config.history.file, '/home/pool/blocks.jsonl');
      assert.equal(config.broadcast.peerDb, '/home/pool/peers.json');
      assert.equal(config.http.password, 'hunter2');
      const [error] = bad({ env: { HOME: '', BLOCKCAST_BROADCAST_PEER_DB: '~/peers.json' } });
      assert.equal(error?.problem, 'starts with ~, and the environment has no HOME');
    });
  });

  describe('files', () => {
    test('may be YAML, JSON or JSON5', () => {
      const cases = {
        'a.yaml': 'broadcast:\n  maxPeers: 30\npeers:\n  - "[::1]:1"\n',
        'a.YML': 'broadcast: {maxPeers: 30}\npeers: ["[::1]:1"]',
        'a.json': '{"broadcast":{"maxPeers":30},"peers":["[::1]:1"]}',
        'a.json5': '// peers\n{broadcast:{maxPeers:30,},peers:["[::1]:1"]}',
      };
      for (const [path, text] of Object.entries(cases)) {
        const { config } = good({ options: { config: path }, files: { [path]: text } });
        assert.equal(config.broadcast.maxPeers, 30, path);
        assert.deepEqual(config.peers, [{ host: '::1', port: 1, family: 'ipv6' }], path);
      }
    });

    test('may be named by the environment; the argument wins', () => {
      const files = { 'env.yaml': 'network: testnet', 'arg.yaml': 'network: regtest' };
      const env = { BLOCKCAST_CONFIG: 'env.yaml' };
      assert.equal(good({ files, env }).config.network, 'testnet');
      assert.equal(good({ files, env, options: { config: 'arg.yaml' } }).config.network, 'regtest');
    });

    test('may be empty, and so may sections', () => {
      assert.deepEqual(good(yaml('')).config, good({}).config);
      assert.deepEqual(good(yaml('dashd:\nbroadcast: {}')).config, good({}).config);
    });

    const wrong: [string, Given, string][] = [
      [
        'that are not there',
        { options: { config: 'x.yaml' } },
        'config (from --config): "x.yaml" cannot be read: ENOENT. Give the path of a file that this user may read.',
      ],
      [
        'that are of no known type',
        { options: { config: 'x.toml' }, files: { 'x.toml': '' } },
        'config (from x.toml): is of an unknown type: its name must end in .yaml, .yml, .json or .json5. Correct the file.',
      ],
      [
        'that are not YAML',
        yaml('a: [hunter2\nb: }'),
        'config (from blockcast.yaml): is not YAML: bad indent at line 2, column 1. Correct the file.',
      ],
      [
        'whose aliases lead nowhere',
        yaml('dashd: *hunter2'),
        'config (from blockcast.yaml): is not YAML that can be read: nested too deeply, or its aliases do not resolve. Correct the file.',
      ],
      [
        'that are not JSON',
        { options: { config: 'x.json' }, files: { 'x.json': '{"password": hunter2}' } },
        'config (from x.json): is not JSON or JSON5 at line 1, column 14. Correct the file.',
      ],
      [
        'that are a list',
        yaml('- a'),
        'config (from blockcast.yaml): is a section, not a value. Write its settings below it, one a line.',
      ],
      [
        'with a value for a section',
        yaml('dashd: {rpc: hunter2}'),
        'dashd.rpc (from blockcast.yaml): is a section, not a value. Write its settings below it, one a line.',
      ],
      [
        'with a section for a value',
        yaml('network: {a: {b: {c: 1}}}'),
        'network (from blockcast.yaml): is a value, not a section. Give it one value.',
      ],
      [
        'with a misspelt key',
        yaml('dashd: {rpc: {pasword: hunter2}}'),
        'dashd.rpc.pasword (from blockcast.yaml): is not a setting. Did you mean dashd.rpc.password?',
      ],
      [
        'with a misspelt section',
        yaml('brodcast: {maxPeers: 1}'),
        'brodcast (from blockcast.yaml): is not a setting. Did you mean broadcast?',
      ],
      [
        'with another key',
        yaml('colourOfTheShed: 1'),
        'colourOfTheShed (from blockcast.yaml): is not a setting. Remove it.',
      ],
      [
        'that reach for the prototype',
        yaml('__proto__: {polluted: 1}\ndashd: {constructor: {prototype: {x: 1}}}'),
        '__proto__ (from blockcast.yaml): is not a setting. Remove it.',
      ],
      [
        'with a number for a text',
        yaml('dashd: {rpc: {user: u, password: 0123}}'),
        'dashd.rpc.password (from blockcast.yaml): *** is not text. Give text, in quotes where it could be taken for a number.',
      ],
      [
        'with a wrong peer',
        yaml('peers: [a:1, "::g", 5]'),
        'peers (from blockcast.yaml): ["a:1","::g",5] has wrong entries: entry 2 "::g" has no valid host; entry 3 is not text. Give a list of host:port, such as node.example.org:9999, 203.0.113.7 or [2001:db8::1]:9999.',
      ],
    ];
    for (const [name, given, line] of wrong) {
      test(`${name} are named, with a remedy and without their contents`, () => {
        const lines = bad(given).map(formatConfigError);
        assert.equal(lines[0], line);
        assert.ok(!lines.join().includes('hunter2'));
      });
    }
    test('leave no trace on prototypes', () => {
      load(
        yaml('__proto__: {polluted: 1}\ndashd: {__proto__: {polluted: 1}, constructor: {prototype: {polluted: 1}}}'),
      );
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    });
  });

  describe('garbage never throws', () => {
    const path = fc.constantFrom('x.yaml', 'x.json', 'x.json5', 'x', '');
    const loaded = (text: string, name: string) => {
      const result = load({ options: { config: name }, files: { [name]: text } });
      if (!result.ok) for (const error of result.errors) assert.match(formatConfigError(error), /\.$|\?$/s);
    };
    test('as text', () => {
      fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), path, loaded), { numRuns: 500 });
    });
    test('as any JSON', () => {
      fc.assert(fc.property(fc.json(), path, loaded), { numRuns: 300 });
    });
    test('as any value of any setting', () => {
      const key = fc.constantFrom(...KEYS);
      fc.assert(
        fc.property(key, fc.jsonValue(), (name, value) => loaded(nested(name, value), 'x.yaml')),
        { numRuns: 500 },
      );
      fc.assert(
        fc.property(key, fc.string({ unit: 'binary' }), (name, value) => {
          load({ env: { [envName(name)]: value }, options: { [flagName(name)]: value } });
        }),
        { numRuns: 500 },
      );
    });
    test('nested without end', () => {
      for (const text of ['['.repeat(100_000), '{a: '.repeat(20_000), `a: ${'['.repeat(50_000)}`]) {
        loaded(text, 'x.yaml');
        loaded(text, 'x.json');
      }
    });
  });

  describe('names', () => {
    test('of variables and flags follow from the key', () => {
      assert.equal(envName('dashd.rpc.cookieFile'), 'BLOCKCAST_DASHD_RPC_COOKIE_FILE');
      assert.equal(flagName('pool.curve.allowedClients'), 'pool-curve-allowed-clients');
      assert.equal(new Set(FLAGS.map((flag) => flag.name)).size, KEYS.length + 2);
    });

    const flags: [Record<string, string>, Key, unknown][] = [
      [{ 'broadcast-enabled': 'true' }, 'broadcast.enabled', true],
      [{ 'broadcast-peers': 'false' }, 'broadcast.enabled', false],
      [{ 'broadcast-peers': 'true' }, 'broadcast.enabled', true],
      [{ 'broadcast-max-peers': '30' }, 'broadcast.maxPeers', 30],
      [{ 'broadcast-min-peers': '3' }, 'broadcast.minPeers', 3],
      [{ 'broadcast-refresh-interval': '30' }, 'broadcast.refreshInterval', 30],
      [{ 'broadcast-skip-bootstrap': 'true' }, 'broadcast.skipBootstrap', true],
      [{ 'broadcast-peer-db': 'x.json' }, 'broadcast.peerDb', 'x.json'],
      [{ 'broadcast-no-fallback': 'true' }, 'broadcast.fallback', false],
      [{ 'broadcast-no-fallback': 'false' }, 'broadcast.fallback', true],
    ];
    for (const [options, key, value] of flags) {
      test(`--${Object.entries(options).join('').replace(',', '=')} sets ${key} to ${value}`, () => {
        // The opposite in the environment, so that a flag that does nothing is noticed.
        const env = typeof value === 'boolean' ? { [envName(key)]: String(!value) } : {};
        assert.equal(at(good({ options, env }).config, key), value);
      });
    }

    const unknown: [string, Given, string][] = [
      [
        'a flag',
        { options: { 'dashd-rpc-pasword': 'hunter2' } },
        '--dashd-rpc-pasword (from arguments): is not a flag. Did you mean --dashd-rpc-password?',
      ],
      [
        'a variable',
        { env: { BLOCKCAST_DASHD_RPC_PASSWROD: 'hunter2' } },
        'BLOCKCAST_DASHD_RPC_PASSWROD (from environment): is not a setting. Did you mean BLOCKCAST_DASHD_RPC_PASSWORD?',
      ],
      ['another variable', { env: { BLOCKCAST_X: '' } }, 'BLOCKCAST_X (from environment): is not a setting. Unset it.'],
      [
        'an ambiguity',
        { options: { 'broadcast-fallback': 'true', 'broadcast-no-fallback': 'true' } },
        '--broadcast-no-fallback (from arguments): is already set by --broadcast-fallback. Give only one of them.',
      ],
      [
        'a wrong opposite',
        { options: { 'broadcast-no-fallback': 'x' } },
        'broadcast.fallback (from --broadcast-no-fallback): "x" is neither true nor false. Give true or false (or yes, no, on, off, 1, 0).',
      ],
    ];
    for (const [name, given, line] of unknown) {
      test(`${name} that is not known is named`, () => assert.deepEqual(bad(given).map(formatConfigError), [line]));
    }

    for (const [name, value] of Object.entries({
      BLOCKCAST_SERVICE_HOST: '10.96.0.7',
      BLOCKCAST_SERVICE_PORT: '28500',
      BLOCKCAST_SERVICE_PORT_HTTP: '8080',
      BLOCKCAST_PORT: 'tcp://10.96.0.7:28500',
      BLOCKCAST_PORT_28500_TCP: 'tcp://10.96.0.7:28500',
      BLOCKCAST_PORT_28500_TCP_PROTO: 'tcp',
      BLOCKCAST_PORT_28500_TCP_PORT: '28500',
      BLOCKCAST_PORT_28500_TCP_ADDR: '10.96.0.7',
      BLOCKCAST_METRICS_SERVICE_HOST: '10.96.0.8',
      BLOCKCAST_METRICS_PORT_8080_TCP_ADDR: 'fd00::8',
      BLOCKCAST_NAME: '/web/blockcast',
      BLOCKCAST_ENV_NODE_VERSION: '24',
    })) {
      test(`${name} is an orchestrator's, for a service named like us`, () =>
        assert.deepEqual(good({ env: { [name]: value } }).warnings, []));
    }

    test('the address of a service is no port of ours, and that it is ignored is told', () => {
      const { config, warnings } = good({ env: { BLOCKCAST_HTTP_PORT: 'tcp://10.96.0.9:80' } });
      assert.equal(config.http.port, 8_080);
      assert.match(warnings.join(), /^BLOCKCAST_HTTP_PORT: ignored, it is a service's address/);
    });

    for (const [name, value] of Object.entries({
      BLOCKCAST_PORT: '8080',
      BLOCKCAST_NAME: 'web',
      BLOCKCAST_SERVICE: 'x',
      BLOCKCAST_HTTP_PROT: '80',
    })) {
      test(`${name}=${value} is a misspelt setting`, () =>
        assert.deepEqual(bad({ env: { [name]: value } })[0]?.key, name));
    }

    test("of other programs' variables are none of ours", () => {
      assert.ok(load({ env: { PATH: '/bin', BLOCKCASTER: 'x', NODE_ENV: 'x' } }).ok);
    });
  });

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

    test('let a pool socket beyond loopback pass with CURVE, or when told so', () => {
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
  ]) {
    test(`${JSON.stringify(text)} is not where dashd answers`, () =>
      assert.deepEqual(bad({ options: { 'dashd-rpc-url': text } })[0]?.key, 'dashd.rpc.url'));
  }

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
      'does not say where to connect',
    );
  });

  test('addresses of every one are no reverse proxy', () => {
    for (const range of ['0.0.0.0/0', '::/0']) {
      const options = { 'http-host': '0.0.0.0', 'http-reverse-proxies': range };
      assert.match(bad({ options })[0]?.problem ?? '', /is every address there is/);
    }
  });

  test('warns of what is allowed but doubtful', () => {
    const warned: [Given, RegExp][] = [
      [{ options: { 'events-bind': 'tcp://*:28501', 'events-allow-insecure-bind': 'true' } }, /^events\.bind: anyone/],
      [{ options: { 'http-host': '::', 'http-allow-insecure-bind': 'true' } }, /^http\.host: anyone/],
      [{ options: { 'dashd-rpc-url': 'http://10.0.0.1:9998' } }, /^dashd\.rpc\.url: the password crosses/],
      [{ options: { network: 'devnet' } }, /^devnet\.name: none is given/],
      [{ options: { 'broadcast-skip-bootstrap': 'true' } }, /^peers: none are given/],
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
