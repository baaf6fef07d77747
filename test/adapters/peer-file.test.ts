import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type FileOptions, isHeld, type OpenFile } from '../../src/adapters/locked-file.js';
import { openPeerFile, type PeerFile } from '../../src/adapters/peer-file.js';
import { readBook } from '../../src/streams/peering/persist.js';
import { seeded } from '../peers/support.js';

describe('the peer file', () => {
  const root = mkdtempSync(join(tmpdir(), 'blockcast-file-'));
  const opened: PeerFile[] = [];
  let folder = '';
  let path = '';
  after(async () => {
    await Promise.all(opened.map((file) => file.close()));
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'case-'));
    path = join(folder, 'peers.json');
  });

  function opening(at = path, options: FileOptions = {}): PeerFile {
    const file = openPeerFile(at, options);
    opened.push(file);
    return file;
  }

  const codeOf = (answer: { readonly ok: boolean; readonly code?: string }) => (answer.ok ? 'ok' : answer.code);

  test('is not there at first, and holds what was saved', async () => {
    const file = opening(join(folder, 'data', 'dash', 'peers.json'));
    assert.equal(codeOf(await file.read('current')), 'missing');
    assert.deepEqual(await file.save(['one ', 'twö']), { ok: true, bytes: 8 });
    assert.deepEqual(await file.read('current'), { ok: true, text: 'one twö' });
    assert.equal(codeOf(await file.read('backup')), 'missing');
    await file.save(['two']);
    await file.save(['three']);
    assert.deepEqual(await file.read('current'), { ok: true, text: 'three' });
    assert.deepEqual(await file.read('backup'), { ok: true, text: 'two' });
    await file.close();
    assert.deepEqual(readdirSync(join(folder, 'data', 'dash')).sort(), ['peers.json', 'peers.json.bak']);
  });

  test('is private, unless its owner lets others read it', async () => {
    const file = opening();
    await file.save(['one']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    chmodSync(path, 0o644);
    await file.save(['two']);
    assert.equal(statSync(path).mode & 0o777, 0o644);
  });

  test('what a link leads to is replaced, not the link', async () => {
    mkdirSync(join(folder, 'disk'));
    const target = join(folder, 'disk', 'real.json');
    writeFileSync(target, 'old');
    symlinkSync(target, path);
    await opening().save(['new']);
    assert.equal(readFileSync(target, 'utf8'), 'new');
    assert.equal(readFileSync(`${target}.bak`, 'utf8'), 'old');
    assert.equal(readFileSync(path, 'utf8'), 'new');
  });

  test('one file has one name, whichever linked folder it is reached by, there or not', () => {
    mkdirSync(join(folder, 'disk'));
    symlinkSync(join(folder, 'disk'), join(folder, 'link'));
    const name = join('sub', 'peers.json');
    assert.equal(opening(join(folder, 'link', name)).path, opening(join(folder, 'disk', name)).path);
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
    await opening().save(chunks());
    counting = false;
    assert.equal(at.length, 20);
    assert.ok(
      at.every((turn, i) => i === 0 || turn > (at[i - 1] ?? 0)),
      at.join(' '),
    );
  });

  test('saves do not overlap: of those asked for meanwhile only the latest is done', async () => {
    const file = opening();
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
    assert.equal(readFileSync(path, 'utf8'), 'ddd');
    assert.equal(readFileSync(`${path}.bak`, 'utf8'), 'aaa');
  });

  test('a programmer’s error in the chunks is thrown, and the next save is done all the same', async () => {
    const file = opening();
    await file.save(['good']);
    function* chunks() {
      yield 'half';
      throw new Error('a mistake');
    }
    const broken = file.save(chunks());
    const next = file.save(['better']);
    await assert.rejects(broken, /a mistake/);
    assert.equal((await next).ok, true);
    assert.equal(readFileSync(path, 'utf8'), 'better');
    assert.deepEqual(readdirSync(folder).sort(), ['peers.json', 'peers.json.bak', 'peers.json.lock']);
  });

  test('leftovers of a killed process go at the start, other files stay', async () => {
    writeFileSync(`${path}.tmp-0123456789abcdef`, 'half');
    writeFileSync(`${path}.tmp-mine`, 'mine');
    const file = opening();
    assert.equal((await file.lock()).ok, true);
    assert.deepEqual(readdirSync(folder).sort(), ['peers.json.lock', 'peers.json.tmp-mine']);
  });

  test('a kill between the backup and the new file leaves nothing in the way', async () => {
    writeFileSync(path, 'one');
    linkSync(path, `${path}.bak`);
    await opening().save(['two']);
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.equal(readFileSync(`${path}.bak`, 'utf8'), 'one');
    assert.deepEqual(readdirSync(folder).sort(), ['peers.json', 'peers.json.bak', 'peers.json.lock']);
  });

  test('a lone backup outlives a save that fails', async () => {
    writeFileSync(`${path}.bak`, 'precious');
    const file = opening(path, { open: failingWrites('ENOSPC', 1) });
    assert.equal(codeOf(await file.save(['a', 'b'])), 'disk full');
    assert.deepEqual(await file.read('backup'), { ok: true, text: 'precious' });
  });

  describe('the lock', () => {
    test('keeps a second instance from writing, and says what to do', async () => {
      const first = opening();
      await first.save(['first']);
      assert.equal(await isHeld(path), true);
      const second = opening();
      const answer = await second.save(['second']);
      assert.ok(!answer.ok && answer.code === 'locked');
      assert.ok(answer.detail.includes(path) && /stop that one, or name another file/.test(answer.detail));
      assert.deepEqual(await second.read('current'), { ok: true, text: 'first' });
      assert.equal(codeOf(await second.setAside('current')), 'locked');
      await first.close();
      assert.equal(await isHeld(path), false);
      assert.equal((await second.save(['second'])).ok, true);
    });

    test('tells that the file was changed since it was read', async () => {
      writeFileSync(path, 'old');
      const first = opening();
      const second = opening();
      await first.lock();
      await second.read('current');
      assert.equal(codeOf(await second.lock()), 'locked');
      await first.save(['newer']);
      await first.close();
      assert.deepEqual(await second.lock(), { ok: true, changed: true });
      await second.close();
      const third = opening();
      await third.read('current');
      assert.deepEqual(await third.lock(), { ok: true, changed: false });
    });

    test('what could not be set aside counts as changed', async () => {
      writeFileSync(path, 'corrupt');
      const first = opening();
      await first.lock();
      const second = opening();
      await second.read('current');
      await second.setAside('current');
      await first.close();
      assert.deepEqual(await second.lock(), { ok: true, changed: true });
    });

    test('of a killed process is free after a while', async () => {
      mkdirSync(`${path}.lock`);
      assert.equal(codeOf(await opening().lock()), 'locked');
      const longAgo = Date.now() / 1000 - 6;
      utimesSync(`${path}.lock`, longAgo, longAgo);
      assert.equal(await isHeld(path), false);
      assert.equal((await opening().lock()).ok, true);
    });

    test('lost to another, nothing is written any more', async () => {
      const file = opening();
      await file.save(['mine']);
      rmSync(`${path}.lock`, { recursive: true });
      mkdirSync(`${path}.lock`);
      let answer = await file.save(['mine']);
      // The holder looks after its lock every two seconds.
      while (answer.ok) answer = await file.save(['mine']);
      assert.equal(answer.code, 'lock lost');
      await file.close();
      assert.ok(existsSync(`${path}.lock`), 'it is not ours to remove');
    });
  });

  test('deleted with its folder and its lock, it is written again, and locked', async () => {
    const file = opening();
    await file.save(['mine']);
    rmSync(folder, { recursive: true });
    assert.equal((await file.save(['mine again'])).ok, true);
    assert.equal(readFileSync(path, 'utf8'), 'mine again');
    assert.equal(codeOf(await opening().lock()), 'locked');
  });

  test('whose lock was removed while another wrote the file is not overwritten', async () => {
    const file = opening();
    await file.save(['mine']);
    rmSync(`${path}.lock`, { recursive: true });
    writeFileSync(path, "another's");
    const answer = await file.save(['mine']);
    assert.ok(!answer.ok && answer.code === 'lock lost', JSON.stringify(answer));
    assert.equal(readFileSync(path, 'utf8'), "another's");
    assert.equal(existsSync(`${path}.lock`), false);
  });

  describe('what goes wrong is an answer', () => {
    for (const [code, expected] of [
      ['ENOSPC', 'disk full'],
      ['EDQUOT', 'disk full'],
      ['EIO', 'io error'],
    ] as const) {
      test(`${code} in the middle: the copy before is untouched, nothing is left behind`, async () => {
        await opening().save(['good']);
        await opened.at(-1)?.close();
        const file = opening(path, { open: failingWrites(code, 2) });
        const answer = await file.save(['a', 'b', 'c', 'd']);
        assert.ok(!answer.ok && answer.code === expected && answer.detail.includes(code), JSON.stringify(answer));
        assert.equal(readFileSync(path, 'utf8'), 'good');
        assert.deepEqual(readdirSync(folder).sort(), ['peers.json', 'peers.json.lock']);
      });
    }

    test('a folder one may not write to', async () => {
      const file = opening(path, {
        open: async () => {
          throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        },
      });
      const answer = await file.save(['a']);
      assert.ok(!answer.ok && answer.code === 'not writable');
      assert.match(answer.detail, /give it to this user, or name another file/);
    });

    test('a folder one may not write to, in earnest', { skip: process.getuid?.() === 0 && 'root may' }, async () => {
      chmodSync(folder, 0o500);
      assert.equal(codeOf(await opening().save(['a'])), 'not writable');
      chmodSync(folder, 0o700);
    });

    test('a folder in its place', async () => {
      mkdirSync(path);
      const file = opening();
      assert.equal(codeOf(await file.read('current')), 'not a file');
      assert.equal(codeOf(await file.save(['a'])), 'not a file');
    });

    test('a file in its folder’s place', async () => {
      writeFileSync(path, 'x');
      const file = opening(join(path, 'peers.json'));
      assert.equal(codeOf(await file.read('current')), 'not a file');
      assert.equal(codeOf(await file.save(['a'])), 'not a file');
      assert.equal(await isHeld(join(path, 'peers.json')), false);
    });

    test('a file of no sane size', async () => {
      const handle = await open(path, 'w');
      await handle.truncate(65 * 1024 * 1024);
      await handle.close();
      assert.equal(codeOf(await opening().read('current')), 'too large');
    });

    test('a device', async () => {
      assert.equal(codeOf(await opening('/dev/null').read('current')), 'not a file');
    });

    test('nothing to set aside', async () => {
      const file = opening();
      await file.lock();
      assert.equal(codeOf(await file.setAside('current')), 'missing');
    });
  });

  test('a corrupt copy is set aside under a name of its own', async () => {
    writeFileSync(path, 'corrupt');
    const file = opening();
    await file.lock();
    const moved = await file.setAside('current');
    assert.ok(moved.ok && /peers\.json\.corrupt-\d{8}T\d{9}Z$/.test(moved.path));
    assert.equal(readFileSync(moved.path, 'utf8'), 'corrupt');
    assert.equal(existsSync(path), false);
  });

  /** More with CRASHES=200. */
  const crashes = Number(process.env['CRASHES'] ?? 30);
  test(`killed ${crashes} times while it saves, the file loads every time with all that was saved`, async (t) => {
    const random = seeded(5);
    const seen = { midSave: 0, backup: 0, saves: 0 };
    const lanes = [join(folder, 'a.json'), join(folder, 'b.json')];
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (let i = index; i < crashes; i += lanes.length) await crash(lane, 20 * random.float(), seen);
      }),
    );
    t.diagnostic(`${crashes} kills: ${JSON.stringify(seen)}`);
    assert.ok(seen.midSave > 0, 'no kill came while a file was being written: nothing was shown');
  });

  async function crash(at: string, afterMs: number, seen: { midSave: number; backup: number; saves: number }) {
    // The lock of a killed process goes stale by itself, tested above; 200 times would take too long.
    rmSync(`${at}.lock`, { recursive: true, force: true });
    const script = fileURLToPath(new URL('growing-book.js', import.meta.url));
    const child = spawn(process.execPath, [script, at], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('latin1');
    child.stdout.on('data', (chunk: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
      said += chunk;
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    const reports = said.split('\n').slice(0, -1);
    const acknowledged = Number(reports.at(-1));
    assert.ok(acknowledged > 0);
    seen.saves += reports.length;
    seen.midSave += readdirSync(folder).some((name) => name.startsWith(`${at.slice(folder.length + 1)}.tmp-`)) ? 1 : 0;

    const { found, faults } = await readBook(openPeerFile(at));
    assert.deepEqual(faults, []);
    assert.ok(found !== undefined);
    if (found.copy === 'backup') seen.backup++;
    const loaded = found.book.records.reduce((sum, record) => sum + record.broadcasts.acknowledged, 0);
    assert.ok(loaded >= acknowledged, `${loaded} in the ${found.copy} file, ${acknowledged} were saved`);
  }
});

/** Files that can be opened, and whose n-th write fails. */
function failingWrites(code: string, n: number): OpenFile {
  return async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    const append = handle.appendFile.bind(handle);
    let writes = 0;
    handle.appendFile = async (data, options) => {
      if (++writes === n) throw Object.assign(new Error(code), { code });
      await append(data, options);
    };
    return handle;
  };
}
