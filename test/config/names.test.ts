import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatConfigError } from '../../src/config/config.js';
import { envName, FLAGS, flagName, KEYS, type Key } from '../../src/config/settings.js';
import { at, bad, type Given, good, load } from './support.js';

describe('config', () => {
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

    test('the address of a service is no port of ours, and that it is ignored is reported', () => {
      const { config, warnings } = good({ env: { BLOCKCAST_HTTP_PORT: 'tcp://10.96.0.9:80' } });
      assert.equal(config.http.port, 8_080);
      assert.match(
        warnings.join(),
        /^BLOCKCAST_HTTP_PORT: ignored, an orchestrator set it to the address of a service/,
      );
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
});
