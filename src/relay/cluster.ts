/** This relay as one of several (`cluster.servers`). Nothing of it is loaded where there are no servers. */
import { filter, Subject } from 'rxjs';
import { allSubjects, type ClusterNames } from '../cluster/subjects.js';
import type { ClusterConfig } from '../config/config.js';
import type { ClusterReport, ClusterView } from '../contracts/cluster.js';
import type { HistoryView } from '../contracts/view.js';
import type { BroadcastDeps } from '../streams/broadcast/broadcast.js';
import type { Arrival } from '../streams/broadcast/gatekeeper.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import { Cluster } from '../streams/cluster/cluster.js';
import { type LeftPeers, PeerShares } from '../streams/cluster/peer-shares.js';
import { chainName } from '../streams/dashd/chain-standing.js';
import type { Blocks } from './blocks.js';
import type { RelayContext } from './context.js';
import type { Peers } from './peers.js';
import type { Scope } from './scope.js';

export interface OpenCluster {
  readonly share: NonNullable<BroadcastDeps['share']>;
  readonly left: LeftPeers;
  readonly view: ClusterView;
  /** Connects to the servers: once there are peers and blocks, and the history is read. */
  join(deps: JoinDeps): void;
}

export interface JoinDeps {
  readonly peers: Pick<Peers, 'connections' | 'events$' | 'drop'>;
  readonly blocks: Pick<Blocks, 'gate' | 'broadcaster' | 'spool' | 'roundTripOf' | 'events$'>;
  readonly history: Pick<HistoryView, 'get'>;
  readonly tip: Pick<ChainTip, 'knows'>;
}

/** Blocks that come while this relay starts, kept until it has joined. */
const MAX_EARLY = 32;

/** Closed after the last verdicts, which the other relays are told of. */
export async function openCluster(context: RelayContext, config: ClusterConfig, scope: Scope): Promise<OpenCluster> {
  const { openCluster: openLink, config: settings, userAgent, emit, clock, scheduler } = context;
  const { servers, name, relay, user, password, tls } = config;
  const { broadcast, quorum, network, devnet } = settings;
  const names = { name, relay };
  const open = await openLink({
    servers,
    client: `blockcast ${relay}`,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    tls,
    subscribe: allSubjects(name),
  });
  const early: Arrival[] = [];
  const freed$ = new Subject<void>();
  let joined: { readonly cluster: Cluster; readonly shares: PeerShares } | undefined;
  scope.add(() => joined?.cluster.close());
  return {
    share(arrival) {
      if (joined !== undefined) joined.cluster.share(arrival);
      else if (early.length < MAX_EARLY) early.push(arrival);
    },
    left: { has: (peer, list) => joined?.shares.has(peer, list) === true, changes$: freed$ },
    view: viewOf(names, () => joined?.cluster.view),
    join({ peers, blocks, history, tip }) {
      const { connections, events$, drop } = peers;
      const { gate, broadcaster, spool, roundTripOf } = blocks;
      const shares = new PeerShares({
        relay,
        table: connections,
        roundTripOf,
        drop,
        limits: {
          // One of the connections is the local dashd's.
          book: { max: broadcast.maxPeers - 1, least: broadcast.minPeers },
          quorum: { max: quorum.maxPeers, least: 0 },
        },
        freed: () => freed$.next(),
      });
      const cluster = new Cluster({
        names,
        network: chainName({ network, devnet: devnet?.name }),
        version: userAgent,
        open,
        gate,
        broadcaster,
        answer: spool.answer,
        isDone: (hash) => tip.knows(hash) || history.get(hash)?.verdict?.success === true,
        blocks$: blocks.events$,
        shares: config.sharePeers ? shares : undefined,
        connections$: events$.pipe(filter(({ event }) => CHANGES.has(event.type))),
        emit,
        clock,
        scheduler,
      });
      joined = { cluster, shares };
      for (const arrival of early.splice(0)) cluster.share(arrival);
    },
  };
}

/** Of a connection: what the other relays are told. */
const CHANGES: ReadonlySet<string> = new Set(['ready', 'lost']);

/** Until the relay has joined, it is alone. */
function viewOf(names: ClusterNames, joined: () => ClusterView | undefined): ClusterView {
  return {
    ...names,
    report: () => joined()?.report() ?? ALONE,
    blocks: (limit) => joined()?.blocks(limit) ?? [],
    race: (hash) => joined()?.race(hash),
  };
}

const ALONE: ClusterReport = { connected: false, relays: [], left: 0, unstored: 0, dropped: 0 };
