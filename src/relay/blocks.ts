import { NEVER, type Observable } from 'rxjs';
import { openSpoolFolder } from '../adapters/spool-folder.js';
import type { Config } from '../config/config.js';
import type { BlockEvent } from '../contracts/events.js';
import type { PushPlan } from '../quorum/push-plan.js';
import { type BroadcastDeps, Broadcaster } from '../streams/broadcast/broadcast.js';
import { Gatekeeper } from '../streams/broadcast/gatekeeper.js';
import { PushPlanner, type PushPlannerDeps } from '../streams/broadcast/push-planner.js';
import type { RecentStore } from '../streams/broadcast/recent.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import { BYTES_PER_MBIT, UplinkMeter, uplinkReports } from '../streams/broadcast/uplink-meter.js';
import type { Quorums } from '../streams/quorum/quorums.js';
import { type KeptBlocks, keepBlocks } from '../streams/storage/kept-blocks.js';
import { NETWORKS } from '../wire/network.js';
import type { BlockHistory } from './block-history.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Peers } from './peers.js';
import type { Scope } from './scope.js';

export interface BlocksDeps {
  readonly context: RelayContext;
  readonly dashd: Pick<Dashd, 'rpc'>;
  readonly peers: Pick<Peers, 'book' | 'connections' | 'events$' | 'twins$' | 'witnesses'>;
  readonly history: Pick<BlockHistory, 'note' | 'written' | 'written$'>;
  readonly tip: ChainTip;
  readonly recent: RecentStore;
  /** Absent where there are no quorum connections. */
  readonly quorums?: Pick<Quorums, 'view' | 'view$'> | undefined;
  /** See BroadcastDeps. */
  readonly share?: BroadcastDeps['share'];
}

export interface Blocks {
  readonly gate: Gatekeeper;
  readonly broadcaster: Broadcaster;
  readonly spool: KeptBlocks;
  /** The smallest round trip that was measured to a connected peer, ms. */
  readonly roundTripOf: (peer: string) => number | undefined;
  /** Of the next push. */
  readonly plan: () => PushPlan;
  /** The events of blocks that were sent. */
  readonly events$: Observable<BlockEvent>;
}

/** The gate, the broadcast and the spool: blocks are checked, sent, kept on disk until they are delivered, and recorded. */
export function openBlocks(deps: BlocksDeps, scope: Scope): Blocks {
  const { context, dashd, peers, history, tip, recent, quorums, share } = deps;
  const { config, examine, clock, random, scheduler, nextTurn, emit } = context;
  const network = NETWORKS[config.network];
  const { fallback } = config.broadcast;
  const { enabled, dir, ...limits } = config.spool;
  const gate = new Gatekeeper(network, tip, clock, examine);
  // Ends after the broadcast and the spool: peers prove blocks while the last verdicts are awaited.
  const listening = scope.subscription();
  const spool = keepBlocks(enabled, { folder: openSpoolFolder(dir, context), ...limits, emit, clock, scheduler });
  scope.add(() => spool.close());
  // The spool is closed once the last verdicts, in the history by then, have released their blocks.
  scope.add(() => history.written());
  // A block leaves the spool once what came of it is in the history: killed in between, it would have gone from both.
  listening.add(history.written$.subscribe((event) => spool.note(event)));
  const { connections } = peers;
  const meter = new UplinkMeter(scheduler);
  scope.add(() => meter.stop());
  if (config.broadcast.uplink === undefined) listening.add(uplinkReports(meter, clock).subscribe(emit));
  const planner = new PushPlanner({
    connections,
    quorums,
    uplink: uplinkOf(config, meter),
    // The book's is from an earlier connection, or from a ping: a peer has its place before the first block is written to it.
    roundTripOf: (peer) => meter.roundTripOf(peer) ?? peers.book.get(peer)?.ping?.minMs,
    scheduler,
  });
  listening.add(planner.run());
  const broadcaster = new Broadcaster({
    network,
    connections,
    rpc: dashd.rpc,
    recent,
    tip,
    clock,
    random,
    scheduler,
    nextTurn,
    fallback,
    quorums,
    planner,
    meter,
    keep: spool.keep,
    share,
  });
  scope.add(() => broadcaster.stop());
  const { events$ } = broadcaster;
  listening.add(
    events$.subscribe((event) => {
      emit(event);
      history.note(event);
    }),
  );
  listening.add(
    peers.witnesses?.propagation$.subscribe((event) => {
      emit(event);
      history.note(event);
    }),
  );
  listening.add(
    peers.events$.subscribe((news) => {
      broadcaster.onPeer(news);
      planner.onPeer(news);
      meter.onPeer(news);
    }),
  );
  listening.add(peers.twins$.subscribe((peer) => broadcaster.discount(peer)));
  return {
    gate,
    broadcaster,
    spool,
    roundTripOf: (peer) => meter.roundTripOf(peer),
    plan: () => planner.plan,
    events$,
  };
}

/** As configured, or as measured. */
function uplinkOf({ broadcast }: Config, meter: UplinkMeter): PushPlannerDeps['uplink'] {
  return broadcast.uplink === undefined
    ? meter
    : { bytesPerSecond: broadcast.uplink * BYTES_PER_MBIT, changes$: NEVER };
}
