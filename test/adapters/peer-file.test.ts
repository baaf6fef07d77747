import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Disk, systemDisk } from '../../src/adapters/disk.js';
import { isHeld } from '../../src/adapters/locked-file.js';
import { openPeerFile } from '../../src/adapters/peer-file.js';
import { readBook } from '../../src/streams/peering/persist.js';
import { seeded } from '../peers/support.js';
import { codeOf, hasTemporaryFile, killWhileWriting, TestFolder } from './file-tests.js';

describe('the peer file', () => {
  const files = new TestFolder('peers.json', openPeerFile);

  test('is not there at first, and holds what was saved', async () => {
    const file = files.open(join(files.folder, 'data', 'dash', 'peers.json'));
    assert.equal(codeOf(await file.read('current')), 'missing');
    assert.deepEqual(await file.save(['one ', 'twö']), { ok: true, bytes: 8 });
    assert.deepEqual(await file.read('current'), { ok: true, text: 'one twö' });
    assert.equal(codeOf(await file.read('backup')), 'missing');
    await file.save(['two']);
    await file.save(['three']);
    assert.deepEqual(await file.read('current'), { ok: true, text: 'three' });
    assert.deepEqual(await file.read('backup'), { ok: true, text: 'two' });
    await file.close();
    assert.deepEqual(readdirSync(join(files.folder, 'data', 'dash')).sort(), ['peers.json', 'peers.json.bak']);
  });

  test('is private, unless its owner lets others read it', async () => {
    const file = files.open();
    await file.save(['one']);
    assert.equal(statSync(files.path).mode & 0o777, 0o600);
    chmodSync(files.path, 0o644);
    await file.save(['two']);
    assert.equal(statSync(files.path).mode & 0o777, 0o644);
  });

  test('what a link leads to is replaced, not the link', async () => {
    mkdirSync(join(files.folder, 'disk'));
    const target = join(files.folder, 'disk', 'real.json');
    writeFileSync(target, 'old');
    symlinkSync(target, files.path);
    await files.open().save(['new']);
    assert.equal(readFileSync(target, 'utf8'), 'new');
    assert.equal(readFileSync(`${target}.bak`, 'utf8'), 'old');
    assert.equal(readFileSync(files.path, 'utf8'), 'new');
  });

  test('one file has one name, whichever linked folder it is reached by, there or not', () => {
    mkdirSync(join(files.folder, 'disk'));
    symlinkSync(join(files.folder, 'disk'), join(files.folder, 'link'));
    const name = join('sub', 'peers.json');
    assert.equal(files.open(join(files.folder, 'link', name)).path, files.open(join(files.folder, 'disk', name)).path);
  });

  test('a turn of the event loop passes after each chunk', async () => {
    let turns = 0;
    let counting = true;
    const count = () => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const at: number[] = [];
    function* chunks() {
      for (let i = 0; i < 20; i++) {
        at.push(turns);
        yield 'x'.repeat(10_000);
      }
    }
    await files.open().save(chunks());
    counting = false;
    assert.equal(at.length, 20);
    assert.ok(
      at.every((turn, i) => i === 0 || turn > (at[i - 1] ?? 0)),
      at.join(' '),
    );
  });

  test('saves do not overlap: of those asked for meanwhile only the latest is done', async () => {
    const file = files.open();
    const log: string[] = [];
    function* chunks(name: string) {
      for (let i = 0; i < 3; i++) {
        log.push(name);
        yield name;
      }
    }
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => file.save(chunks(name))));
    assert.deepEqual(
      answers.map((answer) => answer.ok),
      [true, true, true, true],
    );
    assert.equal(log.join(''), 'aaaddd');
    assert.equal(readFileSync(files.path, 'utf8'), 'ddd');
    assert.equal(readFileSync(`${files.path}.bak`, 'utf8'), 'aaa');
  });

  test('a programmer’s error in the chunks is thrown, and the next save is done all the same', async () => {
    const file = files.open();
    await file.save(['good']);
    function* chunks() {
      yield 'half';
      throw new Error('a mistake');
    }
    const broken = file.save(chunks());
    const next = file.save(['better']);
    await assert.rejects(broken, /a mistake/);
    assert.equal((await next).ok, true);
    assert.equal(readFileSync(files.path, 'utf8'), 'better');
    assert.deepEqual(readdirSync(files.folder).sort(), ['peers.json', 'peers.json.bak', 'peers.json.lock']);
  });

  test('leftovers of a killed process go at the start, other files stay', async () => {
    writeFileSync(`${files.path}.tmp-0123456789abcdef`, 'half');
    writeFileSync(`${files.path}.tmp-mine`, 'mine');
    const file = files.open();
    assert.equal((await file.lock()).ok, true);
    assert.deepEqual(readdirSync(files.folder).sort(), ['peers.json.lock', 'peers.json.tmp-mine']);
  });

  test('a kill between the backup and the new file leaves nothing in the way', async () => {
    writeFileSync(files.path, 'one');
    linkSync(files.path, `${files.path}.bak`);
    await files.open().save(['two']);
    assert.equal(readFileSync(files.path, 'utf8'), 'two');
    assert.equal(readFileSync(`${files.path}.bak`, 'utf8'), 'one');
    assert.deepEqual(readdirSync(files.folder).sort(), ['peers.json', 'peers.json.bak', 'peers.json.lock']);
  });

  test('a lone backup outlives a save that fails', async () => {
    writeFileSync(`${files.path}.bak`, 'precious');
    const file = files.open(files.path, { disk: failingWrites('ENOSPC', 1) });
    assert.equal(codeOf(await file.save(['a', 'b'])), 'disk-full');
    assert.deepEqual(await file.read('backup'), { ok: true, text: 'precious' });
  });

  describe('the lock', () => {
    test('keeps a second instance from writing, and says what to do', async () => {
      const first = files.open();
      await first.save(['first']);
      assert.equal(await isHeld(files.path), true);
      const second = files.open();
      const answer = await second.save(['second']);
      assert.ok(!answer.ok && answer.code === 'locked');
      assert.ok(answer.detail.includes(files.path) && /stop that one, or name another file/.test(answer.detail));
      assert.deepEqual(await second.read('current'), { ok: true, text: 'first' });
      assert.equal(codeOf(await second.setAside('current')), 'locked');
      await first.close();
      assert.equal(await isHeld(files.path), false);
      assert.equal((await second.save(['second'])).ok, true);
    });

    test('reports that the file was changed since it was read', async () => {
      writeFileSync(files.path, 'old');
      const first = files.open();
      const second = files.open();
      await first.lock();
      await second.read('current');
      assert.equal(codeOf(await second.lock()), 'locked');
      await first.save(['newer']);
      await first.close();
      assert.deepEqual(await second.lock(), { ok: true, changed: true });
      await second.close();
      const third = files.open();
      await third.read('current');
      assert.deepEqual(await third.lock(), { ok: true, changed: false });
    });

    test('what could not be set aside counts as changed', async () => {
      writeFileSync(files.path, 'corrupt');
      const first = files.open();
      await first.lock();
      const second = files.open();
      await second.read('current');
      await second.setAside('current');
      await first.close();
      assert.deepEqual(await second.lock(), { ok: true, changed: true });
    });

    test('of a killed process is free after a while', async () => {
      mkdirSync(`${files.path}.lock`);
      assert.equal(codeOf(await files.open().lock()), 'locked');
      const longAgo = Date.now() / 1000 - 6;
      utimesSync(`${files.path}.lock`, longAgo, longAgo);
      assert.equal(await isHeld(files.path), false);
      assert.equal((await files.open().lock()).ok, true);
    });

    test('dated ahead, since the clock was set back, is free after a while unless it is refreshed', async () => {
      let tomorrow = Date.now() / 1000 + 86_400;
      const date = (path: string) => utimesSync(`${path}.lock`, tomorrow, tomorrow);
      const refreshed = `${files.path}-refreshed`;
      for (const path of [files.path, refreshed]) mkdirSync(`${path}.lock`);
      date(files.path);
      const [left, held] = [files.open(), files.open(refreshed)];
      while (!(await left.lock()).ok) {
        tomorrow += 1;
        date(refreshed);
        assert.equal(codeOf(await held.lock()), 'locked');
        await pause(20);
      }
      assert.equal(codeOf(await held.lock()), 'locked');
    });

    test('lost to another, nothing is written any more', async () => {
      const file = files.open();
      await file.save(['mine']);
      rmSync(`${files.path}.lock`, { recursive: true });
      mkdirSync(`${files.path}.lock`);
      let answer = await file.save(['mine']);
      // The holder looks after its lock every two seconds.
      while (answer.ok) answer = await file.save(['mine']);
      assert.equal(answer.code, 'lock-lost');
      await file.close();
      assert.ok(existsSync(`${files.path}.lock`), 'it is not ours to remove');
    });
  });

  test('deleted with its folder and its lock, it is written again, and locked', async () => {
    const file = files.open();
    await file.save(['mine']);
    rmSync(files.folder, { recursive: true });
    assert.equal((await file.save(['mine again'])).ok, true);
    assert.equal(readFileSync(files.path, 'utf8'), 'mine again');
    assert.equal(codeOf(await files.open().lock()), 'locked');
  });

  test('whose lock was removed while another wrote the file is not overwritten', async () => {
    const file = files.open();
    await file.save(['mine']);
    rmSync(`${files.path}.lock`, { recursive: true });
    writeFileSync(files.path, "another's");
    const answer = await file.save(['mine']);
    assert.ok(!answer.ok && answer.code === 'lock-lost', JSON.stringify(answer));
    assert.equal(readFileSync(files.path, 'utf8'), "another's");
    assert.equal(existsSync(`${files.path}.lock`), false);
  });

  describe('what goes wrong is an answer', () => {
    for (const [code, expected] of [
      ['ENOSPC', 'disk-full'],
      ['EDQUOT', 'disk-full'],
      ['EIO', 'io-error'],
    ] as const) {
      test(`${code} in the middle: the copy before is untouched, nothing is left behind`, async () => {
        await files.open().save(['good']);
        await files.opened.at(-1)?.close();
        const file = files.open(files.path, { disk: failingWrites(code, 2) });
        const answer = await file.save(['a', 'b', 'c', 'd']);
        assert.ok(!answer.ok && answer.code === expected && answer.detail.includes(code), JSON.stringify(answer));
        assert.equal(readFileSync(files.path, 'utf8'), 'good');
        assert.deepEqual(readdirSync(files.folder).sort(), ['peers.json', 'peers.json.lock']);
      });
    }

    test('a folder one may not write to', async () => {
      const open = async () => {
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      };
      const file = files.open(files.path, { disk: { ...systemDisk, open } });
      const answer = await file.save(['a']);
      assert.ok(!answer.ok && answer.code === 'not-writable');
      assert.match(answer.detail, /give it to this user, or name another file/);
    });

    test('a folder one may not write to, in earnest', { skip: process.getuid?.() === 0 && 'root may' }, async () => {
      chmodSync(files.folder, 0o500);
      assert.equal(codeOf(await files.open().save(['a'])), 'not-writable');
      chmodSync(files.folder, 0o700);
    });

    test('a folder in its place', async () => {
      mkdirSync(files.path);
      const file = files.open();
      assert.equal(codeOf(await file.read('current')), 'not-a-file');
      assert.equal(codeOf(await file.save(['a'])), 'not-a-file');
    });

    test('a file in its folder’s place', async () => {
      writeFileSync(files.path, 'x');
      const file = files.open(join(files.path, 'peers.json'));
      assert.equal(codeOf(await file.read('current')), 'not-a-file');
      assert.equal(codeOf(await file.save(['a'])), 'not-a-file');
      assert.equal(await isHeld(join(files.path, 'peers.json')), false);
    });

    test('a file of no sane size', async () => {
      const handle = await open(files.path, 'w');
      await handle.truncate(65 * 1024 * 1024);
      await handle.close();
      assert.equal(codeOf(await files.open().read('current')), 'too-large');
    });

    test('a device', async () => {
      assert.equal(codeOf(await files.open('/dev/null').read('current')), 'not-a-file');
    });

    test('nothing to set aside', async () => {
      const file = files.open();
      await file.lock();
      assert.equal(codeOf(await file.setAside('current')), 'missing');
    });
  });

  test('a corrupt copy is set aside under a name of its own', async () => {
    writeFileSync(files.path, 'corrupt');
    const file = files.open();
    await file.lock();
    const moved = await file.setAside('current');
    assert.ok(moved.ok && /peers\.json\.corrupt-\d{8}T\d{9}Z$/.test(moved.path));
    assert.equal(readFileSync(moved.path, 'utf8'), 'corrupt');
    assert.equal(existsSync(files.path), false);
  });

  /** More with CRASHES=200. */
  const crashes = Number(process.env['CRASHES'] ?? 30);
  test(`killed ${crashes} times while it saves, the file loads every time with all that was saved`, async (t) => {
    const random = seeded(5);
    const seen = { midSave: 0, backup: 0, saves: 0 };
    const lanes = [join(files.folder, 'a.json'), join(files.folder, 'b.json')];
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (let i = index; i < crashes; i += lanes.length) await crash(lane, 20 * random.float(), seen);
      }),
    );
    t.diagnostic(`${crashes} kills: ${JSON.stringify(seen)}`);
    assert.ok(seen.midSave > 0, 'no kill came while a file was being written: nothing was shown');
  });

  async function crash(at: string, afterMs: number, seen: { midSave: number; backup: number; saves: number }) {
    const reports = await killWhileWriting('growing-book.js', [at], { mark: '\n', afterMs });
    const acknowledged = Number(reports.at(-1));
    assert.ok(acknowledged > 0);
    seen.saves += reports.length;
    seen.midSave += hasTemporaryFile(at) ? 1 : 0;

    const { found, faults } = await readBook(openPeerFile(at));
    assert.deepEqual(faults, []);
    assert.ok(found !== undefined);
    if (found.copy === 'backup') seen.backup++;
    const loaded = found.book.records.reduce((sum, record) => sum + record.broadcasts.acknowledged, 0);
    assert.ok(loaded >= acknowledged, `${loaded} in the ${found.copy} file, ${acknowledged} were saved`);
  }
});

/** Files that can be opened, and whose n-th write fails. */
function failingWrites(code: string, n: number): Disk {
  const failing: Disk['open'] = async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    const append = handle.appendFile.bind(handle);
    let writes = 0;
    handle.appendFile = async (data, options) => {
      if (++writes === n) throw Object.assign(new Error(code), { code });
      await append(data, options);
    };
    return handle;
  };
  return { ...systemDisk, open: failing };
}
