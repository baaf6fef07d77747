/**
 * The table of alert conditions: times for the engine, texts for the messages, rows of docs/alerts.md and headings of docs/operations.md. The
 * Prometheus rule for the same condition has the same name in camel case: `dashd-lost` is `BlockcastDashdLost`.
 *
 * Starting and stopping raise no alert: nobody has to act on them, and a killed relay could not send one. Monitor the process from
 * outside (`/healthz`, Prometheus's `up`).
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.js';

/** `critical`: blocks are lost or at risk until somebody acts. `warning`: can wait until the morning. */
export type Severity = 'critical' | 'warning';

export interface Condition {
  readonly severity: Severity;
  /** About one block of the pool: sent for each block, never repeated, with a rate limit of its own. */
  readonly aboutBlock?: true;
  readonly title: string;
  /** When it is raised, in words. */
  readonly raised: string;
  /** When it is resolved, in words. */
  readonly recovers: string;
  /** What to do, in one sentence. */
  readonly remedy: string;
  /** How long the condition must hold before the alert fires, milliseconds. */
  readonly graceMs: number;
  /** How long the condition must be over before the alert is resolved, milliseconds; longer when it flaps. */
  readonly settleMs: number;
  /** Ids of conditions that imply this one: while one of them is active, this alert does not fire. */
  readonly impliedBy?: readonly string[];
}

/**
 * Three times the longest interval between two attempts to reach the local dashd (5 s over P2P and over RPC). A dashd that restarts within a
 * few seconds raises no alert.
 */
const DASHD_GRACE_MS = 15 * SECOND_MS;
/** A process that is replaced holds its ports for a moment. */
const BIND_GRACE_MS = 5 * SECOND_MS;
/** A verdict comes after 3 s and is amended by late answers; dashd answers within 15 s or not at all. */
const VERDICT_GRACE_MS = 15 * SECOND_MS;
/** A condition that is over for a minute counts as resolved. */
const SETTLE_MS = MINUTE_MS;

/** One is enough: blocks are rare, and the refused frame may have been one. All within an hour are one alert. */
export const REFUSED_MANY = 1;
export const REFUSED_WINDOW_MS = HOUR_MS;
/** Gaps in dashd's feed within {@link GAPS_WINDOW_MS} that raise the alert. */
export const GAPS_MANY = 3;
export const GAPS_WINDOW_MS = 15 * MINUTE_MS;
/** Different peers that fail within {@link FAILING_WINDOW_MS}. When they are half of all, the cause is probably local. */
export const FAILING_MANY = 5;
export const FAILING_WINDOW_MS = 5 * MINUTE_MS;

/** The most severe first; each after the conditions that imply it. */
export const CONDITIONS = {
  'block-rejected': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block rejected',
    raised: 'dashd rejected a block of the pool as invalid, and no peer has it in its chain 15 s later',
    recovers: 'a peer accepts the block later',
    remedy:
      "Read dashd's reason in the message and in its debug.log, and stop the pool from mining on what dashd rejects.",
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-failed': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block reached no node',
    raised: 'neither dashd nor any peer is proven to have a block of the pool 15 s after its verdict',
    recovers: 'a peer or dashd proves later that it has the block',
    remedy:
      'Submit the block to any node at once with submitblock, then find out why dashd and the peers were unreachable.',
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-local-only': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block reached the local dashd only',
    raised: 'no peer has a block of the pool 15 s after its verdict, and broadcast.fallback is off',
    recovers: 'a peer proves later that it has the block',
    remedy: 'Check that dashd has peers that can relay the block, then find out why blockcast has none.',
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-orphaned': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block orphaned',
    raised: 'another block at the height of a block of the pool became final; sent once for each block',
    recovers: 'the chain returns to the block',
    remedy: 'Check on the dashboard whether the block reached the peers late, or whether the other block was first.',
    graceMs: 0,
    settleMs: 0,
  },
  'dashd-wrong-network': {
    severity: 'critical',
    title: 'dashd is on another network',
    raised: "dashd's chain does not match the setting network (or devnet.name) for 15 s",
    recovers: 'dashd answers with the right chain',
    remedy: "Set network (and devnet.name) to dashd's, or dashd.rpc.url to the right dashd.",
    graceMs: DASHD_GRACE_MS,
    settleMs: 0,
  },
  'dashd-lost': {
    severity: 'critical',
    title: 'Local dashd lost',
    raised:
      "the P2P connection to the pool's own dashd is lost for 15 s, or was not established within 15 s of the first failure; not while dashd loads its block index",
    recovers: 'it is connected again for a minute',
    remedy: 'Check that dashd runs and listens on its P2P port; blockcast reconnects automatically.',
    graceMs: DASHD_GRACE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-wrong-network'],
  },
  'rpc-down': {
    severity: 'critical',
    title: 'No answer from dashd over RPC',
    raised: 'dashd does not answer over RPC, or rejects the credentials, for 15 s; not while it loads its block index',
    recovers: 'it answers again for a minute',
    remedy: 'Check that dashd runs, and that the dashd.rpc settings or its cookie file are right.',
    graceMs: DASHD_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'dashd-catching-up': {
    severity: 'warning',
    title: 'dashd is not synchronised',
    raised: 'dashd has been loading its block index, or synchronising with the chain, for 30 min',
    recovers: 'dashd is synchronised',
    remedy: "Wait while the height in the log grows; otherwise check dashd's debug.log and whether it has peers.",
    graceMs: 30 * MINUTE_MS,
    settleMs: 0,
    impliedBy: ['rpc-down'],
  },
  'pool-socket-down': {
    severity: 'critical',
    title: 'Pool socket down',
    raised: 'blockcast cannot listen on the pool socket for 5 s',
    recovers: 'it listens again for a minute',
    remedy: 'Find the process that uses the address of pool.bind, and stop one of the two.',
    graceMs: BIND_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'proxy-down': {
    severity: 'critical',
    title: 'JSON-RPC proxy down',
    raised: 'blockcast cannot listen on the port of the JSON-RPC proxy for 5 s',
    recovers: 'it listens again for a minute',
    remedy: "Find the process that uses the proxy's port; until it is free, connect the pool to dashd directly.",
    graceMs: BIND_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'no-peers': {
    severity: 'critical',
    title: 'No peers',
    raised: "no peer except the pool's own dashd is connected for a minute",
    recovers: 'a peer is connected for a minute',
    remedy:
      'Check that this machine reaches the network (firewall, DNS, route); until then blocks go to the local dashd only.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
  },
  'peers-below-min': {
    severity: 'warning',
    title: 'Too few peers',
    raised: 'fewer peers than broadcast.minPeers are connected for a minute, in spite of a refresh',
    recovers: 'enough peers are connected for a minute',
    remedy: 'Check in the log why peers are lost or unreachable, and add reliable ones to the setting peers.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['no-peers'],
  },
  'peer-failures': {
    severity: 'warning',
    title: 'Many peers failing',
    raised: 'within 5 min at least 5 different peers, and at least half of all, were lost or failed to accept a block',
    recovers: 'fewer peers fail for 2 min',
    remedy: "Look for a common cause: first the network of this machine, then whether blockcast's version is outdated.",
    graceMs: 0,
    settleMs: 2 * MINUTE_MS,
    impliedBy: ['no-peers'],
  },
  'feed-down': {
    severity: 'warning',
    title: "dashd's feed is down",
    raised: "the ZeroMQ connection to dashd's feed is down for a minute, without an alert that dashd itself is lost",
    recovers: 'it is connected again for a minute',
    remedy:
      "Compare dashd's zmqpubrawblock and zmqpubhashblock with dashd.zmq.url; until then the tip is read over RPC, seconds late.",
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-lost', 'rpc-down'],
  },
  'feed-silent': {
    severity: 'warning',
    title: "dashd's feed is silent",
    raised: 'the feed missed a block that peers had, and has delivered none since blockcast subscribed again 5 min ago',
    recovers: 'the feed delivers a block, and is not silent again within a minute',
    remedy:
      'Restart dashd if its other ZeroMQ subscribers get nothing, either; otherwise check the network between it and blockcast.',
    graceMs: 5 * MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-lost', 'rpc-down', 'feed-down'],
  },
  'feed-gaps': {
    severity: 'warning',
    title: "dashd's feed has gaps",
    raised: 'the feed skipped messages 3 times within 15 min',
    recovers: 'fewer gaps for a minute',
    remedy: "Raise dashd's zmqpubrawblockhwm and zmqpubhashblockhwm, and check whether this machine is overloaded.",
    graceMs: 0,
    settleMs: SETTLE_MS,
  },
  'block-refused': {
    severity: 'critical',
    title: 'Frames from the pool are refused',
    raised: 'a frame from the pool was not a block, or had no proof of work',
    recovers: 'no such frame for an hour',
    remedy: "Check that the pool uses blockcast's network and coin, and that it pushes found blocks, not shares.",
    graceMs: 0,
    settleMs: SETTLE_MS,
  },
  'history-not-written': {
    severity: 'warning',
    title: 'Block history cannot be written',
    raised: 'the file of the block history cannot be written for a minute',
    recovers: 'it is written again for a minute',
    remedy: 'Check the free disk space, and that blockcast may write history.file.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
  },
  'spool-not-written': {
    severity: 'critical',
    title: 'Found blocks are not stored on disk',
    raised: 'the spool cannot be written for 5 s: a block would not survive a crash',
    recovers: 'it is written again for a minute',
    remedy: 'Check the free disk space, and that blockcast may write spool.dir.',
    graceMs: 5 * SECOND_MS,
    settleMs: SETTLE_MS,
  },
  'peers-not-saved': {
    severity: 'warning',
    title: 'Peer book cannot be saved',
    raised: 'the peer file cannot be saved for 6 min, in at least two attempts',
    recovers: 'it is saved again for a minute',
    remedy:
      'Check the free disk space, that blockcast may write broadcast.peerDb, and that no second blockcast uses it.',
    graceMs: 6 * MINUTE_MS,
    settleMs: SETTLE_MS,
  },
  'cluster-alone': {
    severity: 'warning',
    title: 'The other relays are out of reach',
    raised: 'no server of cluster.servers answers for 2 min',
    recovers: 'one answers again for a minute',
    remedy:
      'Check that the NATS servers run, and the network, the certificates and the password between them and blockcast.',
    graceMs: 2 * MINUTE_MS,
    settleMs: SETTLE_MS,
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type AlertId = keyof typeof CONDITIONS;

export const ALERT_IDS = Object.keys(CONDITIONS) as readonly AlertId[];

/** The condition, with the optional fields in its type. */
export function conditionOf(id: AlertId): Condition {
  return CONDITIONS[id];
}

/** The chapter about it, to which the Prometheus rule of the same name also links. */
export function chapterOf(id: AlertId): string {
  return `docs/operations.md#blockcast-${id}`;
}
