/**
 * Keeps the history of the pool's blocks across restarts: reads and writes its file, and reports faults. No fault here stops the relay: it
 * continues with the history in memory, and reports once that it is not written.
 */

import {
  concat,
  concatMap,
  defer,
  delay,
  EMPTY,
  from,
  lastValueFrom,
  map,
  merge,
  type Observable,
  of,
  ReplaySubject,
  repeat,
  type SchedulerLike,
  Subject,
  take,
  takeUntil,
  takeWhile,
  tap,
  timer,
} from 'rxjs';
import type { BlockEvent, ServiceEvent } from '../../contracts/events.js';
import type { FileAnswer, FileFault } from '../../contracts/files.js';
import type { HistoryView } from '../../contracts/view.js';
import { formatFile, formatLine, HEADER, type HistoryLine, headerFault, parseLine } from '../../history/format.js';
import { History, MAX_PROOFS } from '../../history/history.js';
import { fill } from '../../messages/fill.js';
import { HISTORY_FILE, SET_ASIDE } from '../../messages/storage.js';
import { type Clock, SECOND_MS } from '../../time.js';
import { reportOn, type ServiceReport } from '../service-events.js';
import { changesIn, describeMove, isTaken, type Lockable, patientLock, readNews } from './saving.js';

/** A file that grows by whole lines. */
export interface LineFile extends Lockable {
  readonly path: string;
  /** Calls `take` with each whole line, with `undefined` for an invalid one, until it returns false. */
  read(take: (line: string | undefined) => boolean): Promise<FileAnswer<{ torn: number }>>;
  setAside(): Promise<FileAnswer<{ path: string }>>;
  /** One call at a time, `replace` included; cuts off half a line first. The fault `changed`: another process changed the file. */
  append(text: string): Promise<FileAnswer>;
  /** A turn of the event loop passes after each chunk. */
  replace(chunks: Iterable<string>): Promise<FileAnswer>;
  close(): Promise<void>;
}

export interface HistoryDeps {
  readonly file: LineFile;
  readonly maxBlocks: number;
  /** Called with events about the file, while it is read and later. */
  readonly emit: (event: ServiceEvent) => void;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

export interface KeptHistory {
  readonly view: HistoryView;
  /** What finality is followed by; see `followFinality`. */
  readonly blocks: Pick<History, 'get' | 'unsettled' | 'settle' | 'deepen'>;
  /** Records an event of the relay: cheap, since it is written in a later turn. */
  note(event: BlockEvent): void;
  /** Resolves once all earlier events are in the file, or writing failed. Never rejects. */
  written(): Promise<void>;
  /** Writes what is pending, and releases the file. */
  close(): Promise<void>;
}

/** Reads the history, in slices, and keeps it from then on. */
export async function openHistory(deps: HistoryDeps): Promise<KeptHistory> {
  const { file, maxBlocks, emit, clock } = deps;
  const keeper = new Keeper(file, new History(maxBlocks));
  // keep() reports whether the lock was obtained; it keeps trying.
  const held = await file.lock();
  for (const event of readNews(held, await keeper.load(clock))) emit(event);
  const stop$ = new ReplaySubject<void>(1);
  const kept = lastValueFrom(keep(keeper, stop$, deps).pipe(tap(emit)), { defaultValue: undefined }).finally(() =>
    keeper.end(),
  );
  return {
    view: keeper.history,
    blocks: keeper.history,
    note: (event) => keeper.note(event),
    written: () => keeper.settled(),
    async close() {
      stop$.next();
      await kept;
      await file.close();
    },
  };
}

const TEXTS = {
  service: 'history-file',
  saved: HISTORY_FILE.saved,
  unsaved: HISTORY_FILE.unsaved,
} as const;
/** Writing is delayed, so that it does not coincide with a block's first acknowledgements. */
const WRITE_AFTER_MS = 10;
const RETRY_MS = 5 * SECOND_MS;
/** Lines that can wait for the disk; beyond that the whole file is rewritten from memory once that is possible. */
const MAX_WAITING = 2_000;
/** A file with this number of lines more than twice the needed ones is rewritten. */
const SLACK_LINES = 1_000;

function keep(keeper: Keeper, stop$: Observable<void>, deps: HistoryDeps): Observable<ServiceEvent> {
  const { file, clock, scheduler } = deps;
  let stopped = false;
  const stopping$ = stop$.pipe(tap(() => (stopped = true)));
  const written$ = defer(() => keeper.write()).pipe(
    repeat({
      delay: () => {
        if (stopped) return keeper.failed || keeper.idle ? EMPTY : of(undefined);
        return merge(stopping$, nextWrite(keeper, scheduler)).pipe(take(1));
      },
    }),
    takeWhile((answer) => !isTaken(answer), true),
  );
  // If it is stopped while it waits, it tries once more without waiting.
  const locked$ = concat(
    patientLock(file, scheduler).pipe(takeUntil(stopping$)),
    defer(() => file.lock()).pipe(map((answer) => ({ answer, isLast: true }))),
  ).pipe(takeWhile(({ isLast }) => !isLast, true));
  const news$ = locked$.pipe(
    concatMap(({ answer }): Observable<FileAnswer | ServiceEvent> => {
      if (isTaken(answer)) return of(answer);
      const reload$ =
        answer.ok && answer.changed ? from(keeper.load(clock)).pipe(concatMap((events) => events)) : EMPTY;
      return concat(reload$, written$);
    }),
  );
  return changesIn(news$, TEXTS, clock);
}

function nextWrite(keeper: Keeper, scheduler: SchedulerLike): Observable<unknown> {
  if (keeper.failed) return timer(RETRY_MS, scheduler);
  return keeper.idle ? keeper.filled$.pipe(take(1), delay(WRITE_AFTER_MS, scheduler)) : of(undefined);
}

/** A history, its file, and the pending lines. */
class Keeper {
  /** The last write did not succeed. */
  failed = false;
  readonly filled$ = new Subject<void>();
  private waiting: HistoryLine[] = [];
  /** The whole file is to be written. */
  private anew = false;
  /** Whole lines in the file, the first one included. */
  private written = 0;
  private writing = false;
  /** Nothing is written any more. */
  private ended = false;
  /** Called when what was noted before them is written, or is known not to be. */
  private readonly waiters: (() => void)[] = [];

  constructor(
    private readonly file: LineFile,
    readonly history: History,
  ) {}

  /** True when nothing is to be written. */
  get idle(): boolean {
    return this.waiting.length === 0 && !this.anew;
  }

  note(event: BlockEvent): void {
    const line = this.history.note(event);
    if (line === undefined) return;
    this.waiting.push(line);
    if (this.waiting.length > MAX_WAITING) this.writeAnew();
    this.filled$.next();
  }

  /** Loads the file, and applies what arrived since. @returns the events to report */
  async load(clock: Clock): Promise<readonly ServiceEvent[]> {
    const { file, history } = this;
    const events: ServiceEvent[] = [];
    const report = reportOn('history-file', clock);
    const emit = (...news: Parameters<ServiceReport>) => events.push(report(...news));
    history.clear();
    this.written = 0;
    const content = await readInto(file, history);
    if (content.ok) {
      this.written = content.lines;
      emit('up', 'loaded', loaded(file.path, history.size, content));
      if (content.garbage > 0) emit('fault', 'garbage', garbage(file.path, content));
      if (content.torn > 0) await this.mend();
    } else if (content.code === 'missing') {
      emit('up', 'new', fill(HISTORY_FILE.new, { path: file.path }));
    } else {
      const moved = await this.setAside(content.code);
      emit('fault', content.code, fill(HISTORY_FILE['begins-empty'], { detail: content.detail, moved }));
    }
    for (const line of this.waiting) history.apply(line);
    return events;
  }

  settled(): Promise<void> {
    const isSettled = this.ended || this.failed || (this.idle && !this.writing);
    return isSettled ? Promise.resolve() : new Promise((resolve) => this.waiters.push(resolve));
  }

  end(): void {
    this.ended = true;
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  /** Writes the pending lines with one write. */
  async write(): Promise<FileAnswer> {
    const waiters = this.waiters.splice(0);
    this.writing = true;
    const answer = await this.writeOnce();
    this.writing = false;
    // Lines that arrived meanwhile wait for the next write, unless this one contained them.
    if (this.idle || this.failed) waiters.push(...this.waiters.splice(0));
    for (const waiter of waiters) waiter();
    return answer;
  }

  private async writeOnce(): Promise<FileAnswer> {
    const { lineTotal, dropped } = this.history;
    if (this.written > 2 * lineTotal + SLACK_LINES || dropped > MAX_PROOFS) this.writeAnew();
    const answer = this.anew ? await this.replace() : await this.append();
    this.failed = !answer.ok;
    if (answer.ok || answer.code !== 'changed') return answer;
    // Another process's file is not overwritten.
    const moved = await this.file.setAside();
    if (moved.ok || moved.code === 'missing') this.writeAnew();
    return answer;
  }

  private async append(): Promise<FileAnswer> {
    const lines = this.waiting;
    if (lines.length === 0) return { ok: true };
    this.waiting = [];
    const isFirst = this.written === 0;
    const answer = await this.file.append((isFirst ? HEADER : '') + lines.map(formatLine).join(''));
    if (answer.ok) this.written += lines.length + (isFirst ? 1 : 0);
    else this.waiting = [...lines, ...this.waiting];
    return answer;
  }

  /** What is noted while it runs may be in the file by then; it is written once more, which changes nothing. */
  private async replace(): Promise<FileAnswer> {
    this.waiting = [];
    this.anew = false;
    const lines = 1 + this.history.lineTotal;
    const answer = await this.file.replace(formatFile(this.history.lines()));
    if (answer.ok) this.written = lines;
    else this.writeAnew();
    return answer;
  }

  /** All pending lines are in memory, and will be in the new file. */
  private writeAnew(): void {
    this.anew = true;
    this.waiting = [];
  }

  /** Cuts off half a line. If that fails, writing the next line reports it. */
  private async mend(): Promise<void> {
    await this.file.append('');
  }

  private async setAside(code: string): Promise<string> {
    // A folder or a device does not belong to blockcast.
    if (code === 'not-a-file') return SET_ASIDE['left-alone'];
    return describeMove(await this.file.setAside());
  }
}

interface Content {
  readonly ok: true;
  /** All of them, the first one included. */
  readonly lines: number;
  readonly garbage: number;
  /** Bytes of half a line at the end. */
  readonly torn: number;
}

async function readInto(file: LineFile, history: History): Promise<Content | FileFault> {
  let fault: string | undefined;
  let [lines, garbage] = [0, 0];
  const read = await file.read((text) => {
    lines += 1;
    if (lines === 1) {
      fault = headerFault(text ?? '');
      return fault === undefined;
    }
    const line = text === undefined ? undefined : parseLine(text);
    if (line === undefined) garbage += 1;
    else history.apply(line);
    return true;
  });
  if (!read.ok) return read;
  if (fault === undefined) return { ok: true, lines, garbage, torn: read.torn };
  return { ok: false, code: 'corrupt', detail: fill(HISTORY_FILE.corrupt, { path: file.path, reason: fault }) };
}

function loaded(path: string, count: number, { torn }: Content): string {
  return fill(HISTORY_FILE.loaded, { count, path, torn: torn || undefined });
}

function garbage(path: string, { garbage: count, lines }: Content): string {
  return fill(HISTORY_FILE.garbage, { count, lines, path });
}
