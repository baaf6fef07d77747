import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { formatConfigError } from '../../src/config/config.js';
import { isSecret, KEYS, secretFileEnvName, secretFileFlagName } from '../../src/config/settings.js';
import { EXAMPLES } from './examples.js';
import { at, bad, good } from './support.js';

describe('config', () => {
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
});
