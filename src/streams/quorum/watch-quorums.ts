/** The ChainLock quorums as of each tip, asked for shortly after it: the next block is minutes away, and what is sent now has precedence. */
import {
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  expand,
  filter,
  from,
  map,
  merge,
  type Observable,
  type SchedulerLike,
  share,
  switchMap,
  timer,
} from 'rxjs';
import type { ServiceEvent } from '../../contracts/events.js';
import { RPC } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { QUORUMS } from '../../messages/quorums.js';
import type { ActiveQuorums, Quorum } from '../../quorum/active-quorums.js';
import type { ChainLockType } from '../../quorum/chain-lock-types.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import { reportOn } from '../service-events.js';
import type { AskQuorums, Reading } from './ask-quorums.js';

export interface QuorumNews {
  readonly type: 'quorums';
  /** Absent when dashd has no active quorum. */
  readonly active?: ActiveQuorums;
  /** Those, and the ones that will be active in a few blocks. */
  readonly known: readonly Quorum[];
}

export interface WatchQuorumsDeps {
  readonly tips$: Observable<Hash>;
  readonly quorums: Pick<AskQuorums, 'read'>;
  readonly chainLock: ChainLockType;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** After a tip: by then a block of the pool's own is pushed and proven, and of several tips in a row the last one counts. */
const ASK_AFTER_MS = 250;
const RETRY_MS = 10 * SECOND_MS;

/** What cannot be read changes nothing: the quorums of the tip before are used on. */
export function watchQuorums(deps: WatchQuorumsDeps): Observable<QuorumNews | ServiceEvent> {
  const { tips$, quorums, scheduler } = deps;
  const readings$ = tips$.pipe(
    switchMap((tip) => {
      const ask$ = defer(() => from(quorums.read(tip)));
      const again$ = (reading: Reading) =>
        isFinal(reading) ? EMPTY : timer(RETRY_MS, scheduler).pipe(switchMap(() => ask$));
      return timer(ASK_AFTER_MS, scheduler).pipe(
        switchMap(() => ask$),
        expand(again$),
      );
    }),
    share(),
  );
  return merge(
    readings$.pipe(
      filter(isAnswer),
      distinctUntilChanged(isSame),
      map((reading) => serviceEvent(reading, deps)),
    ),
    readings$.pipe(concatMap(newsOf)),
  );
}

type Answer = Exclude<Reading, { readonly state: 'unanswered' }>;

/** That dashd is down is reported elsewhere. */
function isAnswer(reading: Reading): reading is Answer {
  return reading.state !== 'unanswered';
}

function isFinal({ state }: Reading): boolean {
  return state === 'active' || state === 'none';
}

/** Nothing new is to be said of it: the same quorums, or the same complaint. */
function isSame(before: Answer, reading: Answer): boolean {
  if (before.state !== reading.state) return false;
  if (before.state !== 'active' || reading.state !== 'active') return true;
  const hashes = ({ known }: typeof before) => known.map(({ hash }) => hash).join();
  return hashes(before) === hashes(reading);
}

function newsOf(reading: Reading): QuorumNews[] {
  if (reading.state === 'none') return [{ type: 'quorums', known: [] }];
  if (reading.state !== 'active') return [];
  const { active, known } = reading;
  return [{ type: 'quorums', known, ...(active.quorums.length > 0 && { active }) }];
}

function serviceEvent(reading: Answer, { chainLock, clock }: WatchQuorumsDeps): ServiceEvent {
  const report = reportOn('quorums', clock);
  const type = chainLock.name;
  switch (reading.state) {
    case 'active': {
      const members = new Map(reading.known.flatMap(({ members }) => members.map((one) => [one.masternode, one])));
      const reachable = [...members.values()].filter(({ peer }) => peer !== undefined).length;
      const figures = { count: reading.known.length, type, members: members.size, reachable };
      return report('up', 'active', fill(QUORUMS.active, figures));
    }
    case 'none':
      return report('up', 'none', fill(QUORUMS.none, { type }));
    case 'refused': {
      const { method, detail } = reading;
      return report('fault', 'refused', fill(QUORUMS.refused, { method, detail }));
    }
    case 'not-understood':
      return report('fault', 'not-understood', fill(RPC['not-understood'], { method: reading.method }));
  }
}
