import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Pull, Push } from 'zeromq';
import { cli } from './support.js';

describe('blockcast keys', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'blockcast-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const text = (name: string) => readFileSync(join(folder, name), 'utf8').trim();

  test('writes a pair into files for their owner alone, and prints the public key but never the secret one', async () => {
    const out = join(folder, 'new', 'keys');
    const { code, stdout, stderr } = await cli(['keys', '--out', out]);
    assert.equal(code, 0, stderr);
    for (const name of ['relay.key', 'relay.pub']) assert.equal(statSync(join(out, name)).mode & 0o777, 0o600);
    assert.equal(statSync(out).mode & 0o777, 0o700);
    const secret = readFileSync(join(out, 'relay.key'), 'utf8').trim();
    assert.equal(stdout, `public key: ${readFileSync(join(out, 'relay.pub'), 'utf8')}`);
    assert.ok(!(stdout + stderr).includes(secret));
  });

  test('never writes over a file or through a link, and then leaves nothing behind', async () => {
    writeFileSync(join(folder, 'relay.pub'), 'old');
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'pool.key'));
    for (const name of ['relay', 'pool']) {
      const { code, stdout, stderr } = await cli(['keys', '--out', folder, '--name', name]);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: .* cannot be written \(EEXIST\)\. Give another --name/);
    }
    assert.equal(text('relay.pub'), 'old');
    for (const name of ['relay.key', 'pool.pub', 'elsewhere']) assert.ok(!existsSync(join(folder, name)), name);
  });

  test('refuses a name that is a path', async () => {
    for (const name of ['../x', 'a/b', '.hidden', '']) {
      assert.equal((await cli(['keys', '--out', folder, '--name', name])).code, 2, name);
    }
  });

  test('makes what the configuration reads, and what a pool connects with', async () => {
    for (const name of ['relay', 'pool1']) await cli(['keys', '--out', folder, '--name', name]);
    const checked = await cli([
      'check-config',
      '--pool-bind=tcp://0.0.0.0:28500',
      '--pool-curve-enabled',
      `--pool-curve-public-key=${text('relay.pub')}`,
      `--pool-curve-secret-key-file=${join(folder, 'relay.key')}`,
      `--pool-curve-allowed-clients=${text('pool1.pub')}`,
    ]);
    assert.equal(checked.code, 0, checked.stderr);
    const pull = new Pull({ curveServer: true, curveSecretKey: text('relay.key'), linger: 0 });
    const push = new Push({
      curveServerKey: text('relay.pub'),
      curvePublicKey: text('pool1.pub'),
      curveSecretKey: text('pool1.key'),
      linger: 0,
    });
    try {
      await pull.bind('tcp://127.0.0.1:*');
      push.connect(pull.lastEndpoint ?? '');
      await push.send('a block');
      const [frame] = await pull.receive();
      assert.equal(frame?.toString(), 'a block');
    } finally {
      push.close();
      pull.close();
    }
  });
});
