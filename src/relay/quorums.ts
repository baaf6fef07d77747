import {
  BehaviorSubject,
  defer,
  distinctUntilChanged,
  filter,
  map,
  type Observable,
  type Subscription,
  startWith,
  tap,
} from 'rxjs';
import type { RelayEvent } from '../contracts/events.js';
import { isLocalNetwork, type PeerKey } from '../peers/address.js';
import type { PeerBook } from '../peers/book.js';
import { lottery } from '../peers/candidates.js';
import { learnedLot } from '../peers/learned.js';
import { type ActiveQuorums, type QuorumView, viewOf } from '../quorum/active-quorums.js';
import { CHAIN_LOCK_TYPES } from '../quorum/chain-lock-types.js';
import { maxPerGroup } from '../quorum/politeness.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import type { LeftPeers } from '../streams/cluster/peer-shares.js';
import type { Target } from '../streams/connections/connection.js';
import type { ConnectionTable, PeerNews } from '../streams/connections/connections.js';
import { AskQuorums } from '../streams/quorum/ask-quorums.js';
import { MemberConnections } from '../streams/quorum/member-connections.js';
import type { Quorums } from '../streams/quorum/quorums.js';
import { watchQuorums } from '../streams/quorum/watch-quorums.js';
import type { Hash } from '../wire/reader.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Tor } from './tor.js';

export interface QuorumsDeps {
  readonly context: RelayContext;
  readonly tor: Pick<Tor, 'isProxied' | 'isDialable'>;
  readonly dashd: Pick<Dashd, 'rpc'>;
  readonly tip: ChainTip;
  readonly table: ConnectionTable;
  /** True for an address of a node that counts already, and for a witness. */
  readonly isExcluded: (peer: PeerKey) => boolean;
  readonly left?: LeftPeers | undefined;
  readonly book: Pick<PeerBook, 'get'>;
}

export interface OpenQuorums extends Quorums {
  /** The members that are to be connected to. */
  readonly targets$: Observable<readonly Target[]>;
  notePeer(news: PeerNews): void;
  /** Asks dashd about the quorums of each tip until unsubscribed. */
  run(): Subscription;
}

/** The ChainLock quorums and the connections to their members. @returns undefined where the settings want none */
export function openQuorums({
  context,
  tor,
  dashd,
  tip,
  table,
  book,
  left,
  isExcluded,
}: QuorumsDeps): OpenQuorums | undefined {
  const { isProxied, isDialable } = tor;
  const { config, clock, random, scheduler, emit, events$ } = context;
  const { network, broadcast, quorum } = config;
  if (!broadcast.enabled || quorum.maxPeers === 0) return undefined;
  const chainLock = CHAIN_LOCK_TYPES[network];
  const claims = new Map<string, Hash>();
  const view$ = new BehaviorSubject<QuorumView | undefined>(undefined);
  let shown: ActiveQuorums | undefined;
  const show = (active: ActiveQuorums | undefined): void => {
    shown = active;
    view$.next(active === undefined ? undefined : viewOf(active, claims));
  };
  /** Until dashd is asked, the next block's signers follow from the quorums of the block before: they are others once in 288 blocks. */
  const advance = (hash: Hash): void => {
    if (shown !== undefined && tip.heightOf(hash) === shown.height + 1)
      show({ ...shown, tip: hash, height: shown.height + 1 });
  };
  const members = new MemberConnections({
    max: quorum.maxPeers,
    maxPerGroup: maxPerGroup(quorum.maxPeers, isLocalNetwork(network)),
    connections: table,
    // A masternode may have an onion address (Dash Core 24).
    isExcluded: (peer) => isExcluded(peer) || !isDialable(peer),
    isProxied,
    left,
    clock,
    random,
    ...(broadcast.learned && {
      lot: learnedLot((peer) => book.get(peer), lottery(random)),
      roundTripMs: (peer) => book.get(peer)?.ping?.minMs,
    }),
    scheduler,
  });
  const tips$ = defer(() =>
    events$.pipe(
      filter(mayMoveTip),
      map(() => tip.hash),
      startWith(tip.hash),
      filter((hash) => hash !== undefined),
      distinctUntilChanged(),
      tap(advance),
    ),
  );
  const news$ = watchQuorums({
    tips$,
    quorums: new AskQuorums({ rpc: dashd.rpc, network, chainLock, clock, scheduler }),
    chainLock,
    clock,
    scheduler,
  });
  return {
    view: () => view$.value,
    view$,
    plan: () => members.plan,
    targets$: members.targets$,
    notePeer(news) {
      const { target, event } = news;
      members.notePeer(news);
      if (event.type === 'masternode') claims.set(target.peer, event.masternode);
      else if (event.type !== 'lost' || !claims.delete(target.peer)) return;
      view$.next(view$.value);
    },
    run: () =>
      news$.subscribe((news) => {
        if (news.type === 'service') {
          emit(news);
          return;
        }
        show(news.active);
        members.noteQuorums(news.known);
      }),
  };
}

/** A block that the relay sent is the tip before dashd announces it, so no tip event follows: it counts once dashd has it. */
function mayMoveTip(event: RelayEvent): boolean {
  if (event.type === 'proof') return event.protected && event.status === 'accepted';
  return event.type === 'tip' || event.type === 'verdict';
}
