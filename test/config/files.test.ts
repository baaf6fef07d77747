import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatConfigError } from '../../src/config/config.js';
import { envName, flagName, KEYS } from '../../src/config/settings.js';
import { nested } from './examples.js';
import { bad, type Given, good, load, yaml } from './support.js';

describe('config', () => {
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
        'config (from x.toml): has an unknown type: its name must end in .yaml, .yml, .json or .json5. Correct the file.',
      ],
      [
        'that are not YAML',
        yaml('a: [hunter2\nb: }'),
        'config (from blockcast.yaml): is not YAML: bad indent at line 2, column 1. Correct the file.',
      ],
      [
        'whose aliases lead nowhere',
        yaml('dashd: *hunter2'),
        'config (from blockcast.yaml): is not readable YAML: it is nested too deeply, or its aliases do not resolve. Correct the file.',
      ],
      [
        'that are not JSON',
        { options: { config: 'x.json' }, files: { 'x.json': '{"password": hunter2}' } },
        'config (from x.json): is not JSON or JSON5 at line 1, column 14. Correct the file.',
      ],
      [
        'that are a list',
        yaml('- a'),
        'config (from blockcast.yaml): holds no settings. Write them as "key: value", one per line.',
      ],
      [
        'with a value for a section',
        yaml('dashd: {rpc: hunter2}'),
        'dashd.rpc (from blockcast.yaml): is a section, not a value. Write its settings below it, one per line.',
      ],
      [
        'with a section that a tag makes a list of pairs',
        yaml('dashd: !!omap [rpc: {user: x}]'),
        'dashd (from blockcast.yaml): is a section, not a value. Write its settings below it, one per line.',
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
    test('of another program are named, the first twenty of their keys', () => {
      const keys = Array.from({ length: 5_000 }, (_, index) => `key${index}: 1`);
      const lines = bad(yaml(keys.join('\n'))).map(formatConfigError);
      assert.equal(lines.length, 21);
      assert.equal(
        lines[20],
        'config (from blockcast.yaml): has 4980 more keys that are not settings. Give the file that holds the settings of blockcast.',
      );
    });
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
});
