/** Shared by the relay's files: only one process at a time writes them, and a fault is reported once, until it is over. */

import {
  concatMap,
  defer,
  EMPTY,
  expand,
  from,
  map,
  type Observable,
  type SchedulerLike,
  switchMap,
  timer,
} from 'rxjs';
import type { ServiceEvent } from '../../contracts/events.js';
import type { FileAnswer } from '../../contracts/files.js';
import { fill } from '../../messages/fill.js';
import { SET_ASIDE } from '../../messages/storage.js';
import { type Clock, SECOND_MS } from '../../time.js';
import { reportOn } from '../service-events.js';

export interface Lockable {
  /** `changed`: another process wrote the file after we read it. `unfinished`: files of a killed process that were removed. */
  lock(): Promise<FileAnswer<{ changed: boolean; unfinished?: number }>>;
}

/** The lock of a process that was killed is free after 5 s; that of one just ending, sooner. */
const LOCK_TRIES = 8;
const LOCK_RETRY_MS = SECOND_MS;

/** Another process has the file: this one no longer writes it. */
export function isTaken(answer: FileAnswer): boolean {
  return !answer.ok && (answer.code === 'locked' || answer.code === 'lock-lost');
}

/** An attempt to lock a file. */
export interface LockAttempt {
  readonly answer: Awaited<ReturnType<Lockable['lock']>>;
  /** Attempts so far, this one included. */
  readonly tries: number;
  /** No other attempt follows. */
  readonly isLast: boolean;
}

/**
 * Tries until the lock is obtained, it is clear that another process holds it, or another fault occurs. Each attempt is emitted, so
 * that a second relay on the same files is reported at its start.
 */
export function patientLock(file: Lockable, scheduler: SchedulerLike): Observable<LockAttempt> {
  const attempt = (tries: number) =>
    from(file.lock()).pipe(
      map((answer): LockAttempt => ({ answer, tries, isLast: !isTaken(answer) || tries === LOCK_TRIES })),
    );
  return defer(() => attempt(1)).pipe(
    expand(({ tries, isLast }) =>
      isLast ? EMPTY : timer(LOCK_RETRY_MS, scheduler).pipe(switchMap(() => attempt(tries + 1))),
    ),
  );
}

/** The events of a start: if another process holds the file, that is reported instead of the reading. */
export function readNews(held: FileAnswer, news: readonly ServiceEvent[]): readonly ServiceEvent[] {
  return isTaken(held) ? news.filter(({ state }) => state !== 'up') : news;
}

/** The details of a file's events; `unsaved` has the placeholder `{detail}`. */
export interface FileTexts {
  readonly service: ServiceEvent['service'];
  readonly saved: string;
  readonly unsaved: `${string}{detail}`;
}

/** `up` and `down` when an answer differs from the one before; the initial state is `up`, as reported by loading. Events pass through. */
export function changesIn(
  answers$: Observable<FileAnswer | ServiceEvent>,
  texts: FileTexts,
  clock: Clock,
): Observable<ServiceEvent> {
  const report = reportOn(texts.service, clock);
  const eventOf = (answer: FileAnswer) =>
    answer.ok
      ? report('up', 'saved', texts.saved)
      : report('down', answer.code, fill(texts.unsaved, { detail: answer.detail }));
  return defer(() => {
    let last = 'saved';
    return answers$.pipe(
      concatMap((news): ServiceEvent[] => {
        const event = 'type' in news ? news : eventOf(news);
        const code = event.state === 'up' ? 'saved' : event.code;
        const isNews = 'type' in news || code !== last;
        last = code;
        return isNews ? [event] : [];
      }),
    );
  });
}

/** Describes what happened to an unusable file: set aside, or still in its place. */
export function describeMove(moved: FileAnswer<{ path: string }>): string {
  return moved.ok
    ? fill(SET_ASIDE['set-aside'], { path: moved.path })
    : fill(SET_ASIDE['not-set-aside'], { detail: moved.detail });
}
