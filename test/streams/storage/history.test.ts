import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { asyncScheduler } from 'rxjs';
import { openHistoryFile } from '../../../src/adapters/history-file.js';
import { systemClock } from '../../../src/adapters/system.js';
import type { BlockEvent, ServiceEvent } from '../../../src/contracts/events.js';
import { formatLine, HEADER, parseLine } from '../../../src/history/format.js';
import { type KeptHistory, type LineFile, openHistory } from '../../../src/streams/storage/history.js';
import { failure, finality, hashOf, proof, received, verdict } from '../../history/support.js';
import { Time } from '../../support/virtual-time.js';

const WRITE_AFTER_MS = 10;
const RETRY_MS = 5_000;
const reported = (events: readonly ServiceEvent[]) => events.map(({ state, code }) => `${state} ${code}`);
const textOf = (events: readonly BlockEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

type LockAnswer = Awaited<ReturnType<LineFile['lock']>>;
type Fault = Extract<LockAnswer, { ok: false }>;

/** A file in memory, with answers that a test can set. */
class MemoryFile implements LineFile {
  readonly path = '/blocks.jsonl';
  text: string | undefined;
  /** Of the next calls, the last one's for ever. */
  locks: LockAnswer[] = [{ ok: true, changed: false }];
  fault: Fault | undefined;
  /** Why it cannot be set aside. */
  stuck: Fault | undefined;
  readonly log: string[] = [];
  closed = false;
  /** What happens between two chunks. */
  between: () => void = () => undefined;

  lock(): Promise<LockAnswer> {
    const [answer] = this.locks.length > 1 ? this.locks.splice(0, 1) : this.locks;
    return Promise.resolve(answer ?? { ok: true, changed: false });
  }

  async read(take: (line: string | undefined) => boolean): ReturnType<LineFile['read']> {
    this.log.push('read');
    if (this.text === undefined) return { ok: false, code: 'missing', detail: 'not there' };
    const lines = this.text.split('\n');
    const half = lines.pop() ?? '';
    for (const line of lines) if (!take(line)) return { ok: true, torn: 0 };
    return { ok: true, torn: half.length };
  }

  async setAside(): ReturnType<LineFile['setAside']> {
    this.log.push('set aside');
    if (this.stuck !== undefined) return this.stuck;
    this.text = undefined;
    return { ok: true, path: '/aside' };
  }

  async append(text: string): ReturnType<LineFile['append']> {
    this.log.push(text === '' ? 'mend' : `append ${text.split('\n').length - 1}`);
    if (this.fault !== undefined) return this.fault;
    const whole = (this.text ?? '').slice(0, (this.text ?? '').lastIndexOf('\n') + 1);
    this.text = whole + text;
    return { ok: true };
  }

  async replace(chunks: Iterable<string>): ReturnType<LineFile['replace']> {
    this.log.push('replace');
    if (this.fault !== undefined) return this.fault;
    let text = '';
    for (const chunk of chunks) {
      text += chunk;
      this.between();
      await Promise.resolve();
    }
    this.text = text;
    return { ok: true };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** What is in it, without its first line. */
  get events(): unknown[] {
    const [header, ...lines] = (this.text ?? '').split('\n').slice(0, -1);
    assert.equal(`${header}\n`, HEADER);
    return lines.map((line) => parseLine(line));
  }
}

class Kept {
  readonly time = new Time();
  readonly file = new MemoryFile();
  readonly events: ServiceEvent[] = [];
  history: KeptHistory | undefined;

  async open(maxBlocks = 1_000): Promise<KeptHistory> {
    const { file, time, events } = this;
    const { clock, scheduler } = time;
    this.history = await openHistory({ file, maxBlocks, emit: (event) => events.push(event), clock, scheduler });
    await time.pass(0);
    return this.history;
  }

  /** What was reported and done since it was last asked. */
  news(): { reported: string[]; done: string[] } {
    return { reported: reported(this.events.splice(0)), done: this.file.log.splice(0) };
  }
}

describe('the block history', () => {
  it('begins empty, and writes each line a moment after it came', async () => {
    const kept = new Kept();
    const history = await kept.open();
    assert.deepEqual(kept.news(), { reported: ['up new'], done: ['read'] });
    history.note(received(1));
    assert.equal(history.view.size, 1, 'known at once');
    await kept.time.pass(WRITE_AFTER_MS - 1);
    assert.equal(kept.file.text, undefined, "not in the block's own turn");
    await kept.time.pass(1);
    history.note(verdict(1));
    history.note(finality(1, 'chainlocked'));
    await kept.time.pass(WRITE_AFTER_MS);
    assert.deepEqual(kept.file.events, [received(1), verdict(1), finality(1, 'chainlocked')]);
    assert.deepEqual(kept.news(), { reported: [], done: ['append 2', 'append 2'] });
  });

  it('says when what was noted is in the file, or the file did not take it', async () => {
    const kept = new Kept();
    const history = await kept.open();
    const log: string[] = [];
    const ask = (name: string): void => {
      void history.written().then(() => log.push(name));
    };
    ask('nothing to write');
    await kept.time.pass(0);
    history.note(received(1));
    ask('written');
    await kept.time.pass(WRITE_AFTER_MS - 1);
    assert.deepEqual(log.splice(0), ['nothing to write']);
    await kept.time.pass(1);
    assert.deepEqual(log.splice(0), ['written']);

    kept.file.fault = { ok: false, code: 'disk-full', detail: 'no room' };
    history.note(verdict(1));
    ask('not taken');
    await kept.time.pass(WRITE_AFTER_MS);
    assert.deepEqual(log.splice(0), ['not taken']);
    history.note(verdict(2));
    ask('the disk is known to be full');
    await kept.time.pass(0);
    assert.deepEqual(log.splice(0), ['the disk is known to be full']);
  });

  it('of a file that another process has is waited for by nobody', async () => {
    const kept = new Kept();
    kept.file.locks = [{ ok: false, code: 'locked', detail: 'stop that one' }];
    const history = await kept.open();
    await kept.time.pass(60_000);
    history.note(received(1));
    await history.written();
  });

  it('is as it was after a restart', async () => {
    const kept = new Kept();
    kept.file.text = HEADER + textOf([received(1), verdict(1), received(2)]);
    const history = await kept.open();
    assert.equal(history.view.get(hashOf(1))?.verdict?.peers.length, 3, 'the proofs of each peer too');
    assert.deepEqual(kept.news().reported, ['up loaded']);
    history.note(verdict(2));
    await kept.time.pass(WRITE_AFTER_MS);
    assert.equal(kept.file.text, HEADER + textOf([received(1), verdict(1), received(2), verdict(2)]));
  });

  it('drops half a line, and has it cut off at once', async () => {
    const kept = new Kept();
    kept.file.text = `${HEADER}${textOf([received(1)])}{"type":"verd`;
    const history = await kept.open();
    assert.equal(history.view.size, 1);
    assert.match(
      kept.events[0]?.detail ?? '',
      /^1 blocks from \/blocks\.jsonl; 13 bytes of an unfinished line are dropped$/,
    );
    assert.deepEqual(kept.news(), { reported: ['up loaded'], done: ['read', 'mend'] });
    assert.equal(kept.file.text, HEADER + textOf([received(1)]));
  });

  it('begins anew where only half a first line is', async () => {
    const kept = new Kept();
    kept.file.text = HEADER.slice(0, 9);
    const history = await kept.open();
    history.note(received(1));
    await kept.time.pass(WRITE_AFTER_MS);
    assert.deepEqual(kept.file.events, [received(1)]);
  });

  it('leaves out what makes no sense, and says so with a remedy', async () => {
    const kept = new Kept();
    const lines = [formatLine(received(1)), 'garbage\n', formatLine(received(2)), '{"type":"received"}\n'];
    kept.file.text = HEADER + lines.join('');
    const history = await kept.open();
    assert.equal(history.view.size, 2);
    assert.deepEqual(reported(kept.events), ['up loaded', 'fault garbage']);
    assert.match(kept.events[1]?.detail ?? '', /^2 of 5 lines of \/blocks\.jsonl are not understood .* check the disk/);
    assert.equal(kept.events[1]?.service, 'history-file');
    history.note(received(3));
    await kept.time.pass(WRITE_AFTER_MS);
    assert.ok(kept.file.text.includes('garbage'), 'it is evidence');
  });

  for (const [what, text, why] of [
    ['another file', '{"hello":"world"}\n', 'it does not begin as one'],
    ['a file of a later version', HEADER.replace('1', '2'), 'it is of version 2, this is version 1'],
  ] as const) {
    it(`sets ${what} aside, and begins empty`, async () => {
      const kept = new Kept();
      kept.file.text = text;
      const history = await kept.open();
      assert.deepEqual(reported(kept.events), ['fault corrupt']);
      assert.equal(
        kept.events[0]?.detail,
        `/blocks.jsonl is not a block history: ${why}; set aside as /aside: the history begins empty`,
      );
      history.note(received(1));
      await kept.time.pass(WRITE_AFTER_MS);
      assert.deepEqual(kept.file.events, [received(1)]);
    });
  }

  it('does not overwrite a file that it could not set aside', async () => {
    const kept = new Kept();
    kept.file.text = '{"hello":"world"}\n';
    kept.file.stuck = { ok: false, code: 'io-error', detail: 'EIO' };
    kept.file.fault = { ok: false, code: 'changed', detail: 'it is none of ours' };
    const history = await kept.open();
    history.note(received(1));
    await kept.time.pass(2 * RETRY_MS);
    assert.equal(kept.file.text, '{"hello":"world"}\n');
    assert.ok(!kept.file.log.includes('replace'), kept.file.log.join());
    kept.file.stuck = undefined;
    await kept.time.pass(RETRY_MS);
    kept.file.fault = undefined;
    await kept.time.pass(RETRY_MS);
    assert.deepEqual(kept.file.events, [received(1)]);
  });

  it('reports once that it cannot be written, goes on trying, and loses nothing', async () => {
    const kept = new Kept();
    const history = await kept.open();
    kept.news();
    kept.file.fault = { ok: false, code: 'disk-full', detail: 'no room' };
    for (let n = 1; n < 4; n += 1) {
      history.note(received(n));
      await kept.time.pass(RETRY_MS);
    }
    assert.deepEqual(kept.news().reported, ['down disk-full']);
    kept.file.fault = { ok: false, code: 'io-error', detail: 'EIO' };
    await kept.time.pass(RETRY_MS);
    assert.deepEqual(kept.news().reported, ['down io-error'], 'another fault is reported');
    history.note(verdict(1));
    kept.file.fault = undefined;
    await kept.time.pass(RETRY_MS);
    assert.deepEqual(kept.news().reported, ['up saved']);
    assert.deepEqual(kept.file.events, [received(1), received(2), received(3), verdict(1)]);
  });

  it('keeps no more lines waiting than it must: then all is written anew from memory', async () => {
    const kept = new Kept();
    const history = await kept.open(10);
    kept.file.fault = { ok: false, code: 'disk-full', detail: 'no room' };
    for (let n = 0; n < 5_000; n += 1) history.note(received(n));
    await kept.time.pass(RETRY_MS);
    kept.news();
    kept.file.fault = undefined;
    await kept.time.pass(RETRY_MS);
    assert.deepEqual(kept.news(), { reported: ['up saved'], done: ['replace'] });
    assert.deepEqual(
      kept.file.events,
      Array.from({ length: 10 }, (_, n) => received(4_990 + n)),
    );
  });

  it('is written anew when most of the file is of blocks that have gone', async () => {
    const kept = new Kept();
    const history = await kept.open(5);
    let longest = 0;
    for (let n = 0; n < 3_000; n += 1) {
      history.note(received(n));
      history.note(verdict(n));
      await kept.time.pass(WRITE_AFTER_MS);
      longest = Math.max(longest, (kept.file.text ?? '').length);
    }
    const { done } = kept.news();
    assert.ok(done.filter((step) => step === 'replace').length >= 5);
    assert.ok(longest < 1_100 * formatLine(verdict(3_000)).length, 'bounded');
    const again = new Kept();
    again.file.text = kept.file.text;
    assert.deepEqual((await again.open(5)).view.latest(9), history.view.latest(9));
  });

  it('has all that came while it was written anew', async () => {
    const kept = new Kept();
    const history = await kept.open(300);
    for (let n = 0; n < 300; n += 1) for (const event of [received(n), failure(n)]) history.note(event);
    await kept.time.pass(WRITE_AFTER_MS);
    let n = 0;
    kept.file.between = () => {
      // A new block, a block that was in the file by then, a block that was not, one that comes again.
      n += 1;
      const events = [received(1_000 + n), verdict(n), finality(299 - n, 'buried'), { ...received(150 + n), size: 5 }];
      for (const event of events) history.note(event);
    };
    for (let i = 0; i < 2_001; i += 1) history.note(finality(7, i % 2 === 0 ? 'orphaned' : 'pending'));
    await kept.time.pass(RETRY_MS);
    assert.ok(n > 5, `${n} chunks`);
    assert.ok(kept.news().done.includes('replace'));
    const again = new Kept();
    again.file.text = kept.file.text;
    const read = (await again.open(300)).view;
    assert.deepEqual(read.latest(999), history.view.latest(999));
    assert.deepEqual(read.kpis(), history.view.kpis());
  });

  it('puts a file aside that is no longer its own, and writes its own anew', async () => {
    const kept = new Kept();
    const history = await kept.open();
    history.note(received(1));
    await kept.time.pass(WRITE_AFTER_MS);
    kept.file.fault = { ok: false, code: 'changed', detail: 'stop blockcast first' };
    history.note(received(2));
    await kept.time.pass(WRITE_AFTER_MS);
    kept.file.fault = undefined;
    await kept.time.pass(RETRY_MS);
    const { reported, done } = kept.news();
    assert.deepEqual(reported, ['up new', 'down changed', 'up saved']);
    assert.deepEqual(done.slice(2), ['append 1', 'set aside', 'replace']);
    assert.deepEqual(kept.file.events, [received(1), received(2)]);
  });

  it('held by another process is read and not written; that is reported once, at the start', async () => {
    const kept = new Kept();
    kept.file.locks = [{ ok: false, code: 'locked', detail: 'stop that one' }];
    kept.file.text = HEADER + textOf([received(1)]);
    const history = await kept.open();
    await kept.time.pass(0);
    assert.deepEqual(
      kept.events.map(({ code }) => code),
      ['locked'],
    );
    history.note(received(2));
    await kept.time.pass(60_000);
    assert.deepEqual(kept.news(), { reported: ['down locked'], done: ['read'] });
    assert.equal(history.view.size, 2);
    await history.close();
    assert.equal(kept.file.closed, true);
  });

  it('waits for a lock that was left behind, and reads again what the other wrote last', async () => {
    const kept = new Kept();
    const locked = { ok: false, code: 'locked', detail: 'wait' } as const;
    kept.file.locks = [locked, locked, { ok: true, changed: true }, { ok: true, changed: false }];
    kept.file.text = HEADER + textOf([received(1)]);
    const history = await kept.open();
    history.note(received(3));
    kept.file.text = HEADER + textOf([received(1), received(2)]);
    await kept.time.pass(3_000);
    assert.deepEqual(
      history.view.latest(9).map(({ hash }) => hash),
      [hashOf(3), hashOf(2), hashOf(1)],
    );
    assert.deepEqual(kept.file.events, [received(1), received(2), received(3)]);
    assert.deepEqual(kept.news().reported, ['down locked', 'up loaded']);
  });

  it('writes what is left when it is closed, and lets go of the file', async () => {
    const kept = new Kept();
    const history = await kept.open();
    history.note(received(1));
    await history.close();
    assert.deepEqual(kept.file.events, [received(1)]);
    assert.equal(kept.file.closed, true);
    assert.equal(kept.time.pending, 0, 'no timer is left');
  });

  it('closed while it waits for the lock, tries once more', async () => {
    const kept = new Kept();
    const locked = { ok: false, code: 'locked', detail: 'wait' } as const;
    kept.file.locks = [locked, locked, { ok: true, changed: false }];
    const history = await kept.open();
    history.note(received(1));
    await history.close();
    assert.deepEqual(kept.file.events, [received(1)]);
    assert.equal(kept.time.pending, 0, 'no timer is left');
  });

  it('closes though the disk is full', async () => {
    const kept = new Kept();
    const history = await kept.open();
    kept.file.fault = { ok: false, code: 'disk-full', detail: 'no room' };
    history.note(received(1));
    await history.close();
    assert.deepEqual(kept.news().reported, ['up new', 'down disk-full']);
  });
});

describe('the block history on a disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'blockcast-kept-'));
  const opened: KeptHistory[] = [];
  let path = '';
  after(async () => {
    await Promise.all(opened.map((history) => history.close()));
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    path = join(mkdtempSync(join(root, 'case-')), 'dash', 'blocks.jsonl');
  });

  async function opening(events: ServiceEvent[] = []): Promise<KeptHistory> {
    const emit = (event: ServiceEvent) => events.push(event);
    const file = openHistoryFile(path);
    const history = await openHistory({ file, maxBlocks: 10_000, emit, clock: systemClock, scheduler: asyncScheduler });
    opened.push(history);
    return history;
  }

  it('is there again', async () => {
    const history = await opening();
    history.note(received(1));
    history.note(verdict(1));
    await history.close();
    const events: ServiceEvent[] = [];
    const again = await opening(events);
    assert.deepEqual(again.view.latest(9), history.view.latest(9));
    assert.deepEqual(reported(events), ['up loaded']);
  });

  it('of another kind is kept under another name', async () => {
    await (await opening()).close();
    writeFileSync(path.replace('blocks', 'x'), '');
    writeFileSync(path, 'precious\n');
    const events: ServiceEvent[] = [];
    const history = await opening(events);
    history.note(received(1));
    await history.close();
    const folder = join(path, '..');
    const aside = readdirSync(folder).find((name) => name.includes('.corrupt-')) ?? '';
    assert.equal(readFileSync(join(folder, aside), 'utf8'), 'precious\n');
    assert.equal(readFileSync(path, 'utf8'), HEADER + textOf([received(1)]));
    assert.deepEqual(reported(events), ['fault corrupt']);
  });

  it('of ten thousand blocks is read while others have their turn', async () => {
    const peers = Array.from({ length: 20 }, (_, n) => proof(n + 1));
    const lines = Array.from({ length: 10_000 }, (_, n) => formatLine(received(n)) + formatLine(verdict(n, { peers })));
    await (await opening()).close();
    writeFileSync(path, HEADER + lines.join(''));
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const history = await opening();
    counting = false;
    assert.equal(history.view.size, 10_000);
    assert.ok(turns > lines.join('').length / 65_536 / 2, `${turns} turns`);
  });
});
