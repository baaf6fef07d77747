/** Gauges of the relay's state and of the process, read at each scrape. */
import { Counter, type Registry } from 'prom-client';
import type { Kpis, RelayView } from '../../contracts/view.js';
import { type Clock, HOUR_MS, SECOND_MS } from '../../time.js';
import { clusterMetrics } from './cluster.js';
import { combinations, type Instruments } from './instruments.js';
import { FINALITY_STATES } from './labels.js';
import { forecastMetrics, ignoredLockMetrics, witnessMetrics } from './propagation.js';

const DAY_MS = 24 * HOUR_MS;

/** Zero until the relay's view is attached. */
export function viewMetrics({ counter, gauge }: Instruments, clock: Clock): (view: RelayView) => void {
  const states = ['connected', 'connecting'] as const;
  const peers = gauge(
    'blockcast_peers',
    "Peers by state, including the pool's own dashd.",
    ['state'],
    combinations({ state: states }),
  );
  const known = gauge('blockcast_peers_known', 'Peers in the peer book.', [], [{}]);
  const wanted = gauge(
    'blockcast_peers_wanted',
    'Wanted number of peers, minimum and maximum.',
    ['bound'],
    combinations({ bound: ['min', 'max'] }),
  );
  const dashd = gauge('blockcast_dashd_connected', "1 while the pool's own dashd is a connected peer.", [], [{}]);
  const highBandwidth = gauge(
    'blockcast_peers_high_bandwidth',
    'Connected peers that asked for new blocks in compact form at once (BIP 152).',
    [],
    [{}],
  );
  const tor = gauge('blockcast_peers_tor', 'Connected peers that are reached through Tor.', [], [{}]);
  const quorums = quorumMetrics({ gauge });
  const tip = chainMetrics({ gauge }, clock);
  const history = historyMetrics({ gauge }, clock);
  const spool = spoolMetrics({ gauge });
  const witnesses = witnessMetrics({ gauge });
  const forecast = forecastMetrics({ gauge });
  const ignoredLocks = ignoredLockMetrics({ counter });
  const cluster = clusterMetrics({ gauge });

  return (view) => {
    const counts = view.counts();
    for (const state of states) peers.set({ state }, counts[state]);
    known.set({}, view.known());
    wanted.set({ bound: 'min' }, view.wanted.min);
    wanted.set({ bound: 'max' }, view.wanted.max);
    dashd.set({}, counts.dashd ? 1 : 0);
    highBandwidth.set({}, counts.highBandwidth);
    tor.set({}, counts.tor);
    quorums(view);
    tip(view);
    history(view);
    spool(view);
    witnesses(view);
    forecast(view);
    ignoredLocks(view);
    cluster(view);
  };
}

/** Zero where `quorum.maxPeers` is 0, and until dashd has reported the quorums. */
function quorumMetrics({ gauge }: Pick<Instruments, 'gauge'>): (view: RelayView) => void {
  const active = gauge('blockcast_quorums', 'Active ChainLock quorums.', [], [{}]);
  const members = gauge(
    'blockcast_quorum_members',
    'Masternodes in the active ChainLock quorums, each once.',
    ['state'],
    combinations({ state: ['all', 'connected'] }),
  );
  const signers = gauge(
    'blockcast_quorum_signers',
    "Members of the quorum that signs the next block's ChainLock.",
    ['state'],
    combinations({ state: ['all', 'connected', 'high-bandwidth'] }),
  );
  return (view) => {
    const report = view.quorums?.();
    const signing = report?.quorums.find((quorum) => quorum.signing);
    active.set({}, report?.quorums.length ?? 0);
    members.set({ state: 'all' }, report?.members ?? 0);
    members.set({ state: 'connected' }, report?.connected ?? 0);
    signers.set({ state: 'all' }, signing?.members ?? 0);
    signers.set({ state: 'connected' }, signing?.connected ?? 0);
    signers.set({ state: 'high-bandwidth' }, signing?.highBandwidth ?? 0);
  };
}

/** Absent where `spool.enabled` is false. */
function spoolMetrics({ gauge }: Pick<Instruments, 'gauge'>): (view: RelayView) => void {
  const blocks = gauge('blockcast_spool_blocks', 'Blocks in the spool: on disk until they are delivered.', []);
  const bytes = gauge('blockcast_spool_bytes', 'Bytes of the blocks in the spool.', []);
  const synced = gauge(
    'blockcast_spool_sync_timestamp_seconds',
    'When blocks were last synced to disk, Unix time.',
    [],
  );
  return (view) => {
    const spool = view.spool?.();
    blocks.set({}, spool?.blocks);
    bytes.set({}, spool?.bytes);
    synced.set({}, seconds(spool?.syncedAt));
  };
}

/** Not every new tip has an event of its own, since an arriving block can be the tip. So the tip is compared at each scrape. */
function chainMetrics({ gauge }: Pick<Instruments, 'gauge'>, clock: Clock): (view: RelayView) => void {
  const height = gauge('blockcast_tip_height', "Height of dashd's chain, once it is known.", []);
  const since = gauge('blockcast_tip_timestamp_seconds', 'When the tip was first seen, Unix time.', []);
  let seen: string | undefined;
  return (view) => {
    const tip = view.tip();
    height.set({}, tip?.height);
    if (tip === undefined || tip.hash === seen) return;
    seen = tip.hash;
    since.set({}, clock.now() / SECOND_MS);
  };
}

/** The KPIs are those of the API and the dashboard. They come from the history file, so that they survive a restart, unlike counters. */
function historyMetrics({ gauge }: Pick<Instruments, 'gauge'>, clock: Clock): (view: RelayView) => void {
  const size = gauge('blockcast_history_blocks', 'Blocks of the pool in the history.', [], [{}]);
  const finality = gauge(
    'blockcast_history_finality_blocks',
    'Blocks of the pool in the history, by finality.',
    ['state'],
    combinations({ state: FINALITY_STATES }),
  );
  const over = (name: string, help: string) =>
    gauge(name, `${help} Over the whole history, and over the last day.`, ['window']);
  const blocks = over('blockcast_kpi_blocks', 'Blocks of the pool.');
  const ratesOf: readonly [ReturnType<typeof over>, (kpis: Kpis) => number | undefined][] = [
    [
      over('blockcast_kpi_success_ratio', 'Share of successful blocks among those with a verdict.'),
      (k) => k.successRate,
    ],
    [
      over('blockcast_kpi_peer_availability_ratio', 'Share of peers reached among those to which blocks were sent.'),
      (k) => k.peerAvailability,
    ],
    [over('blockcast_kpi_orphan_ratio', 'Share of orphaned blocks among those that are final.'), (k) => k.orphanRate],
    [
      over('blockcast_kpi_broadcast_seconds', 'Time to the median proof, mean over blocks.'),
      (k) => seconds(k.averageBroadcastMs),
    ],
    [
      over('blockcast_kpi_propagation_seconds', 'Time until 9 of 10 peers had proven the block, mean over blocks.'),
      (k) => seconds(k.propagationMs),
    ],
    [
      over('blockcast_kpi_witness_seconds', 'Time until half of the witnesses had a block, mean over blocks.'),
      (k) => seconds(k.networkPropagationMs),
    ],
    [
      over('blockcast_kpi_chainlock_seconds', 'Time to the ChainLock that dashd announced, mean over blocks.'),
      (k) => seconds(k.chainLockMs),
    ],
    [
      over('blockcast_kpi_delayed_ratio', 'Share of blocks with a transaction that delays the ChainLock.'),
      (k) => k.delayedRate,
    ],
  ];

  return ({ history }) => {
    const all = history.kpis();
    size.set({}, history.size);
    for (const state of FINALITY_STATES) finality.set({ state }, all.finality[state]);
    for (const [window, kpis] of [
      ['all', all],
      ['day', history.kpis(clock.now() - DAY_MS)],
    ] as const) {
      blocks.set({ window }, kpis.blocks);
      for (const [level, read] of ratesOf) level.set({ window }, read(kpis));
    }
  };
}

/** A few metrics of the process. prom-client's default metrics are not used, since promtool rejects some of their names. */
export function processMetrics(registry: Registry, { gauge }: Instruments, lostLines: () => number): () => void {
  const cpu = new Counter({
    name: 'blockcast_process_cpu_seconds_total',
    help: 'Processor time used, user and system.',
    registers: [registry],
  });
  const resident = gauge('blockcast_process_resident_memory_bytes', 'Resident memory of the process.', []);
  const heap = gauge('blockcast_process_heap_used_bytes', 'JavaScript heap in use.', []);
  const lost = new Counter({
    name: 'blockcast_log_lines_lost_total',
    help: 'Log lines that could not be written, or that nobody read.',
    registers: [registry],
  });
  return () => {
    lost.reset();
    lost.inc(lostLines());
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    cpu.reset();
    cpu.inc((user + system) / 1e6);
    resident.set({}, rss);
    heap.set({}, heapUsed);
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / SECOND_MS;
}
