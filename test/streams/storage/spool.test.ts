import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Block } from '../../../src/block/gate.js';
import type { BlockRepeated, BlockStored, BlockVerdict, ServiceEvent } from '../../../src/contracts/events.js';
import type { FileAnswer, FileFault } from '../../../src/contracts/files.js';
import { fileName, formatHead } from '../../../src/history/spool-entry.js';
import { Spool, type SpoolStore } from '../../../src/streams/storage/spool.js';
import type { Hash } from '../../../src/wire/reader.js';
import { START, Time } from '../../support/virtual-time.js';

const hashOf = (n: number): Hash => n.toString(16).padStart(64, '0');
const SIZE = 100;

function block(n: number, size = SIZE): Block {
  const raw = Buffer.alloc(size, n);
  return {
    hash: hashOf(n),
    header: raw.subarray(0, 80),
    previous: hashOf(n - 1),
    time: 0,
    bits: 0,
    raw,
    size,
    height: n,
  };
}

const FULL: FileFault = { ok: false, code: 'disk-full', detail: 'no room' };

/** A folder in memory, which does as a test says. */
class MemoryFolder implements SpoolStore {
  readonly path = '/spool';
  readonly files = new Map<string, Buffer>();
  readonly log: string[] = [];
  readonly aside: string[] = [];
  writeAnswer: () => FileAnswer | Promise<FileAnswer> = () => ({ ok: true });
  syncAnswer: () => FileAnswer | Promise<FileAnswer> = () => ({ ok: true });
  /** Faults of the disk at reading the folder, and at reading its files. */
  listFault: FileFault | undefined;
  peekFault: FileFault | undefined;
  lockAnswer: Awaited<ReturnType<SpoolStore['lock']>> = { ok: true, changed: false };
  closed = false;

  async lock(): ReturnType<SpoolStore['lock']> {
    return this.lockAnswer;
  }

  async list(max: number): ReturnType<SpoolStore['list']> {
    return this.listFault ?? { ok: true, names: [...this.files.keys()].slice(0, max), more: false };
  }

  async write(name: string, parts: readonly Buffer[]): Promise<FileAnswer> {
    this.log.push(`write ${short(name)}`);
    const answer = await this.writeAnswer();
    if (answer.ok) this.files.set(name, Buffer.concat([...parts]));
    return answer;
  }

  async sync(names: readonly string[]): Promise<FileAnswer> {
    this.log.push(`sync ${names.map(short).join(' ')}`);
    return this.syncAnswer();
  }

  async peek(name: string, max: number): ReturnType<SpoolStore['peek']> {
    const file = this.files.get(name) ?? Buffer.alloc(0);
    return this.peekFault ?? { ok: true, start: file.subarray(0, max), bytes: file.length };
  }

  async read(name: string): ReturnType<SpoolStore['read']> {
    const bytes = this.files.get(name);
    return bytes === undefined ? { ok: false, code: 'missing', detail: 'not there' } : { ok: true, bytes };
  }

  async remove(name: string): Promise<FileAnswer> {
    this.log.push(`remove ${short(name)}`);
    this.files.delete(name);
    return { ok: true };
  }

  async setAside(name: string): ReturnType<SpoolStore['setAside']> {
    this.aside.push(short(name));
    this.files.delete(name);
    return { ok: true, path: '/aside' };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function short(name: string): string {
  return name.replace(/^0*([0-9a-f]+)\.block$/, '$1');
}

class Kept {
  readonly time = new Time();
  readonly folder = new MemoryFolder();
  readonly reported: string[] = [];
  readonly spool: Spool;

  constructor({ maxBlocks = 100, maxBytes = 10_000 } = {}) {
    const { folder, time, reported } = this;
    const emit = (event: BlockStored | ServiceEvent): void => {
      reported.push(
        event.type === 'stored' ? `stored ${short(`${event.hash}.block`)}` : `${event.state} ${event.code}`,
      );
    };
    this.spool = new Spool({ folder, maxBlocks, maxBytes, emit, clock: time.clock, scheduler: time.scheduler });
  }

  keep(...numbers: readonly number[]): void {
    for (const n of numbers) {
      this.spool.keep(block(n), START, (why) =>
        this.reported.push(`received ${n}${why === undefined ? '' : ` ${why}`}`),
      );
    }
  }

  repeat(n: number): void {
    const event: BlockRepeated = { type: 'repeated', at: 0, hash: hashOf(n), source: 'pool' };
    this.spool.answer(event, ({ stored, unspooled }) =>
      this.reported.push(`repeated ${n}${stored ? ' stored' : ''}${unspooled === undefined ? '' : ` ${unspooled}`}`),
    );
  }

  verdict(n: number, changes: Partial<BlockVerdict> = {}): void {
    this.spool.note({
      type: 'verdict',
      at: 0,
      hash: hashOf(n),
      source: 'pool',
      size: SIZE,
      outcome: 'delivered',
      success: true,
      rpc: { outcome: 'accepted', ms: 1 },
      peersReached: 1,
      peersTried: 1,
      accepted: 1,
      alreadyHad: 0,
      failed: 0,
      peers: [],
      ...changes,
    });
  }

  put(n: number, at = START): void {
    const { hash, previous, size, raw } = block(n);
    this.folder.files.set(fileName(hash), Buffer.concat([formatHead({ hash, previous, size, height: n, at }), raw]));
  }

  /** What was reported and done since it was last asked. */
  async news(ms = 0): Promise<string[]> {
    await this.time.pass(ms);
    return [...this.folder.log.splice(0), ...this.reported.splice(0)];
  }

  names(): string[] {
    return [...this.folder.files.keys()].map(short);
  }
}

describe('the spool', () => {
  test('reports a block when the kernel has its file, and that it is stored when that is synced', async () => {
    const kept = new Kept();
    kept.keep(1);
    assert.deepEqual(kept.reported, [], 'not before');
    assert.deepEqual(await kept.news(), ['write 1', 'sync 1', 'received 1', 'stored 1']);
    assert.deepEqual(kept.spool.view, { path: '/spool', blocks: 1, bytes: SIZE, faults: 0, syncedAt: START });
    assert.equal(kept.time.pending, 0);
  });

  test('writes one block after the other, in their order', async () => {
    const kept = new Kept();
    kept.keep(3, 1, 2);
    await kept.time.pass(0);
    assert.deepEqual(
      kept.reported.filter((line) => line.startsWith('received')),
      ['received 3', 'received 1', 'received 2'],
    );
    assert.deepEqual(kept.reported.filter((line) => line.startsWith('stored')).sort(), [
      'stored 1',
      'stored 2',
      'stored 3',
    ]);
  });

  test('lets go of a block when a verdict says that it was delivered and dashd has it, and of no other', async () => {
    const kept = new Kept();
    kept.keep(1, 2, 3, 4);
    await kept.news();
    kept.verdict(1);
    kept.verdict(2, { outcome: 'local-only' });
    kept.verdict(3, { rpc: { outcome: 'unavailable', ms: 1 } });
    kept.verdict(4, { outcome: 'rejected', rpc: { outcome: 'rejected', ms: 1 } });
    assert.deepEqual(await kept.news(), ['remove 1']);
    for (const n of [2, 3, 4]) kept.spool.note({ type: 'finality', at: 0, hash: hashOf(n), state: 'pending' });
    assert.deepEqual(await kept.news(), []);
    kept.spool.note({ type: 'finality', at: 0, hash: hashOf(2), state: 'chainlocked' });
    kept.spool.note({ type: 'finality', at: 0, hash: hashOf(3), state: 'buried' });
    kept.spool.note({ type: 'finality', at: 0, hash: hashOf(4), state: 'orphaned' });
    assert.deepEqual(await kept.news(), ['remove 2', 'remove 3', 'remove 4']);
    assert.deepEqual(kept.names(), []);
    assert.equal(kept.spool.view.bytes, 0);
  });

  test('syncs a block that is delivered meanwhile all the same, and removes it then', async () => {
    const kept = new Kept();
    kept.keep(1);
    kept.verdict(1);
    assert.deepEqual(await kept.news(), ['write 1', 'sync 1', 'remove 1', 'received 1', 'stored 1']);
  });

  test('answers a block that comes again with what is known of it', async () => {
    const kept = new Kept();
    kept.keep(1);
    kept.repeat(1);
    assert.deepEqual(await kept.news(), ['write 1', 'sync 1', 'received 1', 'repeated 1', 'stored 1']);
    kept.repeat(1);
    kept.repeat(2);
    assert.deepEqual(await kept.news(), ['repeated 1 stored', 'repeated 2 stored'], 'what is not here need not be');
  });

  test('reports a full disk once, goes on, and writes what waits when there is room again', async () => {
    const kept = new Kept();
    kept.folder.writeAnswer = () => FULL;
    kept.keep(1, 2);
    assert.deepEqual(await kept.news(), [
      'write 1',
      'write 2',
      'down disk-full',
      'received 1 disk-full',
      'received 2 disk-full',
    ]);
    kept.repeat(1);
    assert.deepEqual(await kept.news(5_000), ['write 1', 'repeated 1 disk-full'], 'one is enough to find out');
    kept.folder.writeAnswer = () => ({ ok: true });
    assert.deepEqual((await kept.news(5_000)).sort(), [
      'stored 1',
      'stored 2',
      'sync 1',
      'sync 2',
      'up saved',
      'write 1',
      'write 2',
    ]);
    assert.equal(kept.time.pending, 0);
  });

  test('answers that a block is safe once dashd and the network have it, though the disk does not take it', async () => {
    const kept = new Kept();
    kept.folder.writeAnswer = () => FULL;
    kept.keep(1);
    kept.verdict(1);
    await kept.news();
    kept.repeat(1);
    assert.deepEqual(await kept.news(), ['repeated 1 stored']);
  });

  test('writes a block anew that could not be synced', async () => {
    const kept = new Kept();
    kept.folder.syncAnswer = () => ({ ok: false, code: 'io-error', detail: 'EIO' });
    kept.keep(1);
    assert.deepEqual(await kept.news(), ['write 1', 'sync 1', 'received 1', 'down io-error']);
    kept.folder.syncAnswer = () => ({ ok: true });
    assert.deepEqual(await kept.news(5_000), ['write 1', 'sync 1', 'up saved', 'stored 1']);
  });

  test('lets nobody wait for a disk that hangs', async () => {
    const kept = new Kept();
    let write: (answer: FileAnswer) => void = () => undefined;
    kept.folder.writeAnswer = () =>
      new Promise((resolve) => {
        write = resolve;
      });
    kept.keep(1);
    assert.deepEqual(await kept.news(1_999), ['write 1']);
    assert.deepEqual(await kept.news(1), ['received 1 slow-disk']);
    write({ ok: true });
    assert.deepEqual(await kept.news(), ['sync 1', 'stored 1'], 'it came to a good end');
    await kept.spool.close();
  });

  test('ends within its time on a disk that hangs', async () => {
    const kept = new Kept();
    kept.folder.writeAnswer = () => new Promise(() => undefined);
    kept.keep(1);
    const closed = kept.spool.close();
    await kept.time.pass(3_000);
    await closed;
    assert.ok(kept.folder.closed);
  });

  test('is bounded by count and by bytes: the oldest give way, and that is reported', async () => {
    const byCount = new Kept({ maxBlocks: 2 });
    byCount.keep(1, 2);
    await byCount.news();
    byCount.keep(3);
    assert.deepEqual((await byCount.news()).sort(), [
      'fault full',
      'received 3',
      'remove 1',
      'stored 3',
      'sync 3',
      'write 3',
    ]);
    assert.deepEqual(byCount.names(), ['2', '3']);
    byCount.repeat(1);
    assert.deepEqual(await byCount.news(), ['repeated 1 full'], 'nobody gets the answer that it is safe');

    const byBytes = new Kept({ maxBytes: 2.5 * SIZE });
    byBytes.keep(1, 2);
    await byBytes.news();
    byBytes.keep(3);
    await byBytes.news();
    assert.deepEqual(byBytes.names(), ['2', '3']);
    assert.equal(byBytes.spool.view.bytes, 2 * SIZE);
  });

  test('finds what was there before: parents first, and stored once it is under way again', async () => {
    const kept = new Kept();
    kept.put(2, START);
    kept.put(1, START + 1);
    await kept.spool.scan();
    assert.deepEqual(
      kept.spool.unfinished(() => false).map(({ height }) => height),
      [1, 2],
    );
    assert.deepEqual(
      kept.spool.unfinished((hash) => hash === hashOf(1)).map(({ height }) => height),
      [2],
    );
    assert.deepEqual(await kept.spool.read(hashOf(1)), block(1).raw);
    assert.deepEqual(await kept.news(), []);
    kept.keep(1);
    assert.deepEqual(await kept.news(), ['sync 1', 'received 1', 'stored 1'], 'not written again');
    kept.spool.finish(hashOf(2));
    assert.deepEqual(await kept.news(), ['remove 2']);
  });

  test('sets aside what is of no use, leaves alone what is not its own, and reports both', async () => {
    const kept = new Kept();
    kept.put(1);
    kept.folder.files.set(fileName(hashOf(2)), Buffer.from('nonsense\n'.repeat(200)));
    kept.folder.files.set(fileName(hashOf(3)), Buffer.from('{'));
    const newer = JSON.stringify({ file: 'blockcast spooled block', version: 7 });
    kept.folder.files.set(fileName(hashOf(4)), Buffer.from(`${newer}\n`));
    kept.folder.files.set('notes.txt', Buffer.from('mine'));
    kept.folder.files.set(`${fileName(hashOf(5))}.corrupt-20261126T000000000Z`, Buffer.from('of before'));
    await kept.spool.scan();
    assert.deepEqual(await kept.news(), ['fault corrupt', 'fault torn', 'fault newer-version', 'fault foreign']);
    assert.deepEqual(kept.folder.aside, ['2', '3']);
    assert.deepEqual(
      kept.spool.unfinished(() => false).map(({ height }) => height),
      [1],
    );
    assert.equal(kept.spool.view.faults, 4);
  });

  test('leaves where it is what the disk does not give at the moment, and finds it by a later look', async () => {
    const kept = new Kept();
    kept.put(1);
    const broken: FileFault = { ok: false, code: 'io-error', detail: 'EIO' };
    kept.folder.listFault = broken;
    for (let look = 0; look < 2; look += 1) await kept.spool.scan();
    assert.deepEqual([await kept.news(), kept.spool.isRead], [['fault io-error'], false], 'reported once');
    kept.folder.listFault = undefined;
    kept.folder.peekFault = broken;
    for (let look = 0; look < 2; look += 1) await kept.spool.scan();
    assert.deepEqual(
      [await kept.news(), kept.spool.isRead],
      [['fault io-error'], false],
      'reported once for each file',
    );
    kept.folder.peekFault = undefined;
    await kept.spool.scan();
    assert.deepEqual([kept.folder.aside, kept.names(), kept.spool.isRead], [[], ['1'], true]);
    assert.equal(kept.spool.unfinished(() => false).length, 1);
  });

  test('that is far larger than it may be keeps the newest blocks', async () => {
    const kept = new Kept({ maxBlocks: 10 });
    for (let n = 1; n <= 500; n += 1) kept.put(n, START + n);
    await kept.spool.scan();
    const news = await kept.news();
    assert.equal(news.filter((line) => line === 'fault full').length, 1);
    assert.deepEqual(
      kept.spool.unfinished(() => false).map(({ height }) => height),
      [491, 492, 493, 494, 495, 496, 497, 498, 499, 500],
    );
  });

  test('that another process uses too is reported, and used all the same', async () => {
    const kept = new Kept();
    kept.folder.lockAnswer = { ok: false, code: 'locked', detail: 'held' };
    await kept.spool.scan();
    kept.keep(1);
    assert.deepEqual(await kept.news(), ['write 1', 'sync 1', 'received 1', 'stored 1']);
    assert.deepEqual(await kept.news(10_000), ['fault locked']);
  });

  test('reports how many unfinished files of a killed process were removed', async () => {
    const kept = new Kept();
    kept.folder.lockAnswer = { ok: true, changed: false, unfinished: 3 };
    await kept.spool.scan();
    assert.deepEqual(await kept.news(), ['up swept']);
  });

  test('on a disk that cannot be written to says so at the start', async () => {
    const kept = new Kept();
    kept.folder.lockAnswer = { ok: false, code: 'not-writable', detail: 'EROFS' };
    kept.folder.writeAnswer = () => ({ ok: false, code: 'not-writable', detail: 'EROFS' });
    await kept.spool.scan();
    assert.deepEqual(await kept.news(), ['down not-writable']);
    kept.keep(1);
    assert.deepEqual(await kept.news(), ['write 1', 'received 1 not-writable']);
  });

  test('takes a burst of a thousand blocks, each reported in its turn', async () => {
    const kept = new Kept({ maxBlocks: 2_000, maxBytes: 1_000_000 });
    kept.keep(...Array.from({ length: 1_000 }, (_, i) => i + 1));
    const news = await kept.news();
    assert.deepEqual(
      news.filter((line) => line.startsWith('received')),
      Array.from({ length: 1_000 }, (_, i) => `received ${i + 1}`),
    );
    assert.equal(news.filter((line) => line.startsWith('stored')).length, 1_000);
  });
});
