import type { Observable } from 'rxjs';
import { BoundedMap } from '../common/bounded.js';
import type { IgnoredLocks } from '../contracts/locks.js';
import type { LockForecast } from '../contracts/view.js';
import { LockBook } from '../quorum/lock-book.js';
import type { RecentStore } from '../streams/broadcast/recent.js';
import { AskLocks } from '../streams/locks/ask-locks.js';
import { type CountedBlock, countBlockLocks } from '../streams/locks/block-locks.js';
import { forecastLocks } from '../streams/locks/forecast.js';
import { LearnLocks } from '../streams/locks/learn-locks.js';
import { LockTimes } from '../streams/locks/lock-times.js';
import { relayLocks } from '../streams/locks/relay-locks.js';
import type { ChainLockNews } from '../streams/locks/relayed-event.js';
import { SECOND_MS } from '../time.js';
import { NETWORKS } from '../wire/network.js';
import type { Hash } from '../wire/reader.js';
import type { BlockHistory } from './block-history.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Peers } from './peers.js';
import type { Scope } from './scope.js';

export interface LocksDeps {
  readonly context: RelayContext;
  readonly dashd: Pick<Dashd, 'rpc' | 'isCurrent'>;
  readonly peers: Pick<Peers, 'connections' | 'events$'>;
  readonly history: Pick<BlockHistory, 'note'>;
  readonly recent: RecentStore;
}

export interface Locks {
  readonly times: LockTimes;
  /** Absent where `locks.forecast` is 0. */
  readonly forecast?: () => LockForecast | undefined;
  readonly ignored: () => IgnoredLocks;
  /** @param chainLocks$ as dashd announces them */
  run(chainLocks$: Observable<ChainLockNews>): void;
}

/** Blocks whose transactions are remembered for the relay of their locks, which is over in seconds. */
const MAX_COUNTED = 64;

/** ChainLocks and InstantSend locks: what delays them, when they come, and who is sent them. */
export function openLocks({ context, dashd, peers, history, recent }: LocksDeps, scope: Scope): Locks {
  const { config, events$, emit, clock, scheduler } = context;
  const { relay, forecast: seconds } = config.locks;
  const running = scope.subscription();
  const times = new LockTimes(clock);
  const counted = new BoundedMap<Hash, CountedBlock>(MAX_COUNTED);
  const ignored = { clsig: 0, isdlock: 0 };
  let shown: LockForecast | undefined;
  running.add(
    events$.subscribe((event) => {
      if (event.type === 'received' && event.source !== 'dashd')
        times.came(event.hash, event.firstAt ?? event.at, event.height);
    }),
  );
  running.add(
    peers.events$.subscribe(({ event }) => {
      if (event.type === 'ignored-lock') ignored[event.command] += 1;
    }),
  );
  return {
    times,
    ...(seconds > 0 && { forecast: () => shown }),
    ignored: () => ({ ...ignored }),
    run(chainLocks$) {
      const ask = new AskLocks(dashd.rpc);
      if (seconds > 0) {
        const learn = new LearnLocks(ask, new LockBook(), clock);
        const show = (forecast: LockForecast): void => {
          shown = forecast;
        };
        const { isCurrent } = dashd;
        running.add(
          forecastLocks({ ask, learn, everyMs: seconds * SECOND_MS, isCurrent, show, clock, scheduler }).subscribe(
            emit,
          ),
        );
        running.add(
          countBlockLocks({ events$, recent, learn, times, counted, clock, scheduler }).subscribe((event) => {
            emit(event);
            history.note(event);
          }),
        );
      }
      if (!relay) return;
      const network = NETWORKS[config.network];
      const { connections } = peers;
      running.add(
        relayLocks({ chainLocks$, events$, connections, ask, times, counted, network, clock, scheduler }).subscribe(
          emit,
        ),
      );
    },
  };
}
