import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Disk, systemDisk } from '../../src/adapters/disk.js';
import { openSpoolFolder } from '../../src/adapters/spool-folder.js';

const NAME = `${'ab'.repeat(32)}.block`;
const parts = [Buffer.from('head\n'), Buffer.alloc(20_000, 7)];

describe('the folder of the spool', () => {
  let root = '';
  let path = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'blockcast-spool-'));
    path = join(root, 'deep', 'spool');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('is made when there is something to write, for its owner alone', async () => {
    const folder = openSpoolFolder(path);
    assert.deepEqual(await folder.list(10), { ok: true, names: [], more: false });
    assert.deepEqual(await folder.write(NAME, parts), { ok: true });
    assert.deepEqual(await folder.sync([NAME]), { ok: true });
    assert.deepEqual(readFileSync(join(path, NAME)), Buffer.concat(parts));
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(path, NAME)).mode & 0o777, 0o600);
    assert.deepEqual(await folder.list(10), { ok: true, names: [NAME], more: false });
    await folder.close();
  });

  test('is made again when it was deleted meanwhile', async () => {
    const folder = openSpoolFolder(path);
    await folder.lock();
    await folder.write(NAME, parts);
    rmSync(root, { recursive: true });
    assert.deepEqual(await folder.write(NAME, parts), { ok: true });
    assert.deepEqual(await folder.sync([NAME]), { ok: true });
    await folder.close();
  });

  test('gives a file as it was written, and its start', async () => {
    const folder = openSpoolFolder(path);
    await folder.write(NAME, parts);
    assert.deepEqual(await folder.read(NAME), { ok: true, bytes: Buffer.concat(parts) });
    assert.deepEqual(await folder.peek(NAME, 5), { ok: true, start: Buffer.from('head\n'), bytes: 20_005 });
    const moved = await folder.setAside(NAME);
    assert.ok(moved.ok && readdirSync(path).length === 1);
    assert.equal((await folder.read(NAME)).ok, false);
    assert.deepEqual(await folder.remove(NAME), { ok: true }, 'what is gone is removed');
  });

  test('is written and read while another process holds its lock; what that one has begun is left alone', async () => {
    const other = openSpoolFolder(path);
    assert.ok((await other.lock()).ok);
    const begun = `${NAME}.tmp-0011223344556677`;
    writeFileSync(join(path, begun), 'half');
    const folder = openSpoolFolder(path);
    const locked = await folder.lock();
    assert.ok(!locked.ok && locked.code === 'locked');
    assert.deepEqual(await folder.write(NAME, parts), { ok: true });
    assert.deepEqual(await folder.list(10), { ok: true, names: [NAME], more: false });
    assert.ok(readdirSync(path).includes(begun));
    await other.close();
    assert.deepEqual(await folder.lock(), { ok: true, changed: false, unfinished: 1 });
    assert.ok(!readdirSync(path).includes(begun), 'nobody finishes it any more');
    await folder.close();
  });

  test('leaves no half file behind when the disk is full', async () => {
    let left = 10_000;
    const failing: Disk['open'] = async (...args) => {
      const handle = await open(...args);
      handle.writev = async (buffers) => {
        const { bytesWritten } = await handle.write(Buffer.concat(parts), 0, left);
        left = 0;
        return { bytesWritten, buffers };
      };
      handle.writeFile = () => Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
      return handle;
    };
    const folder = openSpoolFolder(path, { disk: { ...systemDisk, open: failing } });
    const answer = await folder.write(NAME, parts);
    assert.ok(!answer.ok && answer.code === 'disk-full');
    assert.match(answer.detail, /free some; blocks are sent all the same/);
    assert.deepEqual(readdirSync(path), []);
  });

  test('says what is wrong with its place, and what to do', async () => {
    writeFileSync(join(root, 'deep'), 'a file');
    const folder = openSpoolFolder(path);
    for (const answer of [await folder.write(NAME, parts), await folder.lock()]) {
      assert.ok(!answer.ok && answer.code === 'not-a-file', JSON.stringify(answer));
      assert.match(answer.detail, /name another folder \(spool\.dir\)/);
    }
    await folder.close();
  });

  test('may be read-only', { skip: process.getuid?.() === 0 ? 'root may write anywhere' : false }, async () => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o500);
    const folder = openSpoolFolder(path);
    const answer = await folder.write(NAME, parts);
    assert.ok(!answer.ok && answer.code === 'not-writable');
    chmodSync(path, 0o700);
  });

  test('does not read what is no file or too large to be one of its own', async () => {
    mkdirSync(join(path, NAME), { recursive: true });
    const folder = openSpoolFolder(path);
    const first = await folder.peek(NAME, 10);
    assert.ok(!first.ok && first.code === 'not-a-file');
    const other = `${'cd'.repeat(32)}.block`;
    writeFileSync(join(path, other), Buffer.alloc(5_000_000));
    const second = await folder.read(other);
    assert.ok(!second.ok && second.code === 'too-large');
    symlinkSync('/dev/zero', join(path, 'zero'));
    const third = await folder.read('zero');
    assert.ok(!third.ok && third.code === 'not-a-file');
  });

  test('is listed up to a limit', async () => {
    mkdirSync(path, { recursive: true });
    for (let i = 0; i < 5; i += 1) writeFileSync(join(path, `${i}`), '');
    const listed = await openSpoolFolder(path).list(3);
    assert.ok(listed.ok && listed.names.length === 3 && listed.more);
  });
});
