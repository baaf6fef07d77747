import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { normaliseArguments } from '../../src/cli/flags.js';
import { FLAGS } from '../../src/config/settings.js';
import { cli, MAIN, start } from './support.js';

/** An output that takes nothing, as a full disk does. */
const failing = (code: string) =>
  new Writable({
    autoDestroy: false,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  });

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-cli-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('reports its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.deepEqual(await start(['--version']).ended, { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('helps, with examples', async () => {
    const { code, stdout, stderr } = await start(['--help']).ended;
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const word of ['run', 'demo', 'check-config', 'submit', 'Examples:']) assert.ok(stdout.includes(word), word);
  });

  test('helps with every flag', async () => {
    const { stdout } = await cli(['run', '--help']);
    for (const { name } of FLAGS) assert.match(stdout, new RegExp(`^ {2}--${name} `, 'm'));
  });

  test('names an unknown flag, suggests the nearest, and does not show what follows it', async () => {
    const { code, stdout, stderr } = await start(['run', '--dashd-rpc-pasword=hunter2']).ended;
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /unknown option '--dashd-rpc-pasword'\n\(Did you mean --dashd-rpc-password\?\)/);
    assert.ok(!stderr.includes('hunter2'));
  });

  for (const [args, message] of [
    [['check-confg'], /unknown command 'check-confg'\n\(Did you mean check-config\?\)/],
    [['--network', 'regtest', 'check-config'], /the command comes first: blockcast check-config/],
    [['check-config', '--log-level'], /argument missing/],
    [['check-config', 'surplus'], /too many arguments/],
    [['demo', '--blocks=0'], /Give a whole number from 1 to 1000000/],
    [['submit'], /missing required argument/],
    [['submit', 'x', '--timeout', 'soon'], /Give a whole number from 1 to 3600/],
  ] as const) {
    test(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await cli(args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  // An argument has less than MAX_ARG_STRLEN (128 KiB) bytes on Linux.
  const long = 'x'.repeat(100_000);
  for (const args of [[long], [`--${long}`], ['demo', `--blocks=${long}`], ['peers', 'add', long], ['submit', long]]) {
    test(`does not repeat a long argument: ${args.join(' ').slice(0, 20)}`, async () => {
      const { code, stderr } = await cli(args);
      assert.equal(code, 2);
      assert.match(stderr, /^error: /);
      assert.ok(stderr.length < 500, `${stderr.length} characters`);
    });
  }

  for (const [why, args, expected] of [
    ['ENOSPC', ['check-config', '--network=regtest'], 1],
    ['EIO', ['simulate', '--list'], 1],
    ['EPIPE', ['check-config', '--network=regtest'], 0],
  ] as const) {
    test(`ends with ${expected} when ${args[0]} cannot print its result: ${why}`, async () => {
      const { code, stderr } = await cli(args, {}, { stdout: failing(why) });
      assert.equal(code, expected, stderr);
      const told = `error: standard output cannot be written (${why}): what was printed is not complete.`;
      assert.equal(stderr.includes(told), expected === 1, stderr);
    });
  }

  test('says that it did not export the peer book to a full disk', { skip: !existsSync('/dev/full') }, async () => {
    const book = `--broadcast-peer-db=${join(folder, 'full.json')}`;
    assert.equal((await cli(['peers', 'add', '203.0.113.7', book])).code, 0);
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'peers', 'export', '-', book], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /standard output cannot be written \(ENOSPC\)/);
  });

  test('shows the demo, and ends after the blocks it was asked for', async () => {
    const { code, stdout, stderr } = await start(['demo', '--blocks=2', '--every=1', '--seed=7']).ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /regtest/);
  });

  describe('check-config', () => {
    test('prints what would be run on, without secrets', async () => {
      const config = file(
        'good.yaml',
        'network: regtest\ndashd: {rpc: {user: pool, password: hunter2}}\npeers: [a.example]',
      );
      const { code, stdout, stderr } = await start(['check-config', '--config', config, '--broadcast-peers=false'])
        .ended;
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, /network: regtest\n/);
      assert.match(stdout, /url: http:\/\/127\.0\.0\.1:19898\n {4}user: pool\n {4}password: "\*\*\*"\n/);
      assert.match(stdout, /broadcast:\n {2}enabled: false\n/);
      assert.match(stdout, /peers:\n {2}- a\.example:19899\n/);
    });

    test('prints doubts, among them a cookie that is not there', async () => {
      const { code, stderr } = await cli([
        'check-config',
        '--events-bind',
        'tcp://*:1',
        '--events-allow-insecure-bind',
      ]);
      assert.equal(code, 0);
      assert.match(
        stderr,
        /^warning: events\.bind: .*\nwarning: dashd\.rpc\.cookieFile: \/nonexistent\/\.dashcore\/\.cookie cannot be read; dashd creates it.*\n$/,
      );
    });

    test('prints every error, and fails', async () => {
      const config = file(
        'bad.json5',
        '{network: "main", dashd: {rpc: {password: "hunter2"}}, broadcast: {maxPeer: 3}}',
      );
      const { code, stdout, stderr } = await start(['check-config', '--config', config, '--log-level=loud'], {
        BLOCKCAST_PEERS: ':',
      }).ended;
      assert.equal(code, 1);
      assert.equal(stdout, '');
      const lines = stderr.trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => /^error: (\S+) \(from (\S+)\)/.exec(line)?.slice(1)),
        [
          ['broadcast.maxPeer', config],
          ['network', config],
          ['peers', 'BLOCKCAST_PEERS'],
          ['log.level', '--log-level'],
          ['dashd.rpc.password', config],
        ],
      );
      assert.ok(!stderr.includes('hunter2'));
    });

    test('takes lists from a flag given several times', async () => {
      const { stdout } = await cli(['check-config', '--peers', 'a:1', '--peers', 'b:2,c:3']);
      assert.match(stdout, /peers:\n {2}- a:1\n {2}- b:2\n {2}- c:3\n/);
    });

    for (const name of readdirSync('config').filter((each) => each.endsWith('.yaml'))) {
      test(`accepts config/${name}`, async () => {
        const { code, stdout } = await cli(['check-config', '--config', join('config', name)]);
        assert.equal(code, 0);
        assert.match(stdout, new RegExp(`^network: ${name.replace('.yaml', '')}\n`));
      });
    }
  });

  describe('flags are spelt out', () => {
    for (const [given, expected] of [
      [['--network=regtest'], ['--network', 'regtest']],
      [['--dashd-rpc-password=a=b'], ['--dashd-rpc-password', 'a=b']],
      [['--dashd-zmq-url='], ['--dashd-zmq-url', '']],
      [
        ['--broadcast-enabled', 'no'],
        ['--broadcast-enabled', 'no'],
      ],
      [
        ['--broadcast-enabled', 'run'],
        ['--broadcast-enabled', 'true', 'run'],
      ],
      [
        ['--broadcast-skip-bootstrap', '--network', 'x'],
        ['--broadcast-skip-bootstrap', 'true', '--network', 'x'],
      ],
      [
        ['--broadcast-peers', 'false'],
        ['--broadcast-peers', 'false'],
      ],
      [['--broadcast-peers=FALSE'], ['--broadcast-peers', 'FALSE']],
      [['--broadcast-no-fallback'], ['--broadcast-no-fallback', 'true']],
      [
        ['--', '--broadcast-enabled', '--a=b'],
        ['--', '--broadcast-enabled', '--a=b'],
      ],
    ] as const) {
      test(given.join(' '), () => assert.deepEqual(normaliseArguments(given), expected));
    }
  });
});
