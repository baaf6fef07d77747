import { BehaviorSubject, EMPTY, filter, map, merge, type Observable, share, tap } from 'rxjs';
import type { RpcClient } from '../adapters/rpc.js';
import { HEADER_SIZE, hashHeader } from '../block/x11.js';
import type { Gatekeeper } from '../streams/broadcast/gatekeeper.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import type { PeerNews } from '../streams/connections/connections.js';
import { socket } from '../streams/connections/socket.js';
import type { Standing } from '../streams/dashd/chain-standing.js';
import { type FeedNews, feed } from '../streams/dashd/feed.js';
import { feedEndpoints, feedPlans } from '../streams/dashd/feed-endpoints.js';
import { onOwnChain } from '../streams/dashd/own-chain.js';
import { type RpcNews, watchRpc } from '../streams/dashd/watch-rpc.js';
import { witnessed } from '../streams/dashd/witness.js';
import { heldUntil } from '../streams/operators/held-until.js';
import type { Rpc } from '../streams/ports.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';

export interface Dashd {
  /** Sends no call to a dashd that is on another chain. */
  readonly rpc: Rpc;
  /** The credentials that dashd accepts from us, as the value of an `Authorization` header. */
  readonly authorization: RpcClient['authorization'];
  /** The state of dashd and of its chain; polls while it has a subscriber. */
  readonly news$: Observable<RpcNews>;
  /** Whether dashd's chain is ours and caught up, as far as is known. */
  readonly isCurrent: () => boolean;
  /** Emits when dashd has reported the state of its chain, or has not answered in time; at once to a late subscriber. */
  readonly asked$: Observable<unknown>;
}

/** dashd's RPC, and the state of its chain: that decides what dashd is asked, and whether its tips count. */
export function openDashd({ config, createRpc, clock, scheduler }: RelayContext, tip: ChainTip, scope: Scope): Dashd {
  const client = createRpc(config.dashd.rpc);
  scope.add(() => client.close());
  const chain$ = new BehaviorSubject<{ readonly standing: Standing; readonly detail: string } | undefined>(undefined);
  const isCurrent = (): boolean => mayBeCurrent(chain$.value?.standing);
  const rpc = onOwnChain(client, () => (chain$.value?.standing === 'wrong-network' ? chain$.value.detail : undefined));
  const ours = { network: config.network, devnet: config.devnet?.name };
  const news$ = watchRpc({ rpc, chain: ours, clock, scheduler }).pipe(
    tap((news) => {
      if (news.type !== 'standing') return;
      if (!mayBeCurrent(news.standing)) tip.forget();
      chain$.next(news);
    }),
    share(),
  );
  const asked$ = chain$.pipe(filter((chain) => chain !== undefined));
  return { rpc, authorization: () => client.authorization(), news$, isCurrent, asked$ };
}

function mayBeCurrent(standing: Standing = 'unknown'): boolean {
  return standing === 'unknown' || standing === 'current';
}

/** Messages of the feed that are held until dashd has reported the state of its chain: those of a few blocks. */
const MAX_EARLY_FEED = 16;

export interface FeedDeps {
  readonly context: RelayContext;
  readonly dashd: Dashd;
  readonly peerNews$: Observable<PeerNews>;
  readonly gate: Pick<Gatekeeper, 'has'>;
}

/** dashd's ZeroMQ feed. New blocks known from peers and dashd's RPC show when it is silent. Empty when none is configured. */
export function dashdFeed({ context, dashd, peerNews$, gate }: FeedDeps): Observable<FeedNews> {
  const { openSubscription, clock, scheduler, pending } = context;
  const { url } = context.config.dashd.zmq;
  if (url === '') return EMPTY;
  const { rpc, news$, isCurrent, asked$ } = dashd;
  return feed({
    open$: feedEndpoints({
      url,
      plan$: feedPlans({ url, rpcNews$: news$, rpc }),
      open: ({ endpoint, topics }) => socket((on) => openSubscription({ connect: endpoint, topics }, on), pending),
      // Connected before the first answer, it may show old blocks, or those of another chain.
    }).pipe(heldUntil(asked$, ({ type }) => type === 'frames', MAX_EARLY_FEED)),
    witness$: merge(
      news$.pipe(
        filter((news) => news.type === 'tip'),
        map(({ hash }) => hash),
      ),
      witnessed(peerNews$),
    ),
    rpc,
    hashOf: (raw) => (raw.length < HEADER_SIZE ? undefined : hashHeader(raw.subarray(0, HEADER_SIZE))),
    has: (hash) => gate.has(hash),
    isCurrent,
    clock,
    scheduler,
  });
}
