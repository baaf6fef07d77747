/** What the relay's files have in common: one process at a time has them, and what goes wrong is told once, until it is over. */

import {
  defer,
  distinctUntilChanged,
  EMPTY,
  expand,
  from,
  last,
  map,
  type Observable,
  type SchedulerLike,
  skip,
  startWith,
  switchMap,
  timer,
} from 'rxjs';
import type { ServiceEvent } from '../../contracts/events.js';
import { type Clock, SECOND_MS } from '../../time.js';
import { reportOn } from '../service-events.js';

export interface FileFault {
  readonly ok: false;
  /** `missing`, `locked`, `lock-lost` and `changed` are acted upon; the others are told. */
  readonly code: string;
  readonly detail: string;
}

/** How an attempt to lock a file, or to write to it, ended. */
export type SaveAnswer = { readonly ok: true } | FileFault;

export interface Lockable {
  /** `changed`: somebody wrote the file after we read it. */
  lock(): Promise<{ readonly ok: true; readonly changed: boolean } | FileFault>;
}

/** The lock of a process that was killed is free after 5 s; that of one just ending, sooner. */
const LOCK_TRIES = 8;
const LOCK_RETRY_MS = SECOND_MS;

/** Somebody else has the file: nothing of ours is written any more. */
export function isTaken(answer: SaveAnswer): boolean {
  return !answer.ok && (answer.code === 'locked' || answer.code === 'lock-lost');
}

/** Tries until the lock is ours, it is clear that somebody holds it, or something else is in the way. */
export function patientLock(file: Lockable, scheduler: SchedulerLike) {
  const attempt = (tries: number) => from(file.lock()).pipe(map((answer) => ({ answer, tries })));
  return defer(() => attempt(1)).pipe(
    expand(({ answer, tries }) =>
      isTaken(answer) && tries < LOCK_TRIES
        ? timer(LOCK_RETRY_MS, scheduler).pipe(switchMap(() => attempt(tries + 1)))
        : EMPTY,
    ),
    last(),
  );
}

/** What a file's events say: `saved` and `unsaved` are sentences, `unsaved` without its reason. */
export interface FileWords {
  readonly service: ServiceEvent['service'];
  readonly saved: string;
  readonly unsaved: string;
}

/** `up` and `down`, each once; it begins up, as loading told. */
export function changesIn(answers$: Observable<SaveAnswer>, words: FileWords, clock: Clock): Observable<ServiceEvent> {
  const report = reportOn(words.service, clock);
  return answers$.pipe(
    map((answer) =>
      answer.ok
        ? { state: 'up' as const, code: 'saved', detail: words.saved }
        : { state: 'down' as const, code: answer.code, detail: `${words.unsaved}: ${answer.detail}` },
    ),
    startWith({ state: 'up' as const, code: 'saved', detail: '' }),
    distinctUntilChanged((a, b) => a.code === b.code),
    skip(1),
    map(({ state, code, detail }) => report(state, code, detail)),
  );
}
