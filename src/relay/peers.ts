import { BehaviorSubject, concat, filter, merge, type Observable, Subject, timer } from 'rxjs';
import { hashHeader } from '../block/x11.js';
import type { Config } from '../config/config.js';
import type { BlockEvent } from '../contracts/events.js';
import type { QuorumStanding } from '../contracts/explained.js';
import { fill } from '../messages/fill.js';
import { PEERS } from '../messages/peers.js';
import { keyOf, type PeerKey } from '../peers/address.js';
import { PeerBook } from '../peers/book.js';
import type { CountryOf } from '../peers/occupancy.js';
import { selectLimits } from '../peers/plan.js';
import { type Weights, weightsFrom } from '../peers/score.js';
import { explainMember } from '../quorum/explain.js';
import { type PushPlan, placeOf } from '../quorum/push-plan.js';
import { userAgentFor } from '../session/handshake.js';
import type { RecentStore } from '../streams/broadcast/recent.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import type { LeftPeers } from '../streams/cluster/peer-shares.js';
import {
  type Connections,
  type ConnectionTable,
  connectionTable,
  createConnections,
  type PeerNews,
} from '../streams/connections/connections.js';
import type { IsProxied } from '../streams/connections/isolation.js';
import { peerEvents } from '../streams/connections/peer-events.js';
import { type Twin, twins } from '../streams/connections/twins.js';
import { chainName } from '../streams/dashd/chain-standing.js';
import { createPeering } from '../streams/peering/peering.js';
import type { Quorums } from '../streams/quorum/quorums.js';
import { reportOn } from '../streams/service-events.js';
import { HOUR_MS, SECOND_MS } from '../time.js';
import { NETWORKS } from '../wire/network.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import { keepPeerBook } from './peer-book.js';
import { openQuorums } from './quorums.js';
import type { Scope } from './scope.js';
import { openTor } from './tor.js';
import { type OpenWitnesses, openWitnesses } from './witnesses.js';

export interface PeersDeps {
  readonly context: RelayContext;
  readonly dashd: Pick<Dashd, 'rpc' | 'news$'>;
  readonly tip: ChainTip;
  readonly recent: RecentStore;
  /** Peers that are left to other relays; absent where this one works alone. */
  readonly left?: LeftPeers | undefined;
}

export interface Peers {
  readonly book: PeerBook;
  readonly connections: Connections;
  /** Absent where no peer is reached through Tor. */
  readonly isProxied: IsProxied | undefined;
  /** The events of all connections. Nothing comes before {@link run}. */
  readonly events$: Observable<PeerNews>;
  /** Peers that turned out to be a node that counts already. */
  readonly twins$: Observable<PeerKey>;
  /** The ChainLock quorums; undefined where the settings want no connections to their members. */
  readonly quorums: Quorums | undefined;
  /** Undefined where the settings want no witnesses. */
  readonly witnesses: Pick<OpenWitnesses, 'report' | 'propagation$'> | undefined;
  readonly weights: () => Weights;
  readonly country: CountryOf;
  /** Connects to the pool's own dashd, and to the others once the book is read. @param blocks$ proofs and verdicts, noted in the book */
  run(blocks$: Observable<BlockEvent>): void;
  /** Reads the countries and the book from disk, keeps the book there from then on, and takes an operator's edits. */
  read(blocks$: Observable<BlockEvent>, plan: () => PushPlan): Promise<void>;
  /** Hangs up on a peer. @returns false for the pool's own dashd, which is never dropped: then a `protected` event is emitted */
  drop(peer: string): boolean;
  /** Takes over the weights of the score, and further peers to be tried. */
  reload(config: Config): void;
}

/** Milliseconds for which a second address of a node is not dialled. */
const TWIN_FORGOTTEN_MS = HOUR_MS;

/** The peer book and the connections: the pool's own dashd, and the peers that score best. */
export function openPeers({ context, dashd, tip, recent, left }: PeersDeps, scope: Scope): Peers {
  const { config, clock, random, scheduler, nextTurn, emit } = context;
  const network = NETWORKS[config.network];
  const { broadcast } = config;
  const own = config.dashd.p2p;
  const ownKey = keyOf(own);
  const report = reportOn('peers', clock);
  const reading = scope.nested();
  const running = scope.subscription();

  const book = new PeerBook(network.name, random);
  book.protect(own, clock.now());
  const hearConfigured = (peers: Config['peers']): void => {
    for (const address of peers) book.hear(address, 'configured', clock.now());
  };
  hearConfigured(config.peers);
  const weights$ = new BehaviorSubject(weightsFrom(broadcast));
  const weights = () => weights$.value;
  const country$ = new BehaviorSubject<CountryOf | undefined>(undefined);
  const country: CountryOf = (host, port) => country$.value?.(host, port);

  // One of the connections is the local dashd's.
  const max = broadcast.maxPeers - 1;
  const min = Math.min(broadcast.minPeers, max);
  const table = connectionTable();
  const tor = openTor(context, table, scope);
  const isWitness = (peer: PeerKey): boolean => witnesses?.has(peer) === true;
  const peering = createPeering({
    book,
    network,
    rpc: dashd.rpc,
    askDashd: !broadcast.skipBootstrap,
    resolve: tor.resolveSeed,
    families: tor.families,
    isProxied: tor.isProxied,
    tip,
    weights,
    country,
    limits: selectLimits(network.name, { max, min, ...context.limits }),
    intervalMs: broadcast.refreshInterval * SECOND_MS,
    isWitness,
    connections: table,
    left,
    clock,
    random,
    scheduler,
  });
  const quorums = openQuorums({
    context,
    tor,
    dashd,
    tip,
    table,
    book,
    left,
    isExcluded: (peer) => book.isExcluded(peer) || isWitness(peer),
  });
  const witnesses = openWitnesses({ context, book, tip, table, broadcast: { max, ...peering }, quorums, country });
  const devnet =
    network.name === 'devnet' ? chainName({ network: network.name, devnet: config.devnet?.name }) : undefined;
  const bookRead$ = new Subject<never>();
  const connections = createConnections({
    context: {
      network,
      userAgent: userAgentFor(context.userAgent, devnet),
      wallClock: () => clock.now(),
      height: () => tip.height,
      random,
      recent,
      hashHeader,
      measuresAtOnce: left !== undefined,
    },
    dial: tor.dial,
    isProxied: tor.isProxied,
    clock,
    scheduler,
    nextTurn,
    table,
    protectedPeer: { peer: ownKey, host: own.host, port: own.port, protected: true },
    targets$: concat(bookRead$, peering.targets$),
    quorumTargets$: quorums && concat(bookRead$, quorums.targets$),
    witnesses: witnesses && {
      targets$: concat(bookRead$, witnesses.targets$),
      table: witnesses.table,
      tip: () => tip.hash,
    },
  });
  const events$ = new Subject<PeerNews>();
  const witnessNews$ = new Subject<PeerNews>();
  const allLive = {
    get: (peer: PeerKey) => connections.live.get(peer) ?? witnesses?.table.live.get(peer),
    values: () => [...connections.live.values(), ...(witnesses?.table.live.values() ?? [])].values(),
  };
  const twins$ = new Subject<PeerKey>();

  const witnessOf = (peer: string): string | undefined =>
    witnesses?.report().witnesses.find((witness) => witness.peer === peer)?.why;
  const standingOf = (peer: string): QuorumStanding | undefined => {
    const view = quorums?.view();
    if (quorums === undefined || view === undefined) return undefined;
    return explainMember({ peer, view, plan: quorums.plan(), connection: connectionTo(peer, table) });
  };

  const drop = (peer: string): boolean => {
    const dropped = connections.drop(peer);
    if (peer === ownKey) {
      emit(report('fault', 'protected', fill(PEERS.protected, { peer })));
    }
    return dropped;
  };

  /** One node counts once: the connection to its second address is dropped, and not dialled again. */
  const leave = ({ peer, of, isOwn }: Twin): void => {
    const before = book.get(peer);
    const isNews = allLive.get(peer) !== undefined || before !== undefined;
    if (!book.exclude(peer)) return;
    // A host name may resolve to another node later, and an address may change hands.
    running.add(
      timer(TWIN_FORGOTTEN_MS, scheduler).subscribe(() => {
        book.readmit(peer);
        if (before?.sources.includes('configured') === true) book.hear(before, 'configured', clock.now());
      }),
    );
    if (!isNews) return;
    twins$.next(peer);
    connections.drop(peer);
    const code = isOwn ? 'own-dashd' : 'same-node';
    emit(report('fault', code, fill(PEERS[code], { peer, known: of })));
  };

  return {
    book,
    connections,
    isProxied: tor.isProxied,
    events$,
    twins$,
    quorums,
    witnesses,
    weights,
    country,
    drop,
    run(blocks$) {
      running.add(blocks$.subscribe((event) => peering.noteBlock(event)));
      running.add(
        events$.subscribe((news) => {
          peering.notePeer(news);
          quorums?.notePeer(news);
          for (const event of peerEvents(news)) emit(event);
        }),
      );
      running.add(
        witnessNews$.subscribe((news) => {
          peering.notePeer(news);
          quorums?.notePeer(news);
        }),
      );
      running.add(witnesses?.run(merge(events$, witnessNews$)));
      const current$ = dashd.news$.pipe(filter((news) => news.type === 'standing' && news.standing === 'current'));
      const isConfigured = (peer: PeerKey): boolean => book.get(peer)?.sources.includes('configured') === true;
      running.add(
        twins({
          peerNews$: merge(events$, witnessNews$),
          live: allLive,
          own: ownKey,
          current$,
          rpc: dashd.rpc,
          isConfigured,
          scheduler,
        }).subscribe(leave),
      );
      running.add(
        connections.events$.subscribe((news) => (news.target.witness === true ? witnessNews$ : events$).next(news)),
      );
    },
    async read(blocks$, plan) {
      const countries = await context.openCountries(broadcast.countryDb);
      if (countries.ok) country$.next(countries.lookUp);
      else emit(report('fault', 'no-countries', countries.detail));
      if (!broadcast.enabled) return;
      const verdicts$ = blocks$.pipe(filter(({ type }) => type === 'verdict'));
      await keepPeerBook(
        { context, book, weights, drop, standingOf, placeOf: (peer) => placeOf(plan(), peer), witnessOf, verdicts$ },
        reading,
      );
      running.add(peering.events$.subscribe(emit));
      running.add(quorums?.run());
      bookRead$.complete();
    },
    reload(next) {
      weights$.next(weightsFrom(next.broadcast));
      hearConfigured(next.peers);
    },
  };
}

function connectionTo(peer: string, { slots, live }: ConnectionTable): QuorumStanding['connection'] {
  const slot = slots.get(peer);
  if (slot === undefined) return 'none';
  if (!live.has(peer)) return 'connecting';
  return slot.target.quorum === true ? 'quorum' : 'peer';
}
