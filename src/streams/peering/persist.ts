/**
 * When the peer book is read from its file and written to it, and what is reported about that. Nothing that goes wrong here ends the
 * relay: it runs on with the book in memory, and says once that nothing is saved.
 */

import {
  auditTime,
  concat,
  concatMap,
  defer,
  EMPTY,
  endWith,
  finalize,
  from,
  ignoreElements,
  interval,
  merge,
  mergeMap,
  type Observable,
  of,
  ReplaySubject,
  type SchedulerLike,
  take,
  takeUntil,
  takeWhile,
} from 'rxjs';
import type { ServiceEvent } from '../../contracts/events.js';
import type { FileAnswer, FileFault } from '../../contracts/files.js';
import { fill } from '../../messages/fill.js';
import { PEER_FILE } from '../../messages/storage.js';
import type { PeerKey } from '../../peers/address.js';
import type { PeerBook } from '../../peers/book.js';
import { type ParsedBook, parse, serialise } from '../../peers/format.js';
import type { Weights } from '../../peers/score.js';
import { type Clock, MINUTE_MS, SECOND_MS } from '../../time.js';
import { reportOn, type ServiceReport } from '../service-events.js';
import { changesIn, describeMove, isTaken, type Lockable, patientLock, readNews } from '../storage/saving.js';

type Copy = 'current' | 'backup';

/** A file that is replaced as a whole, and the copy before it. */
export interface BookFile extends Lockable {
  readonly path: string;
  read(copy: Copy): Promise<FileAnswer<{ text: string }>>;
  setAside(copy: Copy): Promise<FileAnswer<{ path: string }>>;
  /** A turn of the event loop passes after each chunk; saves asked for meanwhile become one. */
  save(chunks: Iterable<string>): Promise<FileAnswer<{ bytes: number }>>;
  close(): Promise<void>;
}

const TEXTS = {
  service: 'peer-file',
  saved: PEER_FILE.saved,
  unsaved: PEER_FILE.unsaved,
} as const;
const SAVE_EVERY_MS = 5 * MINUTE_MS;
/** Blocks may come in rows: what follows a change within this time is saved with it. */
const AFTER_CHANGE_MS = SECOND_MS;

export interface BookRead {
  /** What could be read. */
  readonly found?: { readonly copy: Copy; readonly book: Extract<ParsedBook, { ok: true }> };
  /** What could not, and why; a file that is not there is no fault. */
  readonly faults: readonly (FileFault & { readonly copy: Copy })[];
}

const CORRUPT = 'corrupt';

/** Reads the file or, if that is of no use, the copy before it. Changes nothing. */
export async function readBook(file: Pick<BookFile, 'read' | 'path'>): Promise<BookRead> {
  const faults: (FileFault & { readonly copy: Copy })[] = [];
  for (const copy of ['current', 'backup'] as const) {
    const read = await file.read(copy);
    if (!read.ok) {
      if (read.code !== 'missing') faults.push({ ...read, copy });
      continue;
    }
    const book = parse(read.text);
    if (book.ok) return { found: { copy, book }, faults };
    const detail = fill(PEER_FILE.corrupt, { path: nameOf(file, copy), code: book.code, reason: book.reason });
    faults.push({ ok: false, code: CORRUPT, detail, copy });
  }
  return { faults };
}

/**
 * Fills the book from its file, sets aside what cannot be read, and takes the lock if it is free. 20,000 peers hold the event
 * loop for about a second: this is for the start.
 * @returns the events to report
 */
export async function loadBook(book: PeerBook, file: BookFile, clock: Clock): Promise<readonly ServiceEvent[]> {
  // Whether it is ours is reported by persist(), which goes on trying.
  const held = await file.lock();
  return readNews(held, await restoreBook(book, file, await readBook(file), clock));
}

/** Fills the book with what was read, and sets aside what could not be, so that no save overwrites it. @returns the events to report */
export async function restoreBook(
  book: PeerBook,
  file: BookFile,
  { found, faults }: BookRead,
  clock: Clock,
): Promise<readonly ServiceEvent[]> {
  const events: ServiceEvent[] = [];
  const report = reportOn('peer-file', clock);
  const emit = (...news: Parameters<ServiceReport>) => events.push(report(...news));
  for (const { code, detail, copy } of faults) {
    // A folder or a device does not belong to blockcast, and no save replaces it.
    if (code === 'not-a-file') {
      emit('fault', code, detail);
      continue;
    }
    const moved = await file.setAside(copy);
    emit('fault', code, fill(PEER_FILE.moved, { detail, moved: describeMove(moved) }));
  }
  if (found === undefined) {
    if (faults.length === 0) emit('up', 'new', fill(PEER_FILE.new, { path: file.path }));
    else emit('fault', 'empty', fill(PEER_FILE.empty, { path: file.path }));
    return events;
  }
  if (found.copy === 'backup')
    emit('fault', 'backup-used', fill(PEER_FILE['backup-used'], { path: nameOf(file, 'backup') }));
  const { records, skipped, warnings, lastUpdated } = found.book;
  const now = clock.now();
  const { added, known, refused } = book.restore(records, now);
  const minutes = lastUpdated === undefined ? undefined : Math.max(0, (now - lastUpdated) / MINUTE_MS).toFixed(0);
  const notes = [
    ...Object.entries(refused).flatMap(([reason, count]) =>
      count === 0 ? [] : [fill(PEER_FILE['left-out'], { count, reason })],
    ),
    ...(skipped === 0 ? [] : [fill(PEER_FILE.skipped, { count: skipped })]),
    ...warnings,
  ];
  const values = {
    count: added + known,
    path: nameOf(file, found.copy),
    minutes,
    notes: notes.length === 0 ? undefined : notes.join('; '),
  };
  emit('up', 'loaded', fill(PEER_FILE.loaded, values));
  return events;
}

export interface Persistence {
  readonly book: PeerBook;
  readonly file: BookFile;
  /** Named in the file, as p2pool-dash does. */
  readonly localDashd?: PeerKey;
  readonly weights?: () => Weights;
  /** What is worth saving soon: a verdict, an operator's edit. */
  readonly changes$: Observable<unknown>;
  /** Ends it after one more save. */
  readonly stop$: Observable<unknown>;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/**
 * Saves the book every five minutes, a second after a change, and at the end; completes when the last save is done and the file is
 * let go of. Reports a fault once, until it is another or over.
 *
 * While another process holds the lock for longer than a killed one could, the book is not saved for good: to take the file over
 * later would mean to read it then, which is for the start only, or to overwrite what the other learned.
 */
export function persist(given: Persistence): Observable<ServiceEvent> {
  const { book, file, changes$, clock, scheduler } = given;
  return defer(() => {
    const stopped$ = new ReplaySubject<unknown>(1);
    const watching = given.stop$.pipe(take(1)).subscribe(stopped$);

    const due$ = merge(interval(SAVE_EVERY_MS, scheduler), changes$.pipe(auditTime(AFTER_CHANGE_MS, scheduler)));
    const save = () => from(file.save(serialise(book.records(), clock.now(), given.localDashd, given.weights?.())));
    const saved$ = (first: Observable<unknown>) =>
      merge(first, due$).pipe(
        takeUntil(stopped$),
        endWith('stop'),
        mergeMap(save),
        takeWhile((answer) => !isTaken(answer), true),
      );

    const news$ = patientLock(file, scheduler).pipe(
      takeUntil(stopped$),
      concatMap(({ answer, tries }): Observable<FileAnswer | ServiceEvent> => {
        if (isTaken(answer)) return of(answer);
        const reload$ =
          answer.ok && answer.changed ? from(loadBook(book, file, clock)).pipe(concatMap((events) => events)) : EMPTY;
        // Had we to wait, changes may have gone by.
        const first$ = answer.ok && tries === 1 ? EMPTY : of('waited');
        return concat(reload$, saved$(first$));
      }),
    );
    const closed$ = defer(() => file.close()).pipe(ignoreElements());
    return concat(changesIn(news$, TEXTS, clock), closed$).pipe(finalize(() => watching.unsubscribe()));
  });
}

function nameOf(file: Pick<BookFile, 'path'>, copy: Copy): string {
  return copy === 'current' ? file.path : `${file.path}.bak`;
}
