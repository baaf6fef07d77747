/** What our files rely on in a disk: the same of the system's, in a temporary folder, and of the simulator's, in memory. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { asyncScheduler } from 'rxjs';
import { type Disk, type DiskFile, systemDisk } from '../../src/adapters/disk.js';
import { openHistoryFile } from '../../src/adapters/history-file.js';
import { isHeld, LOCK_STALE_MS } from '../../src/adapters/locked-file.js';
import { openPeerFile } from '../../src/adapters/peer-file.js';
import { openSpoolFolder } from '../../src/adapters/spool-folder.js';
import { systemClock } from '../../src/adapters/system.js';
import { MemoryDisk } from '../../src/simulation/live/memory-disk.js';
import { RunRandom } from '../../src/simulation/random.js';
import { codeOf } from './file-tests.js';

interface DiskUnderTest {
  readonly disk: Disk;
  /** An empty folder. */
  readonly folder: string;
  /** Makes a folder look older. */
  age(path: string, ms: number): void;
  removeFolder(path: string): void;
}

const root = mkdtempSync(join(tmpdir(), 'blockcast-disk-'));
after(() => rmSync(root, { recursive: true }));

const DISKS: Readonly<Record<string, () => DiskUnderTest>> = {
  'of the system': () => ({
    disk: systemDisk,
    folder: mkdtempSync(join(root, 'case-')),
    age(path, ms) {
      const seconds = (statSync(path).mtimeMs - ms) / 1_000;
      utimesSync(path, seconds, seconds);
    },
    removeFolder: rmdirSync,
  }),
  'in memory': () => {
    const none = [0, 0] as const;
    const memory = new MemoryDisk({
      clock: systemClock,
      scheduler: asyncScheduler,
      random: new RunRandom(1, 'disk'),
      times: { read: none, write: none, sync: none, name: none },
    });
    memory.tree.makeFolders('/var/blockcast');
    return {
      disk: memory.mount(),
      folder: '/var/blockcast',
      age(path, ms) {
        memory.tree.folder(path).mtimeMs -= ms;
      },
      removeFolder: (path) => memory.tree.removeFolder(path),
    };
  },
};

const LOCK = { staleMs: LOCK_STALE_MS, updateMs: 1_000, onCompromised: () => assert.fail('the lock is lost') };

for (const [name, make] of Object.entries(DISKS)) {
  describe(`a disk ${name}`, () => {
    let under = make();
    let path = '';
    beforeEach(() => {
      under = make();
      path = join(under.folder, 'file');
    });

    async function write(at: string, text: string): Promise<void> {
      const file = await under.disk.open(at, 'a', 0o600);
      await file.appendFile(text);
      await file.close();
    }

    const text = async (at: string): Promise<string> => (await under.disk.readFile(at)).toString();

    const names = async (at = under.folder): Promise<string[]> => (await gathered(under.disk.names(at))).sort();

    test('has no file that nobody made', async () => {
      await rejects(under.disk.open(path, 'r', 0o600), 'ENOENT');
      await rejects(under.disk.stat(path), 'ENOENT');
      await rejects(under.disk.readFile(path), 'ENOENT');
      await rejects(under.disk.open(join(under.folder, 'nowhere', 'file'), 'wx', 0o600), 'ENOENT');
      await rejects(gathered(under.disk.names(join(under.folder, 'nowhere'))), 'ENOENT');
      assert.throws(() => under.disk.realPath(path), { code: 'ENOENT' });
      assert.deepEqual(await names(), []);
    });

    test('makes a new file once, with its mode', async () => {
      const file = await under.disk.open(path, 'wx', 0o600);
      await file.close();
      await rejects(under.disk.open(path, 'wx', 0o600), 'EEXIST');
      const stats = await under.disk.stat(path);
      assert.deepEqual([stats.isFile(), stats.size, stats.mode & 0o777], [true, 0, 0o600]);
      const again = await under.disk.open(path, 'a', 0o600);
      await again.chmod(0o640);
      assert.equal((await again.stat()).mode & 0o777, 0o640);
      await again.close();
      assert.equal(under.disk.realPath(path), path);
    });

    test('appends text and bytes, and reads them in pieces and from a place', async () => {
      const file = await under.disk.open(path, 'a', 0o600);
      await file.appendFile('grün');
      await file.writeFile(Buffer.from(' and'));
      assert.deepEqual(pick(await file.writev([Buffer.from(' re'), Buffer.from('d')])), { bytesWritten: 4 });
      await file.datasync();
      assert.equal((await file.stat()).size, 13);
      await file.close();
      assert.equal(await text(path), 'grün and red');

      const reading = await under.disk.open(path, 'r', 0o600);
      assert.deepEqual(await readAll(reading, 10), ['grün and ', 'red']);
      const buffer = Buffer.alloc(5, '.');
      assert.equal((await reading.read(buffer, 1, 3, 10)).bytesRead, 3);
      assert.equal(buffer.toString(), '.red.');
      await reading.close();
    });

    test('cuts a file off, and appends behind that', async () => {
      await write(path, 'one\ntw');
      const file = await under.disk.open(path, 'a', 0o600);
      await file.truncate(4);
      await file.appendFile('three\n');
      assert.equal((await file.stat()).size, 10);
      await file.close();
      assert.equal(await text(path), 'one\nthree\n');
    });

    test('makes folders with those above them, unless a file is in the way', async () => {
      const deep = join(under.folder, 'a', 'b');
      await under.disk.mkdir(deep, 0o700);
      await under.disk.mkdir(deep);
      assert.equal((await under.disk.stat(deep)).isFile(), false);
      assert.equal((await under.disk.stat(deep)).mode & 0o777, 0o700);
      await write(path, 'x');
      await rejects(under.disk.mkdir(path), 'EEXIST');
      await rejects(under.disk.mkdir(join(path, 'below')), 'ENOTDIR');
      await rejects(under.disk.open(join(path, 'below'), 'a', 0o600), 'ENOTDIR');
      await rejects(under.disk.stat(join(path, 'below')), 'ENOTDIR');
      await rejects(gathered(under.disk.names(path)), 'ENOTDIR');
      assert.throws(() => under.disk.realPath(join(path, 'below')), { code: 'ENOTDIR' });
    });

    test('syncs a folder, and does not take it for a file', async () => {
      const folder = await under.disk.open(under.folder, 'r', 0o600);
      await folder.sync();
      await rejects(folder.read(Buffer.alloc(1), 0, 1, null), 'EISDIR');
      await folder.close();
      await rejects(under.disk.readFile(under.folder), 'EISDIR');
      await rejects(under.disk.open(under.folder, 'a', 0o600), 'EISDIR');
    });

    test('renames a file over another', async () => {
      await write(path, 'new');
      await write(`${path}.old`, 'old');
      await under.disk.rename(path, `${path}.old`);
      assert.equal(await text(`${path}.old`), 'new');
      assert.deepEqual(await names(), ['file.old']);
      await rejects(under.disk.rename(path, `${path}.old`), 'ENOENT');
      await under.disk.mkdir(join(under.folder, 'folder'));
      await rejects(under.disk.rename(`${path}.old`, join(under.folder, 'folder')), 'EISDIR');
      await rejects(under.disk.rename(join(under.folder, 'folder'), `${path}.old`), 'ENOTDIR');
      await under.disk.rename(join(under.folder, 'folder'), join(under.folder, 'aside'));
      assert.deepEqual(await names(), ['aside', 'file.old']);
    });

    test('gives a file a second name, and keeps both when one is renamed to the other', async () => {
      await write(path, 'one');
      await under.disk.link(path, `${path}.bak`);
      const [first, second] = [await under.disk.stat(path), await under.disk.stat(`${path}.bak`)];
      assert.equal(first.ino, second.ino);
      await rejects(under.disk.link(path, `${path}.bak`), 'EEXIST');
      await rejects(under.disk.link(`${path}.nowhere`, `${path}.other`), 'ENOENT');
      await under.disk.rename(path, `${path}.bak`);
      assert.deepEqual(await names(), ['file', 'file.bak']);
      await under.disk.rm(path);
      assert.equal(await text(`${path}.bak`), 'one');
    });

    test('removes a file, be it there or not, and no folder; who has it open reads on', async () => {
      await write(path, 'one');
      const { ino } = await under.disk.stat(path);
      const file = await under.disk.open(path, 'r', 0o600);
      await under.disk.rm(path);
      await under.disk.rm(path);
      assert.deepEqual(await names(), []);
      await write(path, 'another');
      assert.deepEqual(await readAll(file, 10), ['one']);
      assert.notEqual((await under.disk.stat(path)).ino, ino);
      await file.close();
      await assert.rejects(under.disk.rm(under.folder));
    });

    test('dates a file by its last write', async () => {
      const before = systemClock.now() - 1;
      await write(path, 'one');
      const { mtimeMs } = await under.disk.stat(path);
      assert.ok(mtimeMs >= before - 10 && mtimeMs <= systemClock.now() + 1);
    });

    describe('has a lock for a file', () => {
      test('that one process holds at a time', async () => {
        assert.equal(await under.disk.isLocked(path, LOCK_STALE_MS), false);
        const release = await under.disk.lock(path, LOCK);
        assert.equal(await under.disk.isLocked(path, LOCK_STALE_MS), true);
        await rejects(under.disk.lock(path, LOCK), 'ELOCKED');
        assert.deepEqual(await names(), ['file.lock']);
        await release();
        await rejects(release(), 'ERELEASED');
        assert.equal(await under.disk.isLocked(path, LOCK_STALE_MS), false);
        assert.deepEqual(await names(), []);
      });

      test('that needs its folder', async () => {
        await rejects(under.disk.lock(join(under.folder, 'nowhere', 'file'), LOCK), 'ENOENT');
      });

      test('that is free once nobody has refreshed it for long enough', async () => {
        await under.disk.mkdir(`${path}.lock`);
        await rejects(under.disk.lock(path, LOCK), 'ELOCKED');
        under.age(`${path}.lock`, LOCK_STALE_MS + 1_000);
        assert.equal(await under.disk.isLocked(path, LOCK_STALE_MS), false);
        const release = await under.disk.lock(path, LOCK);
        await release();
      });

      test('whose holder hears that another removed it', async () => {
        // The holder's own timer does not keep the process alive.
        const awake = setInterval(() => undefined, 1_000);
        await new Promise<void>((resolve, reject) => {
          under.disk
            .lock(path, { ...LOCK, onCompromised: resolve })
            .then(() => under.removeFolder(`${path}.lock`))
            .catch(reject);
        });
        clearInterval(awake);
      });
    });

    describe('keeps', () => {
      test('the history: it is read, appended to, mended and replaced', async () => {
        const at = join(under.folder, 'data', 'history.jsonl');
        const file = openHistoryFile(at, under);
        assert.equal(codeOf(await file.read(() => true)), 'missing');
        assert.equal(codeOf(await file.append('one\ntwo\n')), 'ok');
        assert.equal(codeOf(await openHistoryFile(at, under).append('other\n')), 'locked');
        await file.close();
        await write(at, 'thr');
        const again = openHistoryFile(at, under);
        const lines: unknown[] = [];
        assert.deepEqual(await again.read((line) => lines.push(line) > 0), { ok: true, torn: 3 });
        assert.deepEqual(lines, ['one', 'two']);
        assert.equal(codeOf(await again.append('three\n')), 'ok');
        assert.equal(await text(at), 'one\ntwo\nthree\n');
        assert.equal(codeOf(await again.replace(['four\n', 'five\n'])), 'ok');
        assert.equal(await text(at), 'four\nfive\n');
        const aside = await again.setAside();
        assert.ok(aside.ok && (await text(aside.path)) === 'four\nfive\n');
        await again.close();
        assert.equal((await names(join(under.folder, 'data'))).length, 1);
      });

      test('the peer book and the copy before it, and removes what was left half written', async () => {
        await write(`${path}.tmp-0123456789abcdef`, 'half');
        const file = openPeerFile(path, under);
        for (const copy of ['one', 'two', 'three']) assert.equal(codeOf(await file.save([copy])), 'ok');
        assert.deepEqual(await file.read('current'), { ok: true, text: 'three' });
        assert.deepEqual(await file.read('backup'), { ok: true, text: 'two' });
        assert.equal(await isHeld(path, under.disk), true);
        await file.close();
        assert.equal(await isHeld(path, under.disk), false);
        assert.deepEqual(await names(), ['file', 'file.bak']);
      });

      test('the spool: its blocks are written, synced, listed, read and removed', async () => {
        const at = join(under.folder, 'spool');
        const folder = openSpoolFolder(at, under);
        assert.deepEqual(await folder.list(10), { ok: true, names: [], more: false });
        assert.equal(codeOf(await folder.write('a.block', [Buffer.from('head'), Buffer.from('body')])), 'ok');
        assert.equal(codeOf(await folder.write('b.block', [Buffer.from('other')])), 'ok');
        await write(join(at, 'c.block.tmp-0123456789abcdef'), 'half');
        assert.deepEqual(await folder.lock(), { ok: true, changed: false, unfinished: 1 });
        assert.equal(codeOf(await folder.sync(['a.block', 'b.block'])), 'ok');
        assert.equal(codeOf(await folder.sync(['c.block'])), 'missing');
        const listed = await folder.list(1);
        assert.ok(listed.ok && listed.names.length === 1 && listed.more);
        assert.deepEqual(await folder.peek('a.block', 4), { ok: true, start: Buffer.from('head'), bytes: 8 });
        assert.deepEqual(await folder.read('a.block'), { ok: true, bytes: Buffer.from('headbody') });
        assert.equal(codeOf(await folder.remove('a.block')), 'ok');
        assert.equal(codeOf(await folder.read('a.block')), 'missing');
        assert.ok((await folder.setAside('b.block')).ok);
        await folder.close();
        assert.match((await names(at)).join(' '), /^b\.block\.corrupt-\d{8}T\d{9}Z$/);
      });
    });
  });
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, { code });
}

async function gathered(values: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function readAll(file: DiskFile, bytes: number): Promise<string[]> {
  const parts: string[] = [];
  for (;;) {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(buffer, 0, bytes, null);
    if (bytesRead === 0) return parts;
    parts.push(buffer.toString('utf8', 0, bytesRead));
  }
}

/** The system's answer holds the buffers as well. */
function pick({ bytesWritten }: { readonly bytesWritten: number }): { readonly bytesWritten: number } {
  return { bytesWritten };
}
