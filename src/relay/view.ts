/** The present state of a relay, read from its parts at each call: nothing is kept twice. */

import type { Config } from '../config/config.js';
import type { IgnoredLocks } from '../contracts/locks.js';
import type { HistoryView, PeerView, RelayView } from '../contracts/view.js';
import type { PeerBook } from '../peers/book.js';
import type { CountryOf } from '../peers/occupancy.js';
import type { PeerRecord } from '../peers/record.js';
import { score, type Weights } from '../peers/score.js';
import type { QuorumView } from '../quorum/active-quorums.js';
import { type ConnectedNode, quorumReport } from '../quorum/report.js';
import { membershipsOf } from '../quorum/roles.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import type { ConnectionSlot, Connections } from '../streams/connections/connections.js';
import type { IsProxied } from '../streams/connections/isolation.js';
import type { Quorums } from '../streams/quorum/quorums.js';
import { type Clock, dated, momentOf } from '../time.js';

export interface ViewDeps {
  readonly network: string;
  readonly wanted: RelayView['wanted'];
  readonly tip: ChainTip;
  readonly book: PeerBook;
  readonly connections: Pick<Connections, 'slots' | 'live'>;
  readonly isProxied?: IsProxied | undefined;
  readonly weights: () => Weights;
  readonly country?: CountryOf | undefined;
  /** Absent where `quorum.maxPeers` is 0. */
  readonly quorums?: Pick<Quorums, 'view'> & { readonly wanted: number };
  readonly witnesses?: RelayView['witnesses'] | undefined;
  readonly history: HistoryView;
  readonly anatomy?: RelayView['anatomy'] | undefined;
  readonly spool?: RelayView['spool'] | undefined;
  readonly locks?: { readonly forecast?: RelayView['lockForecast']; readonly ignored: () => IgnoredLocks };
  readonly cluster?: RelayView['cluster'] | undefined;
  readonly clock: Clock;
}

export function createView(deps: ViewDeps): RelayView {
  const {
    network,
    wanted,
    tip,
    book,
    connections,
    isProxied,
    quorums,
    witnesses,
    history,
    anatomy,
    spool,
    locks,
    cluster,
    clock,
  } = deps;
  const started = momentOf(clock);
  return {
    network,
    wanted,
    get startedAt() {
      return dated(started, clock);
    },
    history,
    ...(anatomy !== undefined && { anatomy }),
    ...(spool !== undefined && { spool }),
    ...(locks !== undefined && { ignoredLocks: locks.ignored }),
    ...(locks?.forecast !== undefined && { lockForecast: locks.forecast }),
    ...(witnesses !== undefined && { witnesses }),
    ...(cluster !== undefined && { cluster }),
    ...(quorums !== undefined && {
      quorums() {
        const view = quorums.view();
        return view && quorumReport(view, connectedNodes(connections), quorums.wanted);
      },
    }),
    known: () => book.size,
    tip() {
      if (tip.hash === undefined) return undefined;
      const height = tip.heightOf(tip.hash);
      return { hash: tip.hash, ...(height !== undefined && { height }) };
    },
    peer(name) {
      const slot = connections.slots.get(name);
      return slot && peerView(slot, clock.now(), deps);
    },
    counts() {
      const { slots, live } = connections;
      const all = [...live.values()];
      return {
        connected: live.size,
        connecting: slots.size - live.size,
        dashd: all.some(({ target }) => target.protected),
        highBandwidth: all.filter(({ compact }) => compact.chosen).length,
        tor: isProxied === undefined ? 0 : all.filter(({ target }) => isProxied(target)).length,
      };
    },
    peers() {
      const now = clock.now();
      return [...connections.slots.values()].map((slot) => peerView(slot, now, deps)).sort(byScore);
    },
  };
}

/** How many peers are wanted; the local dashd counts. */
export function wantedOf({ enabled, minPeers, maxPeers }: Config['broadcast']): RelayView['wanted'] {
  return enabled ? { min: minPeers, max: maxPeers } : { min: 0, max: 1 };
}

function connectedNodes({ live }: Pick<Connections, 'live'>): readonly ConnectedNode[] {
  return [...live.values()].map(({ target, compact }) => ({ peer: target.peer, highBandwidth: compact.chosen }));
}

/** The pool's own dashd scores above all by its weight. */
function byScore(a: PeerView, b: PeerView): number {
  return b.score.total - a.score.total || (a.peer < b.peer ? -1 : 1);
}

function peerView(
  slot: ConnectionSlot,
  now: number,
  { book, connections, weights, country, quorums, clock }: ViewDeps,
): PeerView {
  const { target } = slot;
  const live = connections.live.get(target.peer);
  const record = book.get(target.peer);
  const height = Math.max(live?.remote.height ?? 0, record?.height ?? 0);
  const code = country?.(target.host, target.port);
  return {
    peer: target.peer,
    protected: target.protected,
    state: live === undefined ? 'connecting' : 'connected',
    since: dated((live ?? slot).since, clock),
    ...(live !== undefined && { userAgent: live.remote.userAgent, protocolVersion: live.remote.protocolVersion }),
    ...(live?.compact.chosen === true && { highBandwidth: true }),
    ...(height > 0 && { height }),
    ...(code !== undefined && { country: code }),
    ...(!target.protected && membershipOf(target.peer, quorums?.view())),
    ...(record?.ping !== undefined && { pingMs: record.ping.smoothedMs }),
    ...(record === undefined ? FORGOTTEN : known(record, now, weights())),
  };
}

/** What the peer is as a masternode, if it is known to be one. */
function membershipOf(
  peer: string,
  view: QuorumView | undefined,
): Pick<PeerView, 'role' | 'quorums' | 'masternode'> | undefined {
  const masternode = view?.masternodeOf(peer);
  if (view === undefined || masternode === undefined) return undefined;
  const [role, quorums] = [view.roleOf(peer), membershipsOf(view).get(masternode)];
  return { masternode, ...(role !== undefined && { role }), ...(quorums !== undefined && { quorums }) };
}

type BookEntry = Pick<PeerView, 'sources' | 'lastSeen' | 'score' | 'blocks'>;

function known(record: PeerRecord, now: number, weights: Weights): BookEntry {
  const { acknowledged, accepted, alreadyHad, failed, failuresInARow, proofMs } = record.broadcasts;
  return {
    sources: record.sources,
    lastSeen: record.lastSeen,
    score: score(record, now, weights),
    blocks: { acknowledged, accepted, alreadyHad, failed, failuresInARow, ...(proofMs !== undefined && { proofMs }) },
  };
}

/** A peer that was removed from the book a moment ago, and is about to be hung up on. */
const FORGOTTEN: BookEntry = {
  sources: [],
  lastSeen: 0,
  score: { total: 0, terms: [] },
  blocks: { acknowledged: 0, accepted: 0, alreadyHad: 0, failed: {}, failuresInARow: 0 },
};
