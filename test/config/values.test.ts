import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { envName, flagName, KEYS } from '../../src/config/settings.js';
import { EXAMPLES, nested } from './examples.js';
import { at, bad, type Given, good, load, yaml } from './support.js';

describe('config', () => {
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
      assert.equal(error?.problem, 'starts with ~, but HOME is not set');
    });
  });
});
