/**
 * The composition root: the picture of docs/architecture.md as code. It opens the parts of a relay, a file of this folder each, in the
 * order in which a block needs them; the scope closes them in reverse.
 */

import type { Observable } from 'rxjs';
import { loadX11 } from '../block/x11.js';
import type { ClusterConfig, Config } from '../config/config.js';
import type { RelayEvent } from '../contracts/events.js';
import type { RelayView } from '../contracts/view.js';
import { fill } from '../messages/fill.js';
import { ZMQ_SOCKET } from '../messages/sockets.js';
import { RecentStore } from '../streams/broadcast/recent.js';
import { ChainTip } from '../streams/broadcast/tip.js';
import type { ConnectedPeer } from '../streams/connections/connections.js';
import { reportOn } from '../streams/service-events.js';
import { SECOND_MS } from '../time.js';
import { openAnatomy } from './anatomy.js';
import { openBlockHistory } from './block-history.js';
import { openBlocks } from './blocks.js';
import type { OpenCluster } from './cluster.js';
import { openContext, type RelayContext, type RelayDeps } from './context.js';
import { openDashd } from './dashd.js';
import { openIncoming, openPoolSocket } from './incoming.js';
import { openLocks } from './locks.js';
import { openPeers } from './peers.js';
import { systemPorts } from './ports.js';
import { openProxy } from './proxy.js';
import { publishEvents } from './publisher.js';
import { Scope } from './scope.js';
import { createView, wantedOf } from './view.js';

export interface Relay {
  readonly view: RelayView;
  readonly events$: Observable<RelayEvent>;
  /** Peers that have finished their handshake, by `host:port`. */
  readonly peers: ReadonlyMap<string, ConnectedPeer>;
  /** Hangs up on a peer. @returns false for the pool's own dashd, which is never dropped: then a `protected` event is emitted */
  drop(peer: string): boolean;
  /** Takes over what can change while blocks pass: the weights of the score, and further peers to be tried. */
  reload(config: Config): void;
  /**
   * Reads the pool's socket until it is empty, takes no more blocks, waits for pending verdicts, hangs up. Resolves when all is closed.
   * @throws what could not be closed, once everything else is
   */
  stop(): Promise<void>;
  /** Resolves when the relay has stopped. */
  readonly done: Promise<void>;
}

export type { RelayDeps } from './context.js';

/** A failed start waits this long until what it opened is closed: emptying the pool's socket takes up to 2 s, the last verdicts 3 s. */
const CLOSE_MS = 10 * SECOND_MS;

/**
 * Starts a relay. After that no fault ends it: faults are emitted as events.
 * @throws the error that a start fails with; everything that was opened, `deps.pool` included, is closed before
 */
export async function startRelay(config: Config, deps: RelayDeps): Promise<Relay> {
  const scope = new Scope();
  try {
    return await open(config, deps, scope);
  } catch (error) {
    const faults = await scope.closeWithin(CLOSE_MS, deps.scheduler ?? systemPorts.scheduler);
    throw faults.length === 0 ? error : new AggregateError([error, ...faults], String(error));
  }
}

async function open(config: Config, deps: RelayDeps, scope: Scope): Promise<Relay> {
  const context = openContext(config, deps, scope);
  const { events$, pending } = context;
  const done = new Promise<void>((resolve) => events$.subscribe({ complete: resolve }));
  const poolSocket = openPoolSocket(context, scope);
  await loadX11();
  const tip = new ChainTip();
  const recent = new RecentStore(config.broadcast.maxMemory);
  const dashd = openDashd(context, tip, scope);
  publishEvents(context, scope);
  const history = openBlockHistory(context, scope);
  const cluster = config.cluster && (await clusterOf(context, config.cluster, scope));
  const peers = openPeers({ context, dashd, tip, recent, left: cluster?.left }, scope);
  const { quorums } = peers;
  const blocks = openBlocks({ context, dashd, peers, history, tip, recent, quorums, share: cluster?.share }, scope);
  peers.run(blocks.events$);
  const locks = openLocks({ context, dashd, peers, history, recent }, scope);
  openProxy({ context, dashd, blocks }, scope);
  const lockTimes = locks.times;
  const { chainLocks$ } = openIncoming({ context, poolSocket, dashd, peers, blocks, tip, lockTimes }, scope);
  locks.run(chainLocks$);

  // All that a block needs is open. What is on disk comes last: blocks go out meanwhile, to the pool's own dashd.
  const kept = await history.read({ rpc: dashd.rpc, chainLocks$, lockTimes });
  await peers.read(blocks.events$, blocks.plan);
  cluster?.join({ peers, blocks, history: kept, tip });
  const { book, connections, isProxied, witnesses, weights, country, drop, reload } = peers;
  const view = createView({
    network: config.network,
    wanted: wantedOf(config.broadcast),
    tip,
    book,
    connections,
    isProxied,
    weights,
    country,
    ...(quorums !== undefined && { quorums: { view: () => quorums.view(), wanted: config.quorum.maxPeers } }),
    ...(witnesses !== undefined && { witnesses: witnesses.report }),
    history: kept,
    ...(config.history.anatomy && { anatomy: openAnatomy({ context, dashd, recent, tip, history: kept }, scope) }),
    spool: blocks.spool.view,
    locks,
    cluster: cluster?.view,
    clock: context.clock,
  });
  // Nothing waits for this: a block that comes before it ends is sent by code that is not compiled yet.
  pending.add(practise(context));
  const stop = async (): Promise<void> => {
    const faults = await scope.close();
    if (faults.length > 0) throw faults.length === 1 ? faults[0] : new AggregateError(faults, faults.join('; '));
  };
  return { view, events$, peers: connections.live, drop, reload, stop, done };
}

/** Loaded only where it is configured. */
async function clusterOf(context: RelayContext, config: ClusterConfig, scope: Scope): Promise<OpenCluster> {
  const { openCluster } = await import('./cluster.js');
  return await openCluster(context, config, scope);
}

async function practise({ practise, emit, clock }: RelayContext): Promise<void> {
  try {
    await practise();
  } catch (error) {
    emit(
      reportOn('pool-socket', clock)('fault', 'no-practice', fill(ZMQ_SOCKET['no-practice'], { error: String(error) })),
    );
  }
}
