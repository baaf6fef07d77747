import { type Observable, Subject } from 'rxjs';
import { createIntake } from '../streams/broadcast/intake.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import { drainableSocket } from '../streams/connections/socket.js';
import type { LockTimes } from '../streams/locks/lock-times.js';
import type { ChainLockNews } from '../streams/locks/relayed-event.js';
import type { Blocks } from './blocks.js';
import type { RelayContext } from './context.js';
import { type Dashd, dashdFeed } from './dashd.js';
import type { Peers } from './peers.js';
import type { Scope } from './scope.js';
import { socketReport } from './socket-report.js';

export type PoolSocket = ReturnType<typeof drainableSocket>;

/** The pool's socket, closed also where nothing has read it: what is pushed waits in ZeroMQ until it is read. */
export function openPoolSocket(context: RelayContext, scope: Scope): PoolSocket {
  const socket = drainableSocket(context.pool ?? bindConfigured(context), context.pending);
  scope.add(() => socket.closeUnread());
  return socket;
}

function bindConfigured({ config: { pool }, bindPull }: RelayContext): ReturnType<RelayContext['bindPull']> {
  return bindPull({ bind: pool.bind, curve: pool.curve.enabled ? pool.curve : undefined });
}

export interface IncomingDeps {
  readonly context: RelayContext;
  readonly poolSocket: PoolSocket;
  readonly dashd: Dashd;
  readonly peers: Pick<Peers, 'events$'>;
  readonly blocks: Blocks;
  readonly tip: ChainTip;
  readonly lockTimes: LockTimes;
}

export interface Incoming {
  /** Blocks that dashd has a ChainLock for. */
  readonly chainLocks$: Observable<ChainLockNews>;
}

/** The sources of blocks and tips: the pool's socket, dashd's RPC and feed, the spool. They end first, once the pool's socket is empty. */
export function openIncoming(
  { context, poolSocket, dashd, peers, blocks, tip, lockTimes }: IncomingDeps,
  scope: Scope,
): Incoming {
  const { events$, emit, clock, scheduler } = context;
  const { gate, broadcaster, spool } = blocks;
  const { rpc, isCurrent } = dashd;
  const incoming = scope.subscription();
  // What the pool has pushed is sent before the sockets close.
  scope.add(() => poolSocket.drain());

  const intake = createIntake({ gate, broadcaster, emit: spool.answer });
  const poolState = socketReport('pool-socket', clock);
  const moveTip = (hash: string, source: 'feed' | 'rpc'): void => {
    lockTimes.isTip(hash);
    tip.see(hash);
    broadcaster.seeInChain(hash);
    const isNew = source === 'rpc' ? tip.isNamed(hash) : tip.move(hash);
    if (isNew) emit({ type: 'tip', at: clock.now(), hash, source });
  };
  incoming.add(
    poolSocket.news$.subscribe((news) => {
      if (news.type === 'frames') intake.fromPool(news.frames);
      else emit(poolState(news.state, news.detail));
    }),
  );
  incoming.add(
    dashd.news$.subscribe((news) => {
      if (news.type === 'tip') moveTip(news.hash, 'rpc');
      else if (news.type === 'chain-block') tip.see(news.hash, news.previous, news.height, news.header);
      else if (news.type === 'service') emit(news);
    }),
  );
  const chainLocks$ = new Subject<ChainLockNews>();
  incoming.add(
    dashdFeed({ context, dashd, peerNews$: peers.events$, gate }).subscribe((news) => {
      if (news.type !== 'service' && !isCurrent()) return;
      if (news.type === 'tip') moveTip(news.hash, 'feed');
      else if (news.type === 'chainlock') {
        lockTimes.isLocked(news.hash);
        chainLocks$.next(news);
      } else if (news.type === 'raw') intake.fromFeed(news.raw);
      else emit(news);
    }),
  );
  incoming.add(spool.recovered$({ gate, broadcaster, rpc, events$, scheduler }).subscribe());
  return { chainLocks$ };
}
