/**
 * What there is to be woken for: one table, from which the engine takes its times, the messages their words, docs/alerts.md its
 * list and docs/operations.md its headings. Prometheus rules about the same thing have the same name, in capitals:
 * `dashd-lost` is `BlockcastDashdLost`.
 *
 * Starting and stopping are no alerts: nobody has to act on them, and a relay that was killed could not tell. Who wants to know
 * that it is gone asks from outside (`/healthz`, Prometheus' `up`).
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.js';

/** `critical`: blocks are lost, or would be, until somebody acts. `warning`: it can wait for the morning, but not for the week. */
export type Severity = 'critical' | 'warning';

export interface Condition {
  readonly severity: Severity;
  /** About one block of the pool's: it is told of each, never repeated, and not starved by anything that is not about blocks. */
  readonly aboutBlock?: true;
  readonly title: string;
  /** How it comes about, in words. */
  readonly raised: string;
  /** How it ends, in words. */
  readonly recovers: string;
  /** What to do, in one sentence. */
  readonly remedy: string;
  /** It must have stood this long before it is told, milliseconds. */
  readonly graceMs: number;
  /** It must be well this long before that is told; longer when it comes and goes. Milliseconds. */
  readonly settleMs: number;
  /** Ids. While one of these holds, this one says nothing new and is kept back. */
  readonly impliedBy?: readonly string[];
}

/**
 * Three of the longest pauses between two attempts to reach the local dashd (5 s, as between two questions over RPC): a dashd that is
 * restarted within a few seconds is back by then, and one that is not has been looked for several times. Nobody could have acted sooner.
 */
const DASHD_GRACE_MS = 15 * SECOND_MS;
/** A process that is replaced holds its ports for a moment. */
const BIND_GRACE_MS = 5 * SECOND_MS;
/** A verdict falls after 3 s and is amended by answers that come late: dashd's within 15 s, or never. */
const VERDICT_GRACE_MS = 15 * SECOND_MS;
/** What was away and is back for a minute has come to stay. */
const SETTLE_MS = MINUTE_MS;

/** One is enough: finds are rare, and if the frame was one, it is lost. However many follow, it is one alert. */
export const REFUSED_MANY = 1;
export const REFUSED_WINDOW_MS = HOUR_MS;
/** Gaps in dashd's feed within {@link GAPS_WINDOW_MS} that are no accident any more. */
export const GAPS_MANY = 3;
export const GAPS_WINDOW_MS = 15 * MINUTE_MS;
/** Different peers that fail within {@link FAILING_WINDOW_MS}, when they are half of all: not they are ill, we are. */
export const FAILING_MANY = 5;
export const FAILING_WINDOW_MS = 5 * MINUTE_MS;

/** The graver first, and each behind those that imply it. */
export const CONDITIONS = {
  'block-rejected': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block rejected',
    raised: 'dashd refused a block of the pool as invalid, and no peer has it in its chain 15 s later',
    recovers: 'a peer takes the block after all',
    remedy:
      "Read dashd's reason in the message and in its debug.log, and stop the pool from mining on what dashd refuses.",
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-failed': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block reached nobody',
    raised: 'neither dashd nor any peer is known to have a block of the pool 15 s after its verdict',
    recovers: 'a peer or dashd proves that it has the block after all',
    remedy: 'Hand the block to any node at once with submitblock, then look why dashd and the peers were out of reach.',
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-local-only': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block reached the local dashd only',
    raised: 'no peer has a block of the pool 15 s after its verdict, and broadcast.fallback is off',
    recovers: 'a peer proves that it has the block after all',
    remedy: 'Check that dashd has peers of its own which can spread the block, then why blockcast has none.',
    graceMs: VERDICT_GRACE_MS,
    settleMs: 0,
  },
  'block-orphaned': {
    severity: 'critical',
    aboutBlock: true,
    title: 'Block orphaned',
    raised: 'another block at the height of a block of the pool became final; told once for each block',
    recovers: 'the chain returns to the block',
    remedy: "Look at the block's race on the dashboard: was it late at the peers, or was the other one simply first?",
    graceMs: 0,
    settleMs: 0,
  },
  'dashd-wrong-network': {
    severity: 'critical',
    title: 'dashd is on another network',
    raised: "dashd's chain is not that of the setting network (or devnet.name), for 15 s",
    recovers: 'dashd answers from the right chain',
    remedy: 'Set network (and devnet.name) as dashd has it, or point dashd.rpc.url at the right dashd.',
    graceMs: DASHD_GRACE_MS,
    settleMs: 0,
  },
  'dashd-lost': {
    severity: 'critical',
    title: 'Local dashd lost',
    raised:
      "the P2P connection to the pool's own dashd is gone for 15 s, or was not made within 15 s of the first failure; not while dashd loads its block index",
    recovers: 'it is connected again, and stays so for a minute',
    remedy: 'See whether dashd runs and listens on its P2P port, and start it; blockcast reconnects by itself.',
    graceMs: DASHD_GRACE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-wrong-network'],
  },
  'rpc-down': {
    severity: 'critical',
    title: 'No answer from dashd over RPC',
    raised: 'dashd does not answer over RPC, or refuses our credentials, for 15 s; not while it loads its block index',
    recovers: 'it answers again, and does so for a minute',
    remedy: 'See whether dashd runs, and whether the dashd.rpc settings or its cookie file are still right.',
    graceMs: DASHD_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'dashd-catching-up': {
    severity: 'warning',
    title: 'dashd is not synchronised',
    raised: 'dashd has been loading its block index, or catching up with the chain, for 30 min',
    recovers: 'dashd has caught up',
    remedy: "Wait while the height in the log grows; otherwise see dashd's debug.log and whether it has peers.",
    graceMs: 30 * MINUTE_MS,
    settleMs: 0,
    impliedBy: ['rpc-down'],
  },
  'pool-socket-down': {
    severity: 'critical',
    title: 'Pool socket down',
    raised: 'blockcast cannot listen where the pool pushes its blocks, for 5 s',
    recovers: 'it listens again, and does so for a minute',
    remedy: 'See which process holds the address of pool.bind, and end one of the two.',
    graceMs: BIND_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'proxy-down': {
    severity: 'critical',
    title: 'JSON-RPC proxy down',
    raised: 'blockcast cannot listen where the pool expects JSON-RPC, for 5 s',
    recovers: 'it listens again, and does so for a minute',
    remedy: "See which process holds the proxy's port; until it is free, point the pool at dashd itself.",
    graceMs: BIND_GRACE_MS,
    settleMs: SETTLE_MS,
  },
  'no-peers': {
    severity: 'critical',
    title: 'No peers at all',
    raised: "not one peer but the pool's own dashd is connected, for a minute",
    recovers: 'a peer is connected, and one remains so for a minute',
    remedy:
      'See whether this machine reaches the network (firewall, DNS, route); blocks go to the local dashd alone until then.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
  },
  'peers-below-min': {
    severity: 'warning',
    title: 'Too few peers',
    raised: 'fewer peers are connected than broadcast.minPeers, for a minute: what a refresh did not mend',
    recovers: 'there are enough, and remain so for a minute',
    remedy: 'See in the log why peers are lost or not reached, and add reliable ones to the setting peers.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['no-peers'],
  },
  'peer-failures': {
    severity: 'warning',
    title: 'Many peers failing',
    raised:
      'within 5 min at least 5 different peers were lost or failed to take a block, and they are half of all or more',
    recovers: 'it is fewer than that for 2 min',
    remedy:
      "Look for what they have in common: this machine's network first, then blockcast's version against the network's.",
    graceMs: 0,
    settleMs: 2 * MINUTE_MS,
    impliedBy: ['no-peers'],
  },
  'feed-down': {
    severity: 'warning',
    title: "dashd's feed is gone",
    raised: "the ZeroMQ connection to dashd's feed is gone for a minute, while dashd itself is not told as lost",
    recovers: 'it is connected again, and stays so for a minute',
    remedy:
      "Compare dashd's zmqpubrawblock and zmqpubhashblock with dashd.zmq.url; until then the tip is known over RPC, seconds late.",
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-lost', 'rpc-down'],
  },
  'feed-silent': {
    severity: 'warning',
    title: "dashd's feed is silent",
    raised: 'the feed did not show a block that others had, and none since it was subscribed anew 5 min ago',
    recovers: 'the feed shows a block, and is not found silent again within a minute',
    remedy:
      'Restart dashd if its other ZeroMQ subscribers are silent too; otherwise look at what stands between it and blockcast.',
    graceMs: 5 * MINUTE_MS,
    settleMs: SETTLE_MS,
    impliedBy: ['dashd-lost', 'rpc-down', 'feed-down'],
  },
  'feed-gaps': {
    severity: 'warning',
    title: "dashd's feed has gaps",
    raised: 'the feed skipped messages 3 times within 15 min',
    recovers: 'it is fewer than that, for a minute',
    remedy: "Raise dashd's zmqpubrawblockhwm and zmqpubhashblockhwm, and see whether this machine is overloaded.",
    graceMs: 0,
    settleMs: SETTLE_MS,
  },
  'block-refused': {
    severity: 'critical',
    title: 'What the pool pushes is refused',
    raised: 'a frame from the pool was no block, or had no proof of work',
    recovers: 'there was none for an hour',
    remedy: "Compare the pool's network and coin with blockcast's, and see that it pushes found blocks, not shares.",
    graceMs: 0,
    settleMs: SETTLE_MS,
  },
  'history-not-written': {
    severity: 'warning',
    title: 'Block history is not written',
    raised: 'the file of the block history could not be written for a minute',
    recovers: 'it is written again, and goes on for a minute',
    remedy: 'See whether the disk is full, and whether blockcast may write history.file.',
    graceMs: MINUTE_MS,
    settleMs: SETTLE_MS,
  },
  'spool-not-written': {
    severity: 'critical',
    title: 'Found blocks are not on disk',
    raised: 'the spool could not be written for 5 s: a block would not survive a crash',
    recovers: 'it is written again, and goes on for a minute',
    remedy: 'See whether the disk is full, and whether blockcast may write spool.dir.',
    graceMs: 5 * SECOND_MS,
    settleMs: SETTLE_MS,
  },
  'peers-not-saved': {
    severity: 'warning',
    title: 'Peer book is not saved',
    raised: 'the peer file could not be saved for 6 min: at least two attempts',
    recovers: 'it is saved again, and is so a minute later',
    remedy:
      'See whether the disk is full, whether blockcast may write broadcast.peerDb, and whether a second blockcast uses it.',
    graceMs: 6 * MINUTE_MS,
    settleMs: SETTLE_MS,
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type AlertId = keyof typeof CONDITIONS;

export const ALERT_IDS = Object.keys(CONDITIONS) as readonly AlertId[];

/** As wide as its type allows, for whoever goes through the table. */
export function conditionOf(id: AlertId): Condition {
  return CONDITIONS[id];
}

/** Where more is said of it: the chapter that the Prometheus rule of the same name leads to as well. */
export function chapterOf(id: AlertId): string {
  return `docs/operations.md#blockcast-${id}`;
}
