import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemDisk } from '../../src/adapters/disk.js';
import { type HistoryFile, openHistoryFile } from '../../src/adapters/history-file.js';
import { formatLine, HEADER, headerFault, parseLine } from '../../src/history/format.js';
import { proof, received, verdict } from '../history/support.js';
import { seeded } from '../peers/support.js';
import { codeOf, hasTemporaryFile, killWhileWriting, TestFolder } from './file-tests.js';

describe('the history file', () => {
  const files = new TestFolder('blocks.jsonl', openHistoryFile);
  const contents = () => readFileSync(files.path, 'utf8');

  async function linesOf(file: HistoryFile): Promise<{ lines: (string | undefined)[]; torn: number }> {
    const lines: (string | undefined)[] = [];
    const read = await file.read((line) => lines.push(line) > 0);
    assert.ok(read.ok, codeOf(read));
    return { lines, torn: read.torn };
  }

  it('is not there at first, and grows', async () => {
    const file = files.open(join(files.folder, 'data', 'dash', 'blocks.jsonl'));
    assert.equal(codeOf(await file.read(() => true)), 'missing');
    assert.equal(codeOf(await file.append('one\n')), 'ok');
    assert.equal(codeOf(await file.append('twö\nthree\n')), 'ok');
    assert.deepEqual(await linesOf(file), { lines: ['one', 'twö', 'three'], torn: 0 });
    assert.equal(codeOf(await file.append('four\n')), 'ok');
    assert.deepEqual((await linesOf(file)).lines, ['one', 'twö', 'three', 'four']);
    assert.equal(statSync(join(files.folder, 'data', 'dash', 'blocks.jsonl')).mode & 0o777, 0o600);
  });

  it('is read line by line, wherever the pieces are cut', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 200_000 }).map((line) => line.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), fc.nat(70_000), async (lines, padding) => {
        const all = ['x'.repeat(padding), ...lines];
        writeFileSync(files.path, `${all.join('\n')}\nhalf a line`);
        assert.deepEqual(await linesOf(files.open()), { lines: all, torn: 11 });
      }),
      { numRuns: 30 },
    );
  });

  it('is read no further than is wanted', async () => {
    writeFileSync(files.path, 'one\ntwo\nthree\n');
    const seen: (string | undefined)[] = [];
    await files.open().read((line) => seen.push(line) < 2);
    assert.deepEqual(seen, ['one', 'two']);
  });

  it('lets others have their turn while it is read', async () => {
    writeFileSync(files.path, 'x\n'.repeat(500_000));
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    assert.equal((await linesOf(files.open())).lines.length, 500_000);
    counting = false;
    assert.ok(turns > 10, `${turns} turns`);
  });

  it('takes a line without end for none, and what follows it for what it is', async () => {
    writeFileSync(files.path, `one\n${'x'.repeat(1_100_000)}\ntwo\n${'y'.repeat(1_100_000)}`);
    assert.deepEqual(await linesOf(files.open()), { lines: ['one', undefined, 'two'], torn: 1_100_000 });
  });

  for (const torn of ['{"half', '\0\0\0\0', 'ö'.slice(0, 1), 'x'.repeat(100_000)]) {
    it(`has half a line cut off before the next is written: ${JSON.stringify(torn.slice(0, 9))}`, async () => {
      writeFileSync(files.path, `one\n${torn}`);
      const file = files.open();
      await linesOf(file);
      assert.equal(codeOf(await file.append('')), 'ok');
      assert.equal(contents(), 'one\n');
      await file.append('two\n');
      assert.equal(contents(), 'one\ntwo\n');
    });
  }

  it('that was not read is not appended to', async () => {
    writeFileSync(files.path, 'one\n');
    assert.equal(codeOf(await files.open().append('two\n')), 'changed');
    assert.equal(contents(), 'one\n');
  });

  const meddling: Record<string, () => void> = {
    'made shorter': () => writeFileSync(files.path, 'on'),
    removed: () => rmSync(files.path),
    'moved away': () => renameSync(files.path, `${files.path}.old`),
    'replaced by another': () => {
      renameSync(files.path, `${files.path}.old`);
      writeFileSync(files.path, 'something else, and longer\n');
    },
  };
  for (const [what, meddle] of Object.entries(meddling)) {
    it(`${what} is reported, and not written to before it is set aside`, async () => {
      const file = files.open();
      await file.append('one\n');
      meddle();
      const before = readdirSync(files.folder).filter((name) => name === 'blocks.jsonl');
      const answer = await file.append('two\n');
      assert.ok(!answer.ok && answer.code === 'changed' && /stop blockcast before/.test(answer.detail));
      assert.deepEqual(
        readdirSync(files.folder).filter((name) => name === 'blocks.jsonl'),
        before,
      );
      if (before.length > 0) {
        assert.equal(codeOf(await file.replace(['one\n', 'two\n'])), 'changed');
        assert.equal(codeOf(await file.setAside()), 'ok');
      }
      assert.equal(codeOf(await file.replace(['one\n', 'two\n'])), 'ok');
      assert.equal(contents(), 'one\ntwo\n');
      assert.equal(codeOf(await file.append('three\n')), 'ok');
      assert.equal(contents(), 'one\ntwo\nthree\n');
    });
  }

  it('deleted with its folder and its lock is reported, then written again', async () => {
    const file = files.open();
    await file.append('one\n');
    rmSync(files.folder, { recursive: true });
    assert.equal(codeOf(await file.append('two\n')), 'changed');
    assert.equal(codeOf(await file.replace(['one\n', 'two\n'])), 'ok');
    assert.equal(codeOf(await file.append('three\n')), 'ok');
    assert.equal(contents(), 'one\ntwo\nthree\n');
    assert.equal(codeOf(await files.open().lock()), 'locked');
  });

  it('is replaced at once, keeps its mode, and grows on', async () => {
    const file = files.open();
    await file.append('one\n');
    chmodSync(files.path, 0o640);
    assert.equal(codeOf(await file.replace(['two\n', 'three\n'])), 'ok');
    assert.equal(codeOf(await file.append('four\n')), 'ok');
    assert.equal(contents(), 'two\nthree\nfour\n');
    assert.equal(statSync(files.path).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(files.folder).sort(), ['blocks.jsonl', 'blocks.jsonl.lock']);
  });

  it('behind a link is written, not the link', async () => {
    mkdirSync(join(files.folder, 'disk'));
    symlinkSync(join(files.folder, 'disk', 'real.jsonl'), files.path);
    writeFileSync(join(files.folder, 'disk', 'real.jsonl'), 'one\n');
    const file = files.open();
    await linesOf(file);
    await file.append('two\n');
    await file.replace(['three\n']);
    assert.equal(readFileSync(join(files.folder, 'disk', 'real.jsonl'), 'utf8'), 'three\n');
  });

  it('is for one process', async () => {
    const first = files.open();
    await first.append('one\n');
    const second = files.open();
    await linesOf(second);
    for (const answer of [await second.append('two\n'), await second.replace(['two\n']), await second.setAside()]) {
      assert.ok(!answer.ok && answer.code === 'locked');
      assert.match(answer.detail, /stop that one, or name another file \(history\.file\)/);
    }
    assert.equal(contents(), 'one\n');
    await first.append('and more\n');
    await first.close();
    assert.deepEqual(await second.lock(), { ok: true, changed: true });
  });

  it('can be set aside, and begun anew', async () => {
    writeFileSync(files.path, 'what is this');
    const file = files.open();
    await file.lock();
    await linesOf(file);
    const moved = await file.setAside();
    assert.ok(moved.ok && /blocks\.jsonl\.corrupt-\d{8}T\d{9}Z$/.test(moved.path));
    assert.equal(readFileSync(moved.path, 'utf8'), 'what is this');
    assert.equal(codeOf(await file.append('one\n')), 'ok');
    assert.equal(contents(), 'one\n');
  });

  describe('what goes wrong is an answer', () => {
    for (const [code, expected] of [
      ['ENOSPC', 'disk-full'],
      ['EIO', 'io-error'],
      ['EROFS', 'not-writable'],
    ] as const) {
      it(`${code} in the middle of a line: nothing of it counts, and nothing of it stays`, async () => {
        const disk = new FailingDisk();
        const file = files.open(files.path, { disk: { ...systemDisk, open: disk.open } });
        await file.append('one\n');
        disk.fails = code;
        const answer = await file.append('two is a longer line\n');
        assert.ok(!answer.ok && answer.code === expected && answer.detail.includes(code), JSON.stringify(answer));
        assert.equal(contents(), 'one\ntwo is a l', 'half of it was written');
        assert.equal(codeOf(await file.append('two is a longer line\n')), expected);
        disk.fails = undefined;
        assert.equal(codeOf(await file.append('three\n')), 'ok');
        assert.equal(contents(), 'one\nthree\n');
      });

      it(`${code} while it is replaced: it is as it was`, async () => {
        const disk = new FailingDisk();
        const file = files.open(files.path, { disk: { ...systemDisk, open: disk.open } });
        await file.append('one\n');
        disk.fails = code;
        assert.equal(codeOf(await file.replace(['two\n', 'three\n'])), expected);
        disk.fails = undefined;
        assert.equal(contents(), 'one\n');
        assert.deepEqual(readdirSync(files.folder).sort(), ['blocks.jsonl', 'blocks.jsonl.lock']);
        assert.equal(codeOf(await file.append('four\n')), 'ok');
      });
    }

    it('a sync that fails: the line is not counted as written', async () => {
      const disk = new FailingDisk();
      const file = files.open(files.path, { disk: { ...systemDisk, open: disk.open } });
      await file.append('one\n');
      disk.syncFails = true;
      assert.equal(codeOf(await file.append('two\n')), 'io-error');
      disk.syncFails = false;
      assert.equal(codeOf(await file.append('two\n')), 'ok');
      assert.equal(contents(), 'one\ntwo\n');
    });

    it('a read that fails, or stops early: it is not appended to, nor replaced', async () => {
      const disk = new FailingDisk();
      writeFileSync(files.path, 'one\ntwo\n');
      const file = files.open(files.path, { disk: { ...systemDisk, open: disk.open } });
      const read = [() => (disk.readFails = true), () => (disk.readFails = false)];
      for (const begin of read) {
        begin();
        await file.read(() => false);
        assert.equal(codeOf(await file.append('three\n')), 'changed');
        assert.equal(codeOf(await file.replace(['three\n'])), 'changed');
        assert.equal(contents(), 'one\ntwo\n');
      }
      assert.equal(codeOf(await file.read(() => true)), 'ok');
      assert.equal(codeOf(await file.append('three\n')), 'ok');
    });

    it('a folder in its place, or a device', async () => {
      mkdirSync(files.path);
      for (const file of [files.open(), files.open('/dev/null')]) {
        assert.equal(codeOf(await file.read(() => true)), 'not-a-file');
      }
      assert.equal(codeOf(await files.open().append('one\n')), 'not-a-file');
      assert.equal(codeOf(await files.open().replace(['one\n'])), 'locked', 'the first one holds it');
    });
  });

  /** More with CRASHES=100. */
  const crashes = Number(process.env['CRASHES'] ?? 20);
  const MOST = 100;
  it(`killed ${crashes} times while it is written, it has each time all that was acknowledged`, async (t) => {
    const random = seeded(7);
    const seen = { saves: 0, torn: 0, anew: 0 };
    const lanes = [join(files.folder, 'a.jsonl'), join(files.folder, 'b.jsonl')];
    await Promise.all(
      lanes.map(async (lane, index) => {
        // Where in its work a kill meets the process is chance: a few more where nothing was met yet.
        const isMet = () => seen.torn > 0 && (crashes < 20 || seen.anew > 0);
        for (let i = index; i < crashes || (!isMet() && i < 4 * crashes); i += lanes.length) {
          await crash(lane, random.float(), seen, i);
        }
      }),
    );
    t.diagnostic(`${crashes} kills: ${JSON.stringify(seen)}`);
    assert.ok(seen.torn > 0, 'no file had half a line');
    assert.ok(crashes < 20 || seen.anew > 0, 'no kill came while a file was being written anew');
  });

  async function crash(
    at: string,
    chance: number,
    seen: { saves: number; torn: number; anew: number },
    round: number,
  ): Promise<void> {
    const many = round % 4 > 1;
    const lines = await killWhileWriting('growing-history.js', [at, String(MOST), many ? '1001' : '1'], {
      mark: many ? 'anew' : 'found',
      afterMs: (many ? 10 : 60) * chance,
    });
    const blocks = lines.flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));
    seen.saves += blocks.length;
    seen.anew += hasTemporaryFile(at) ? 1 : 0;
    // A kill seldom hits a write in its middle: here it has, as far as the next start can report.
    const line = formatLine(verdict(0, { peers: Array.from({ length: 20 }, (_, n) => proof(n + 1)) }));
    appendFileSync(at, line.slice(0, Math.floor(((round % 17) / 17) * line.length)));
    assertWhole(at, blocks, seen);
  }

  /** Every line but the last makes sense, and the blocks that were said to be on disk are. */
  function assertWhole(at: string, blocks: readonly number[], seen: { torn: number }): void {
    const lines = readFileSync(at, 'utf8').split('\n');
    if (lines.pop() !== '') seen.torn += 1;
    if (lines.length === 0) {
      assert.deepEqual(blocks, [], 'it was killed before it wrote anything');
      return;
    }
    const [header, ...events] = lines;
    assert.equal(headerFault(header ?? ''), undefined);
    const parsed = events.map((text) => parseLine(text));
    assert.ok(!parsed.includes(undefined), 'a line in the middle makes no sense');
    const judged = new Set(
      parsed.flatMap((event) => (event?.type === 'verdict' ? [Number.parseInt(event.hash, 16)] : [])),
    );
    // A kill may come when a file was written anew and before that was outcome: then newer blocks have taken the place of the oldest.
    const oldest = Math.max(...judged) - MOST + 1;
    for (const block of blocks) assert.ok(block < oldest || judged.has(block), `block ${block} is not there`);
  }

  it('begins with what says what it is', () => {
    assert.equal(headerFault(HEADER.trimEnd()), undefined);
    assert.equal(headerFault(''), 'it does not begin as one');
    assert.equal(headerFault('{"version":1}'), 'it does not begin as one');
    assert.equal(headerFault(formatLine(received(1))), 'it does not begin as one');
    assert.match(headerFault(HEADER.replace('1', '2')) ?? '', /^it is of version 2, this is version 1$/);
  });
});

/** A disk that can fail, in the middle of a write. */
class FailingDisk {
  fails: string | undefined;
  syncFails = false;
  readFails = false;

  readonly open = async (path: string, flags: string, mode: number): Promise<FileHandle> => {
    const handle = await open(path, flags, mode);
    const append = handle.appendFile.bind(handle);
    const sync = handle.datasync.bind(handle);
    handle.appendFile = async (data, options) => {
      if (this.fails === undefined) return append(data, options);
      await append(String(data).slice(0, 10), options);
      throw Object.assign(new Error(this.fails), { code: this.fails });
    };
    const read = handle.read.bind(handle);
    handle.read = async (...args: Parameters<typeof read>) => {
      if (this.readFails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return read(...args);
    };
    handle.datasync = async () => {
      if (this.syncFails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      await sync();
    };
    return handle;
  };
}
