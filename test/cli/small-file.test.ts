import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readRegularFile, readSmallFile } from '../../src/cli/small-file.js';
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
    ['at the start', readSmallFile],
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
