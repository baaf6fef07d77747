import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readBookFile, readRegularFile, readSmallFile } from '../../src/cli/small-file.js';
import { start } from './support.js';

describe('a file of settings or of a secret', () => {
  let folder = '';
  const file = (name: string) => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'blockcast-small-'));
    writeFileSync(file('good.yaml'), 'network: regtest # ü\n');
    symlinkSync('good.yaml', file('link.yaml'));
    writeFileSync(file('full.yaml'), Buffer.alloc(256 * 1024, '#'));
    writeFileSync(file('large.yaml'), Buffer.alloc(256 * 1024 + 1, '#'));
    execFileSync('mkfifo', [file('pipe.yaml')]);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [when, read] of [
    ['at the start', (path: string) => readSmallFile(path)],
    ['while the relay runs', readRegularFile],
  ] as const) {
    test(`is read ${when}, by a link as well`, () => {
      assert.equal(read(file('good.yaml')), 'network: regtest # ü\n');
      assert.equal(read(file('link.yaml')), 'network: regtest # ü\n');
      assert.equal(read(file('full.yaml')).length, 256 * 1024);
    });

    test(`is not read ${when} when it is larger than 256 KiB, or is not there`, () => {
      assert.throws(() => read(file('large.yaml')), { code: 'larger than 256 KiB' });
      assert.throws(() => read(file('none.yaml')), { code: 'ENOENT' });
    });
  }

  test('that has no end is given up', () => {
    assert.throws(() => readSmallFile('/dev/zero'), { code: 'larger than 256 KiB' });
  });

  test('that is a pipe without a writer is given up', () => {
    assert.throws(() => readSmallFile(file('pipe.yaml'), 100), {
      code: 'nothing was written to this pipe within 0.1 s',
    });
  });

  test('that is a pipe is read to its end, also when its writer comes late and pauses', async () => {
    const writer = spawn('sh', [
      '-c',
      `sleep 0.1; exec > ${file('pipe.yaml')}; echo network:; sleep 0.1; echo regtest`,
    ]);
    assert.equal(readSmallFile(file('pipe.yaml')), 'network:\nregtest\n');
    if (writer.exitCode === null) await once(writer, 'exit');
  });

  test('in another encoding than UTF-8 is refused, and a byte-order mark is left to the parser', () => {
    writeFileSync(file('utf16.yaml'), Buffer.from('\uFEFFnetwork: regtest', 'utf16le'));
    assert.throws(() => readSmallFile(file('utf16.yaml')), { code: 'not UTF-8 text' });
    writeFileSync(file('bom.yaml'), '\uFEFFnetwork: regtest');
    assert.equal(readSmallFile(file('bom.yaml')), '\uFEFFnetwork: regtest');
  });

  test('of peers may be larger, and has a limit as well', () => {
    assert.equal(readBookFile(file('large.yaml')).length, 256 * 1024 + 1);
    assert.throws(() => readBookFile('/dev/zero'), { code: 'larger than 65536 KiB' });
  });

  test('that is a pipe or a device is not waited for while the relay runs', () => {
    for (const path of [file('pipe.yaml'), '/dev/zero', folder])
      assert.throws(() => readRegularFile(path), { code: 'not a regular file; pipes can be read only at the start' });
  });

  test('is named with what is wrong', async () => {
    const { code, stderr } = await start(['check-config', '--config', file('large.yaml')]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^error: config \(from --config\): "\S+large\.yaml" cannot be read: larger than 256 KiB\./);
  });
});
