/**
 * Before a block is found: which transactions of dashd's mempool would delay its ChainLock. dashd is asked periodically, what is not known yet
 * alone: a mempool in which all is locked costs one call.
 */
import { concatMap, exhaustMap, filter, from, map, type Observable, type SchedulerLike, tap, timer } from 'rxjs';
import type { ServiceEvent } from '../../contracts/events.js';
import type { LockCount, LockForecastEvent } from '../../contracts/locks.js';
import type { LockForecast } from '../../contracts/view.js';
import { LOCKS } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { uncounted } from '../../quorum/lock-book.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import { reportOn } from '../service-events.js';
import type { Asked, AskLocks } from './ask-locks.js';
import type { LearnLocks } from './learn-locks.js';

export interface ForecastDeps {
  readonly ask: Pick<AskLocks, 'mempool'>;
  readonly learn: LearnLocks;
  readonly everyMs: number;
  /** False while dashd catches up or is on another chain. */
  readonly isCurrent: () => boolean;
  /** Called with each count. */
  readonly show: (forecast: LockForecast) => void;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** Emits what changes. Never ends by itself. */
export function forecastLocks(deps: ForecastDeps): Observable<LockForecastEvent | ServiceEvent> {
  const { everyMs, isCurrent, show, clock, scheduler } = deps;
  const forecaster = new Forecaster(deps);
  let reported = '';
  return timer(SECOND_MS, everyMs, scheduler).pipe(
    filter(() => isCurrent()),
    exhaustMap(() => from(forecaster.look())),
    map(({ count, fault }) => ({ at: clock.now(), count, fault })),
    tap(({ at, count }) => show({ at, ...count })),
    filter(({ count }) => {
      const news = digestOf(count);
      const isNews = news !== reported;
      reported = news;
      return isNews;
    }),
    concatMap(({ at, count, fault }) => [
      { type: 'lock-forecast' as const, at, ...count },
      ...(fault === undefined ? [] : [reportOn('dashd-rpc', clock)('fault', 'locks-unknown', fault)]),
    ]),
  );
}

class Forecaster {
  /** Of the last mempool: a block with them may come now. */
  private before: readonly Hash[] = [];

  constructor(private readonly deps: Pick<ForecastDeps, 'ask' | 'learn' | 'clock'>) {}

  async look(): Promise<{ readonly count: LockCount; readonly fault?: string | undefined }> {
    const { ask, learn, clock } = this.deps;
    const waits = await learn.waits();
    if (!waits.ok) return unknown(0, waits);
    if (!waits.value) return { count: uncounted(0, 'instantsend-off') };
    const mempool = await ask.mempool();
    if (!mempool.ok) return unknown(0, mempool);
    learn.book.keep(new Set([...this.before, ...mempool.value]));
    this.before = mempool.value;
    const fault = await learn.learn(mempool.value);
    if (fault !== undefined) return unknown(mempool.value.length, fault);
    return { count: learn.book.count(mempool.value, clock.now()) };
  }
}

function unknown(transactions: number, { unknown: code, detail }: Extract<Asked<never>, { ok: false }>) {
  // That dashd does not answer, others report.
  const fault = code === 'no-answer' || code === 'too-many' ? undefined : fill(LOCKS[code], { detail });
  return { count: uncounted(transactions, code), fault };
}

/** What is news when it changes; how many are locked changes all the time. */
function digestOf({ delaying, aged, named, unknown: code }: LockCount): string {
  return JSON.stringify([delaying, aged, named.map(({ txid }) => txid), code]);
}
