import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { openPeerFile, type PeerFile } from '../../../src/adapters/peer-file.js';
import type { ServiceEvent } from '../../../src/contracts/events.js';
import type { FileFault } from '../../../src/contracts/files.js';
import { PeerBook } from '../../../src/peers/book.js';
import { parse, serialise } from '../../../src/peers/format.js';
import { publicAddress } from '../../../src/simulated/public-address.js';
import { type BookFile, loadBook, persist } from '../../../src/streams/peering/persist.js';
import { address, NOW, outcomes, provenPeer, seeded } from '../../peers/support.js';
import { clockAt } from '../../support/clock.js';

const MINUTE = 60_000;
const reported = (events: readonly ServiceEvent[]) => events.map(({ state, code }) => `${state} ${code}`);

function bookOf(count: number): PeerBook {
  const book = new PeerBook('mainnet', seeded(1));
  for (let n = 0; n < count; n++) book.hear(address(`${publicAddress(n)}:9999`), 'dashd', NOW);
  return book;
}

describe('loadBook', () => {
  const root = mkdtempSync(join(tmpdir(), 'blockcast-load-'));
  const opened: PeerFile[] = [];
  let path = '';
  after(async () => {
    await Promise.all(opened.map((file) => file.close()));
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    path = join(mkdtempSync(join(root, 'case-')), 'peers.json');
  });
  const clock = clockAt(NOW + 7 * MINUTE);
  const textOf = (count: number) => [...serialise(bookOf(count).records(), NOW, undefined)].join('');

  async function load(): Promise<{ book: PeerBook; events: readonly ServiceEvent[] }> {
    const file = openPeerFile(path);
    opened.push(file);
    const book = new PeerBook('mainnet', seeded(2));
    return { book, events: await loadBook(book, file, clock) };
  }

  test('begins empty where there is no file', async () => {
    const { book, events } = await load();
    assert.equal(book.size, 0);
    assert.deepEqual(reported(events), ['up new']);
  });

  test('takes what the file says, and reports how much and how old', async () => {
    writeFileSync(path, textOf(30));
    const { book, events } = await load();
    assert.equal(book.size, 30);
    assert.deepEqual(reported(events), ['up loaded']);
    assert.equal(events[0]?.detail, `30 peers from ${path}, saved 7 min ago`);
    assert.equal(events[0]?.service, 'peer-file');
    assert.equal(events[0]?.at, NOW + 7 * MINUTE);
  });

  test('reports what it left out, and why', async () => {
    const entry = { first_seen: NOW / 1000, last_seen: NOW / 1000, source: 'p2p_discovery' };
    writeFileSync(
      path,
      JSON.stringify({ version: '1.0', peers: { '8.8.8.8:9999': entry, '10.0.0.1:9999': entry, nonsense: entry } }),
    );
    const { book, events } = await load();
    assert.equal(book.size, 1);
    assert.match(
      events[0]?.detail ?? '',
      /^1 peers from .*; 1 left out: unroutable; 1 not understood; skipped: not an/,
    );
  });

  for (const [what, text] of [
    ['half-written', textOf(30).slice(0, 500)],
    ['empty', ''],
    ['of another kind', '{"hello": "world"}'],
    ['of a later version', '{"version": "2.0", "peers": {}}'],
  ] as const) {
    test(`a file ${what} is set aside, and the copy before it used`, async () => {
      writeFileSync(path, text);
      writeFileSync(`${path}.bak`, textOf(20));
      const { book, events } = await load();
      assert.equal(book.size, 20);
      assert.deepEqual(reported(events), ['fault corrupt', 'fault backup-used', 'up loaded']);
      const aside = readdirSync(join(path, '..')).find((name) => name.includes('.corrupt-')) ?? '';
      assert.ok(aside !== '' && events[0]?.detail.endsWith(`set aside as ${join(path, '..', aside)}`));
      assert.equal(readFileSync(join(path, '..', aside), 'utf8'), text);
    });
  }

  test('a file that is too large is set aside, and survives the saves', async () => {
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024 + 1);
    const { book, events } = await load();
    assert.equal(book.size, 0);
    assert.deepEqual(reported(events), ['fault too-large', 'fault empty']);
    assert.match(events[0]?.detail ?? '', /set aside as /);
    for (const text of ['one', 'two']) await opened.at(-1)?.save([text]);
    const aside = readdirSync(join(path, '..')).find((name) => name.includes('.corrupt-')) ?? '';
    assert.equal(statSync(join(path, '..', aside)).size, 64 * 1024 * 1024 + 1);
  });

  test('a folder in its place is left alone', async () => {
    mkdirSync(path);
    const { events } = await load();
    assert.deepEqual(reported(events), ['fault not-a-file', 'fault empty']);
    assert.ok(statSync(path).isDirectory());
  });

  test('with the file gone the copy before it is used', async () => {
    writeFileSync(`${path}.bak`, textOf(20));
    const { book, events } = await load();
    assert.equal(book.size, 20);
    assert.deepEqual(reported(events), ['fault backup-used', 'up loaded']);
  });

  test('with both of no use it begins empty, and both are set aside', async () => {
    writeFileSync(path, 'x');
    writeFileSync(`${path}.bak`, 'y');
    const { book, events } = await load();
    assert.equal(book.size, 0);
    assert.deepEqual(reported(events), ['fault corrupt', 'fault corrupt', 'fault empty']);
    assert.equal(readdirSync(join(path, '..')).filter((name) => name.includes('.corrupt-')).length, 2);
  });

  test('held by another it is read all the same, and not touched', async () => {
    writeFileSync(path, 'x');
    writeFileSync(`${path}.bak`, textOf(20));
    const other = openPeerFile(path);
    opened.push(other);
    await other.lock();
    const { book, events } = await load();
    assert.equal(book.size, 20);
    assert.match(events[0]?.detail ?? '', /not set aside: .* is held by another blockcast/);
    assert.equal(readFileSync(path, 'utf8'), 'x');
  });
});

/** A file in memory, with answers that a test can set. */
class MemoryFile implements BookFile {
  readonly path = 'peers.json';
  text: string | undefined;
  closed = 0;
  saves = 0;
  tries = 0;
  lockAnswers: Awaited<ReturnType<BookFile['lock']>>[] = [];
  saveFault: FileFault | undefined;

  async lock(): ReturnType<BookFile['lock']> {
    this.tries++;
    return (
      (this.lockAnswers.length > 1 ? this.lockAnswers.shift() : this.lockAnswers[0]) ?? { ok: true, changed: false }
    );
  }

  async read(): ReturnType<BookFile['read']> {
    return this.text === undefined ? { ok: false, code: 'missing', detail: '' } : { ok: true, text: this.text };
  }

  async setAside(): ReturnType<BookFile['setAside']> {
    return { ok: true, path: 'aside' };
  }

  async save(chunks: Iterable<string>): ReturnType<BookFile['save']> {
    this.saves++;
    if (this.saveFault !== undefined) return this.saveFault;
    this.text = [...chunks].join('');
    return { ok: true, bytes: this.text.length };
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

describe('persist', () => {
  function started(file: MemoryFile, book = bookOf(3)) {
    const scheduler = new VirtualTimeScheduler();
    const changes$ = new Subject<void>();
    const stop$ = new Subject<void>();
    const events: ServiceEvent[] = [];
    let completed = false;
    const clock = clockAt(() => NOW + scheduler.frame);
    persist({ book, file, localDashd: '127.0.0.1:9999', changes$, stop$, clock, scheduler }).subscribe({
      next: (event) => events.push(event),
      complete: () => {
        completed = true;
      },
    });
    /** Answers of the file are promises: time goes on once they have been taken. */
    const settled = async () => {
      for (let i = 0; i < 5; i++) await setImmediate();
    };
    return {
      book,
      changes$,
      stop$,
      events,
      settled,
      get completed() {
        return completed;
      },
      async pass(ms: number) {
        const until = scheduler.frame + ms;
        await settled();
        while (scheduler.frame < until) {
          scheduler.maxFrames = Math.min(until, scheduler.frame + 500);
          scheduler.flush();
          scheduler.frame = scheduler.maxFrames;
          await settled();
        }
      },
    };
  }
  const held = { ok: false, code: 'locked', detail: 'held by another' } as const;

  test('saves every five minutes, and what is in the book by then', async () => {
    const file = new MemoryFile();
    const run = started(file);
    await run.pass(5 * MINUTE - 1_000);
    assert.equal(file.saves, 0);
    run.book.restore([provenPeer('203.1.1.1:9999', { broadcasts: outcomes(4, 1) })], NOW);
    await run.pass(1_000);
    assert.equal(file.saves, 1);
    const parsed = parse(file.text ?? '');
    assert.ok(parsed.ok && parsed.records.length === 4 && parsed.localDashd === '127.0.0.1:9999');
    assert.equal(parsed.lastUpdated, NOW + 5 * MINUTE);
    await run.pass(15 * MINUTE);
    assert.equal(file.saves, 4);
    assert.deepEqual(run.events, []);
  });

  test('saves a second after a change, and once a second while they go on', async () => {
    const file = new MemoryFile();
    const run = started(file);
    await run.settled();
    run.changes$.next();
    await run.pass(500);
    run.changes$.next();
    assert.equal(file.saves, 0);
    await run.pass(500);
    assert.equal(file.saves, 1);
    for (let i = 0; i < 20; i++) {
      run.changes$.next();
      await run.pass(500);
    }
    assert.ok(file.saves >= 8 && file.saves <= 11, `${file.saves} saves`);
  });

  test('saves once more at the end, then lets go and completes', async () => {
    const file = new MemoryFile();
    const run = started(file);
    await run.settled();
    run.stop$.next();
    await run.settled();
    assert.deepEqual([file.saves, file.closed, run.completed], [1, 1, true]);
    await run.pass(10 * MINUTE);
    assert.equal(file.saves, 1);
  });

  test('a fault is reported once, another anew, and its end', async () => {
    const file = new MemoryFile();
    const run = started(file);
    file.saveFault = { ok: false, code: 'disk-full', detail: 'no room' };
    await run.pass(15 * MINUTE);
    assert.equal(file.saves, 3);
    file.saveFault = { ok: false, code: 'io-error', detail: 'bad disk' };
    await run.pass(10 * MINUTE);
    file.saveFault = undefined;
    await run.pass(10 * MINUTE);
    assert.deepEqual(reported(run.events), ['down disk-full', 'down io-error', 'up saved']);
    assert.match(run.events[0]?.detail ?? '', /^peers are not saved: no room$/);
  });

  test('held for good by another: reports so once, never saves, stays until the end', async () => {
    const file = new MemoryFile();
    file.lockAnswers = [held];
    const run = started(file);
    await run.pass(0);
    assert.deepEqual(reported(run.events), ['down locked'], 'at the start');
    await run.pass(MINUTE);
    assert.deepEqual(reported(run.events), ['down locked']);
    const { tries } = file;
    run.changes$.next();
    await run.pass(20 * MINUTE);
    assert.equal(file.tries, tries);
    assert.deepEqual([file.saves, run.events.length, run.completed], [0, 1, true]);
  });

  test('is patient with the lock of a process that was killed', async () => {
    const file = new MemoryFile();
    file.lockAnswers = [held, held, held, held, held, { ok: true, changed: false }];
    const run = started(file);
    await run.pass(4_500);
    assert.equal(file.saves, 0);
    // What changes meanwhile is saved as soon as it can be.
    run.changes$.next();
    await run.pass(1_000);
    assert.equal(file.saves, 1);
    assert.deepEqual(reported(run.events), ['down locked', 'up saved']);
    await run.pass(5 * MINUTE);
    assert.equal(file.saves, 2);
  });

  test('what the process before us saved last is taken in before it is overwritten', async () => {
    const file = new MemoryFile();
    file.lockAnswers = [held, { ok: true, changed: true }];
    file.text = [...serialise([provenPeer('203.1.1.1:9999')], NOW, undefined)].join('');
    const run = started(file);
    await run.pass(3_000);
    assert.equal(run.book.size, 4);
    const parsed = parse(file.text);
    assert.ok(parsed.ok && parsed.records.length === 4);
    assert.deepEqual(reported(run.events), ['down locked', 'up loaded']);
  });

  test('stopped while it waits for the lock, it writes nothing', async () => {
    const file = new MemoryFile();
    file.lockAnswers = [held];
    const run = started(file);
    await run.pass(2_000);
    run.stop$.next();
    await run.settled();
    assert.deepEqual([file.saves, file.closed, run.completed], [0, 1, true]);
  });

  test('a folder that cannot be written is reported at once, and tried again', async () => {
    const file = new MemoryFile();
    file.lockAnswers = [{ ok: false, code: 'not-writable', detail: 'no permission' }];
    file.saveFault = { ok: false, code: 'not-writable', detail: 'no permission' };
    const run = started(file);
    await run.pass(1_000);
    assert.deepEqual(reported(run.events), ['down not-writable']);
    file.saveFault = undefined;
    await run.pass(5 * MINUTE);
    assert.deepEqual(reported(run.events), ['down not-writable', 'up saved']);
  });

  test('the lock lost, it says so and saves no more', async () => {
    const file = new MemoryFile();
    const run = started(file);
    file.saveFault = { ok: false, code: 'lock-lost', detail: 'taken over' };
    await run.pass(5 * MINUTE);
    file.saveFault = undefined;
    await run.pass(20 * MINUTE);
    assert.deepEqual(reported(run.events), ['down lock-lost']);
    assert.deepEqual([file.saves, file.closed], [1, 1]);
  });
});
