/**
 * The composition root: the picture of docs/architecture.md as code, top to bottom. It starts the adapters, ties the streams
 * together, and is the only place that knows all of them.
 */
import {
  asyncScheduler,
  concat,
  EMPTY,
  filter,
  lastValueFrom,
  map,
  merge,
  type Observable,
  ReplaySubject,
  type SchedulerLike,
  Subject,
  Subscription,
  share,
  tap,
  timer,
} from 'rxjs';
import { controlPath, openControl } from '../adapters/control.js';
import { openCountries } from '../adapters/countries.js';
import { resolveSeed } from '../adapters/dns.js';
import { openHistoryFile } from '../adapters/history-file.js';
import { openPeerFile } from '../adapters/peer-file.js';
import { createRpc } from '../adapters/rpc.js';
import { openRpcProxy } from '../adapters/rpc-proxy/index.js';
import { openSpoolFolder } from '../adapters/spool-folder.js';
import { systemClock, systemRandom } from '../adapters/system.js';
import { dial as dialTcp } from '../adapters/tcp.js';
import { bindPull, openPublisher, openSubscription } from '../adapters/zmq.js';
import { createLoop } from '../adapters/zmq-loop.js';
import type { examine } from '../block/gate.js';
import { HEADER_SIZE, hashHeader, loadX11 } from '../block/x11.js';
import type { Config } from '../config/config.js';
import type { BlockEvent, RelayEvent, ServiceEvent } from '../contracts/events.js';
import type { RelayView } from '../contracts/view.js';
import { keyOf } from '../peers/address.js';
import { PeerBook } from '../peers/book.js';
import { applyEdit } from '../peers/edit.js';
import type { CountryOf } from '../peers/occupancy.js';
import { type SelectLimits, selectLimits } from '../peers/plan.js';
import { weightsFrom } from '../peers/score.js';
import { userAgentFor } from '../session/handshake.js';
import { Broadcaster } from '../streams/broadcast/broadcast.js';
import { Gatekeeper } from '../streams/broadcast/gatekeeper.js';
import { createIntake } from '../streams/broadcast/intake.js';
import { proxied } from '../streams/broadcast/proxied.js';
import { RecentStore } from '../streams/broadcast/recent.js';
import { ChainTip } from '../streams/broadcast/tip.js';
import { warmUp } from '../streams/broadcast/warm.js';
import { createPool, type LivePeer } from '../streams/connections/connections.js';
import { peerEvents } from '../streams/connections/peer-events.js';
import { drainableSocket, socket } from '../streams/connections/socket.js';
import { twins } from '../streams/connections/twins.js';
import { chainName, type Standing } from '../streams/dashd/chain-standing.js';
import { feed } from '../streams/dashd/feed.js';
import { feedEndpoints, feedPlans } from '../streams/dashd/feed-endpoints.js';
import { followFinality } from '../streams/dashd/finality.js';
import { onOwnChain } from '../streams/dashd/own-chain.js';
import { watchRpc } from '../streams/dashd/watch-rpc.js';
import { witnessed } from '../streams/dashd/witness.js';
import { heldUntil } from '../streams/operators/held-until.js';
import { createPeering } from '../streams/peering/peering.js';
import { loadBook, persist } from '../streams/peering/persist.js';
import type { Dial } from '../streams/ports.js';
import { openHistory } from '../streams/storage/history.js';
import { keepBlocks } from '../streams/storage/kept-blocks.js';
import { type Clock, HOUR_MS, type Random, SECOND_MS } from '../time.js';
import { NETWORKS } from '../wire/network.js';
import type { Hash } from '../wire/reader.js';
import { Opened } from './scope.js';
import { createView } from './view.js';

export interface Relay {
  readonly view: RelayView;
  readonly events$: Observable<RelayEvent>;
  /** Peers that have finished their handshake, by `host:port`. */
  readonly peers: ReadonlyMap<string, LivePeer>;
  /** Hangs up on a peer; false for the pool's own dashd, which is never dropped: that it was tried is told. */
  drop(peer: string): boolean;
  /** Takes over what can change while blocks pass: the weights of the score, and further peers to be tried. */
  reload(config: Config): void;
  /** Reads what the pool has handed over, takes no more blocks, waits for verdicts that are due, hangs up; resolves when all sockets are closed. */
  stop(): Promise<void>;
  /** Resolves when the relay has stopped, whoever stopped it. */
  readonly done: Promise<void>;
}

export interface RelayDeps {
  /** Called with each event from the first on. */
  readonly listen?: (event: RelayEvent) => void;
  readonly userAgent: string;
  /** The pool's socket, when it is bound already. */
  readonly pool?: ReturnType<typeof bindPull>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly scheduler?: SchedulerLike;
  /** Limits of peer selection other than the configured ones: a demo's time runs faster. */
  readonly limits?: Partial<SelectLimits>;
  /** In which country a peer is, in place of the table on disk. */
  readonly country?: CountryOf;
  /** How peers are reached; a test puts one here whose addresses look like those of the real network. */
  readonly dial?: Dial;
  /** The gate's look at a body; a test puts one here that knows less than ours, as ours will after the next upgrade. */
  readonly examine?: typeof examine;
}

/**
 * Starts a relay. Nothing it meets later ends it: what is amiss is told as events.
 * @throws what a start fails for; all that was opened, `deps.pool` included, is closed then
 */
export async function startRelay(config: Config, deps: RelayDeps): Promise<Relay> {
  const opened = new Opened();
  try {
    return await assemble(config, deps, opened);
  } catch (error) {
    const faults = await opened.close();
    throw faults.length === 0 ? error : new AggregateError([error, ...faults], String(error));
  }
}

async function assemble(config: Config, deps: RelayDeps, opened: Opened): Promise<Relay> {
  const { clock = systemClock, random = systemRandom, scheduler = asyncScheduler, userAgent } = deps;
  const { dial = dialTcp } = deps;
  const { broadcast, dashd } = config;
  const network = NETWORKS[config.network];
  const events$ = new Subject<RelayEvent>();
  const done = new Promise<void>((resolve) => events$.subscribe({ complete: resolve }));
  if (deps.listen !== undefined) events$.subscribe(deps.listen);
  const tell = (event: RelayEvent): void => events$.next(event);
  const closing = new Set<Promise<void>>();
  opened.add(() => events$.complete());
  opened.add(() => Promise.all(closing));
  const curve = config.pool.curve.enabled ? config.pool.curve : undefined;

  // It may be bound already, and is closed also where nothing has read it yet.
  const pool = drainableSocket(deps.pool ?? bindPull({ bind: config.pool.bind, curve }), closing);
  let poolRead = false;
  opened.add(() => {
    if (!poolRead) pool.news$.subscribe().unsubscribe();
  });
  await loadX11();

  // What we know: the chain's tip, the blocks we can serve, the blocks that have been here.
  const tip = new ChainTip();
  const recent = new RecentStore(broadcast.maxMemory);
  const gate = new Gatekeeper(network, tip, clock, deps.examine);

  // Bytes come in: the pool's frames, dashd's answers.
  const client = createRpc(dashd.rpc);
  opened.add(() => client.close());
  // How dashd's chain stands decides what it is asked, and whether what it says of the chain is news.
  let chain: { readonly standing: Standing; readonly detail: string } = { standing: 'unknown', detail: '' };
  /** It has been told, or is not to be had: the feed is connected before, and may show old blocks, or those of another chain. */
  const chainAsked$ = new ReplaySubject<void>(1);
  const isCurrent = (): boolean => chain.standing === 'unknown' || chain.standing === 'current';
  const rpc = onOwnChain(client, () => (chain.standing === 'wrong-network' ? chain.detail : undefined));
  const ours = { network: network.name, devnet: config.devnet?.name };
  const rpcNews$ = watchRpc({ rpc, chain: ours, clock, scheduler }).pipe(share());

  const chainLocks$ = new Subject<Hash>();

  // Peers: the pool's own dashd, and those that the book holds best.
  const own = dashd.p2p;
  const book = new PeerBook(network.name, random);
  book.protect(own, clock.now());
  const hearConfigured = (peers: Config['peers']): void => {
    for (const address of peers) book.hear(address, 'configured', clock.now());
  };
  hearConfigured(config.peers);
  // One of the connections is the local dashd's.
  const room = broadcast.maxPeers - 1;
  const min = Math.min(broadcast.minPeers, room);
  let weights = weightsFrom(broadcast.weights);
  let country = deps.country;
  // What is read from disk is read last: blocks go out meanwhile, to the pool's own dashd.
  const bookRead$ = new Subject<never>();
  const peering = createPeering({
    book,
    network,
    rpc,
    askDashd: !broadcast.skipBootstrap,
    resolve: resolveSeed,
    tip,
    weights: () => weights,
    country: (...where) => country?.(...where),
    limits: selectLimits(network.name, { max: room, min, ...deps.limits }),
    intervalMs: broadcast.refreshInterval * SECOND_MS,
    pool: () => peers,
    clock,
    random,
    scheduler,
  });
  const agent = userAgentFor(userAgent, network.name === 'devnet' ? chainName(ours) : undefined);
  const peers = createPool({
    context: {
      network,
      userAgent: agent,
      wallClock: () => clock.now(),
      height: () => tip.height,
      random,
      recent,
      hashHeader,
    },
    dial,
    clock,
    scheduler,
    protectedPeer: { peer: keyOf(own), host: own.host, port: own.port, protected: true },
    targets$: concat(bookRead$, peering.targets$),
  });
  const peerNews$ = peers.events$.pipe(share());

  // dashd's feed, watched by those who would know better.
  const feed$ =
    dashd.zmq.url === ''
      ? EMPTY
      : feed({
          open$: feedEndpoints({
            url: dashd.zmq.url,
            plan$: feedPlans({ url: dashd.zmq.url, rpcNews$, rpc }),
            open: ({ endpoint, topics }) =>
              socket((on) => openSubscription({ connect: endpoint, topics }, on), closing),
          }).pipe(heldUntil(chainAsked$, ({ type }) => type === 'frames', MAX_EARLY_FEED)),
          witness$: merge(
            rpcNews$.pipe(
              filter(isTip),
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

  // Blocks go out, are kept on disk until they are delivered, and what came of them is told.
  const { fallback } = broadcast;
  const { enabled: spooling, dir, ...spoolLimits } = config.spool;
  const kept = keepBlocks(spooling, { folder: openSpoolFolder(dir), ...spoolLimits, tell, clock, scheduler });
  opened.add(() => kept.close());
  const broadcaster = new Broadcaster({
    network,
    pool: peers,
    rpc,
    recent,
    tip,
    clock,
    scheduler,
    fallback,
    keep: kept.keep,
  });
  const publisher = openPublisher(
    { bind: config.events.bind, curve },
    { state: (state, detail) => tell(socketEvent('events socket', state, detail, clock.now())) },
  );
  opened.add(() => publisher.close());
  opened.add(() => broadcaster.stop());
  const intake = createIntake({ gate, broadcaster, tell: kept.answer });
  const moveTip = (hash: string, source: 'feed' | 'rpc'): void => {
    tip.see(hash);
    if (tip.move(hash)) tell({ type: 'tip', at: clock.now(), hash, source });
  };

  const outgoing = new Subscription();
  opened.add(() => outgoing.unsubscribe());
  outgoing.add(events$.pipe(filter(isBlockEvent)).subscribe((event) => publisher.publish(JSON.stringify(event))));
  // Noted once the history is read.
  const unnoted: BlockEvent[] = [];
  let note = (event: BlockEvent): unknown => unnoted.push(event);
  outgoing.add(
    broadcaster.events$.subscribe((event) => {
      tell(event);
      note(event);
      peering.noteBlock(event);
    }),
  );
  outgoing.add(
    peerNews$.subscribe((news) => {
      broadcaster.onPeer(news);
      peering.notePeer(news);
      for (const event of peerEvents(news)) tell(event);
    }),
  );

  const incoming = new Subscription();
  opened.add(() => incoming.unsubscribe());
  poolRead = true;
  incoming.add(
    pool.news$.subscribe((news) => {
      if (news.type === 'frames') intake.fromPool(news.frames);
      else tell(socketEvent('pool socket', news.state, news.detail, clock.now()));
    }),
  );
  incoming.add(
    rpcNews$.subscribe((news) => {
      if (news.type === 'standing') {
        chain = news;
        if (!isCurrent()) tip.forget();
        chainAsked$.next();
      } else if (news.type === 'tip') moveTip(news.hash, 'rpc');
      else if (news.type === 'chain block') tip.see(news.hash, news.previous, news.height, news.header);
      else tell(news);
    }),
  );
  incoming.add(
    feed$.subscribe((news) => {
      if (news.type !== 'service' && !isCurrent()) return;
      if (news.type === 'tip') moveTip(news.hash, 'feed');
      else if (news.type === 'chainlock') chainLocks$.next(news.hash);
      else if (news.type === 'raw') intake.fromFeed(news.raw);
      else tell(news);
    }),
  );

  // A pool that speaks JSON-RPC alone takes us for its dashd.
  const proxy = config.proxy.enabled
    ? openRpcProxy(
        {
          host: config.proxy.host,
          port: config.proxy.port,
          dashd: dashd.rpc.url,
          ownAuthorization: () => client.authorization(),
        },
        {
          block: (block) => proxied(block, { gate, broadcaster, tell: kept.answer }),
          state: (state, detail) => tell(socketEvent('json-rpc proxy', state, detail, clock.now())),
          fault: (code, detail) => tell(fault('json-rpc proxy', code, detail, clock.now())),
        },
      )
    : undefined;

  opened.add(() => proxy?.close());

  // One node counts once: a second address of it is left, and not dialled again.
  outgoing.add(
    twins({
      peerNews$,
      live: peers.live,
      own: keyOf(own),
      current$: rpcNews$.pipe(filter((news) => news.type === 'standing' && news.standing === 'current')),
      rpc,
      isConfigured: (peer) => book.get(peer)?.sources.includes('configured') === true,
      scheduler,
    }).subscribe(({ peer, of, isOwn }) => {
      const before = book.get(peer);
      const isNews = peers.live.has(peer) || before !== undefined;
      if (!book.exclude(peer)) return;
      // What a name means, or whose an address is, may change.
      const again$ = timer(TWIN_FORGOTTEN_MS, scheduler);
      outgoing.add(
        again$.subscribe(() => {
          book.readmit(peer);
          if (before?.sources.includes('configured') === true) book.hear(before, 'configured', clock.now());
        }),
      );
      if (!isNews) return;
      broadcaster.discount(peer);
      peers.drop(peer);
      const node = isOwn ? "the pool's own dashd" : 'a peer that is connected';
      const detail = `${peer} is ${node}, ${of}, under another address: it counts once`;
      tell(fault('peers', isOwn ? 'own-dashd' : 'same-node', detail, clock.now()));
    }),
  );

  // All that a block needs stands. Now what is on disk: unfinished blocks, the history, the countries, the peers.
  incoming.add(kept.recovered$({ gate, broadcaster, rpc, events$, scheduler }).subscribe());
  const historyFile = openHistoryFile(config.history.file);
  opened.add(() => historyFile.close());
  const history = await openHistory({ file: historyFile, maxBlocks: config.history.maxBlocks, tell, clock, scheduler });
  opened.add(() => history.close());
  // A block leaves the spool once what came of it is in the history: killed in between, it would have gone from both.
  const release = (event: RelayEvent): void => {
    void history.written().then(() => kept.note(event));
  };
  note = (event) => {
    history.note(event);
    if (event.type === 'verdict') release(event);
  };
  for (const event of unnoted.splice(0)) note(event);
  outgoing.add(
    followFinality({ history, rpc, events$, chainLocks$, clock, scheduler }).subscribe((event) => {
      tell(event);
      release(event);
    }),
  );
  country ??= await countriesOf(broadcast.countryDb, tell, clock);
  const peerFile = openPeerFile(broadcast.peerDb);
  opened.add(() => peerFile.close());
  if (broadcast.enabled) {
    for (const event of await loadBook(book, peerFile, clock)) tell(event);
    outgoing.add(peering.events$.subscribe(tell));
    bookRead$.complete();
  }

  const drop = (peer: string): boolean => {
    const dropped = peers.drop(peer);
    if (peer === keyOf(own)) {
      tell(fault('peers', 'protected', `${peer} is the pool's own dashd: it is not dropped`, clock.now()));
    }
    return dropped;
  };

  const view = createView({
    network: network.name,
    wanted: wantedOf(broadcast),
    tip,
    book,
    pool: peers,
    weights: () => weights,
    country,
    history: history.view,
    spool: kept.view,
    clock,
  });

  // The book is kept, and is at the operator's hand.
  const ending$ = new Subject<void>();
  const edits$ = new Subject<void>();
  const control = broadcast.enabled
    ? openControl(controlPath(peerFile.path), {
        request(request) {
          const answer = applyEdit(book, request, clock.now());
          for (const { peer, outcome } of answer.ok ? answer.outcomes : []) {
            if (outcome === 'removed' || outcome === 'protected') drop(peer);
          }
          edits$.next();
          return answer;
        },
        state: (state, code, detail) =>
          tell({ type: 'service', at: clock.now(), service: 'control socket', state, code, detail }),
      })
    : undefined;
  opened.add(() => control?.close());
  const saved = broadcast.enabled
    ? lastValueFrom(
        persist({
          book,
          file: peerFile,
          localDashd: keyOf(own),
          weights: () => weights,
          changes$: merge(edits$, broadcaster.events$.pipe(filter(({ type }) => type === 'verdict'))),
          stop$: ending$,
          clock,
          scheduler,
        }).pipe(tap(tell)),
        { defaultValue: undefined },
      )
    : undefined;

  const shutDown = async (): Promise<void> => {
    // What the pool has handed over is sent before the sockets close.
    await pool.drain();
    incoming.unsubscribe();
    await proxy?.close();
    await broadcaster.stop();
    // What it tells at its end is still published, and releases the last blocks.
    await history.written();
    await kept.close();
    outgoing.unsubscribe();
    try {
      // The last edit is answered before the last save.
      await control?.close();
      ending$.next();
      await Promise.all([...closing, practised, publisher.close(), client.close(), saved, history.close()]);
    } finally {
      events$.complete();
    }
  };
  // Once all stands: a block that comes first is sent by code that is not compiled yet, rather than wait.
  const practised = warmUp({ clock: systemClock, random: systemRandom, createLoop }).catch((error: unknown) =>
    tell(fault('pool socket', 'no practice', `the first block will take longer: ${String(error)}`, clock.now())),
  );
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= shutDown();
    return stopping;
  };
  const reload = (next: Config): void => {
    weights = weightsFrom(next.broadcast.weights);
    hearConfigured(next.peers);
  };
  return { view, events$: events$.asObservable(), peers: peers.live, drop, reload, stop, done };
}

/** A second address of a node that counts already is left alone for so long, milliseconds. */
const TWIN_FORGOTTEN_MS = HOUR_MS;
/** Messages of the feed that are held until dashd has told how its chain stands: those of a few blocks. */
const MAX_EARLY_FEED = 16;

const BLOCK_EVENTS: ReadonlySet<string> = new Set<BlockEvent['type']>([
  'received',
  'refused',
  'repeated',
  'stored',
  'proof',
  'verdict',
  'finality',
]);

function isBlockEvent(event: RelayEvent): event is BlockEvent {
  return BLOCK_EVENTS.has(event.type);
}

function isTip<T extends { readonly type: string }>(news: T): news is Extract<T, { readonly type: 'tip' }> {
  return news.type === 'tip';
}

async function countriesOf(
  path: string | undefined,
  tell: (event: ServiceEvent) => void,
  clock: Clock,
): Promise<CountryOf | undefined> {
  const countries = await openCountries(path);
  if (countries.ok) return countries.lookUp;
  tell(fault('peers', 'no countries', countries.detail, clock.now()));
  return undefined;
}

/** The local dashd counts. */
function wantedOf({ enabled, minPeers, maxPeers }: Config['broadcast']): RelayView['wanted'] {
  return enabled ? { min: minPeers, max: maxPeers } : { min: 0, max: 1 };
}

function fault(service: ServiceEvent['service'], code: string, detail: string, at: number): ServiceEvent {
  return { type: 'service', at, service, state: 'fault', code, detail };
}

function socketEvent(
  service: ServiceEvent['service'],
  state: 'up' | 'down' | 'refused',
  detail: string,
  at: number,
): ServiceEvent {
  return { type: 'service', at, service, state: state === 'refused' ? 'fault' : state, code: state, detail };
}
