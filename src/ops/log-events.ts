/** One clear line for each thing the relay says of itself, at the level it deserves. */
import { BoundedMap } from '../common/bounded.js';
import type {
  BlockProof,
  BlockSource,
  BlockVerdict,
  GossipEvent,
  PeerEvent,
  PlanEvent,
  PlannedChange,
  RelayEvent,
  ServiceEvent,
  SignersReached,
} from '../contracts/events.js';
import type { BlockLocks } from '../contracts/locks.js';
import type { LogLevel } from '../contracts/log-levels.js';
import type { WitnessEvent } from '../contracts/propagation.js';
import { SERVICE_NAMES } from '../contracts/services.js';
import { EVENT_MESSAGES, EVENT_PARTS, type EventMessage } from '../messages/events.js';
import { fill, fillLine, type Values } from '../messages/fill.js';
import type { SessionFaultCode } from '../messages/peers.js';
import { levelOfService, SERVICE_LINE } from '../messages/services.js';
import { MINUTE_MS, SECOND_MS } from '../time.js';
import { LineLimit } from './line-limit.js';
import type { Logger } from './logger.js';
import { describeFinality, describePropagation, formatMs, formatSize, txidsOf } from './units.js';

type PeerLost = Extract<PeerEvent, { type: 'peer-lost' }>;

/** The same loss of the same peer within this time is reported at `debug`. */
const REPEAT_MS = 10 * MINUTE_MS;
/** A local dashd that stayed this long and goes is lost anew; one that comes and goes faster is still being lost. */
const STEADY_MS = 5 * SECOND_MS;
/** Losses remembered; the oldest give way, so that peers who come and go cannot fill memory. */
const MAX_REMEMBERED = 1_000;

/** Returns what writes an event's line. Services report each change once, so these are not filtered again. */
export function createEventLog(logger: Logger): (event: RelayEvent) => void {
  const levelOf = createLevels();
  const limit = new LineLimit();
  return (event) => {
    const level = levelOf(event);
    // winston formats what it then does not write.
    if (!logger.isLevelEnabled(level)) return;
    const flood = level === 'critical' ? undefined : floodOf(event);
    const line = () => describe(event);
    const message = flood === undefined ? line() : limit.next(flood, event.at, line);
    if (message !== undefined) logger.log({ level, message, event });
  };
}

/** Of what others can cause as often as they like, the kind. */
function floodOf(event: RelayEvent): string | undefined {
  if (event.type === 'refused') return `refused ${event.source}`;
  return event.type === 'service' && event.state === 'fault' ? `${event.service} ${event.code}` : undefined;
}

const REFUSED = { pool: 'refused', dashd: 'refused-dashd', cluster: 'refused-cluster' } as const;

/** Which message an event is. */
function messageOf(event: Exclude<RelayEvent, ServiceEvent>): EventMessage {
  switch (event.type) {
    case 'refused':
      return REFUSED[event.source];
    case 'verdict':
      return messageOfVerdict(event);
    case 'finality':
      return event.state === 'orphaned' ? 'orphaned' : 'finality';
    case 'locks':
      return messageOfLocks(event);
    case 'peer-connected':
      return event.protected ? 'dashd-connected' : 'peer-connected';
    case 'peer-lost':
      return messageOfLoss(event);
    case 'plan':
      return event.connect.length + event.disconnect.length > 0 ? 'plan' : 'plan-unchanged';
    case 'propagation':
      return event.own ? 'propagation' : 'propagation-others';
    case 'witness':
      return messageOfWitness(event);
    default:
      return event.type;
  }
}

/** A witness that is replaced for what it announced is worth a line; that one was lost is not: no block depends on it. */
function messageOfWitness({ state, code }: WitnessEvent): EventMessage {
  if (state === 'connected') return 'witness-connected';
  return WITNESS_MISCONDUCT.has(code) ? 'witness-replaced' : 'witness-lost';
}

function messageOfVerdict({ success, outcome }: BlockVerdict): EventMessage {
  if (success) return 'delivered';
  return outcome === 'rejected' ? 'rejected' : 'undelivered';
}

function messageOfLocks({ unknown, delaying }: BlockLocks): EventMessage {
  if (unknown !== undefined) return 'locks-unknown';
  return delaying > 0 ? 'locks-delaying' : 'locks-clear';
}

function messageOfLoss({ protected: isLocal, quorum: isMember, wasReady }: PeerLost): EventMessage {
  if (isMember) return wasReady ? 'member-lost' : 'member-not-reached';
  if (isLocal) return wasReady ? 'dashd-lost' : 'dashd-not-reached';
  return wasReady ? 'peer-lost' : 'peer-not-reached';
}

const WITNESS_MISCONDUCT: ReadonlySet<WitnessEvent['code']> = new Set(['unknown-blocks', 'early', 'silent', 'slow']);

/** We ended the connection; the plan says why. */
const HUNG_UP: SessionFaultCode = 'rotated-out';

/** The level of an event's line: its message's, but `debug` for a loss that was logged before, or that is our doing. */
function createLevels(): (event: RelayEvent) => LogLevel {
  const repeats = new Repeats(REPEAT_MS, MAX_REMEMBERED);
  let localSince = Number.NEGATIVE_INFINITY;

  const isRepeat = (event: PeerLost): boolean => {
    if (event.protected && event.wasReady && event.at - localSince >= STEADY_MS) repeats.forget(event.peer);
    // Once the local dashd is away, attempts may fail in several ways: that is still one loss.
    return repeats.isRepeat(event.peer, event.protected ? 'away' : event.code, event.at);
  };

  return (event) => {
    if (event.type === 'service') return levelOfService(event);
    if (event.type === 'peer-connected' && event.protected) localSince = event.at;
    if (event.type === 'peer-lost' && (isRepeat(event) || event.code === HUNG_UP)) return 'debug';
    return EVENT_MESSAGES[messageOf(event)].level;
  };
}

function describe(event: RelayEvent): string {
  if (event.type === 'service') return fillLine(SERVICE_LINE, valuesOfService(event));
  return fillLine(EVENT_MESSAGES[messageOf(event)], valuesOf(event));
}

function valuesOf(event: Exclude<RelayEvent, ServiceEvent>): Values {
  switch (event.type) {
    case 'received': {
      const { hash, height, source, size, transactions, held, note } = event;
      return {
        hash,
        height,
        source: origin(source),
        size: formatSize(size),
        transactions,
        held: held?.join(', '),
        note,
      };
    }
    case 'refused': {
      const { hash, source, size, code, reason } = event;
      const subject = hash === undefined ? 'frame' : `block ${hash}`;
      return { subject, size: formatSize(size), source: origin(source), code, reason };
    }
    case 'repeated':
      return { hash: event.hash, source: origin(event.source) };
    case 'stored':
      return { hash: event.hash };
    case 'proof':
      return { ...plain(event, ['hash', 'peer', 'status', 'reason']), times: timesOfProof(event) };
    case 'verdict':
      return valuesOfVerdict(event);
    case 'finality':
      return { hash: event.hash, height: event.height, end: describeFinality(event) };
    case 'locks':
      return {
        ...plain(event, ['hash', 'height', 'transactions', 'locked', 'delaying', 'unknown']),
        aged: event.aged || undefined,
        unchecked: event.unchecked || undefined,
        clear: event.clearAt && new Date(event.clearAt).toISOString(),
        txids: txidsOf(event),
      };
    case 'locks-relayed':
      return {
        ...plain(event, ['hash', 'height', 'kind', 'sent', 'had']),
        unproven: event.unproven || undefined,
        time: formatMs(event.afterMs),
      };
    case 'lock-forecast':
      return { ...plain(event, ['transactions', 'delaying', 'unknown']), txids: txidsOf(event) };
    case 'peer-connected':
      return plain(event, ['peer', 'userAgent', 'protocolVersion', 'height']);
    case 'peer-lost':
      return plain(event, ['peer', 'code', 'reason']);
    case 'plan':
      return valuesOfPlan(event);
    case 'gossip':
      return { peer: event.peer, facts: factsOfGossip(event) };
    case 'tip':
      return { hash: event.hash, source: event.source };
    case 'propagation':
      return { hash: event.hash, height: event.height, times: describePropagation(event) };
    case 'witness':
      return plain(event, ['peer', 'code', 'reason']);
  }
}

/** Fields that are shown as they are. */
function plain<Name extends string>(
  event: { readonly [Key in Name]?: string | number },
  names: readonly Name[],
): Values {
  return Object.fromEntries(names.map((name) => [name, event[name]]));
}

function timesOfProof({ writtenMs, acknowledgedMs, acceptedMs }: BlockProof): string | undefined {
  const times = [
    ...(writtenMs === undefined ? [] : [fill(EVENT_PARTS.written, { time: formatMs(writtenMs) })]),
    ...(acknowledgedMs === undefined ? [] : [fill(EVENT_PARTS.acknowledged, { time: formatMs(acknowledgedMs) })]),
    ...(acceptedMs === undefined ? [] : [fill(EVENT_PARTS.accepted, { time: formatMs(acceptedMs) })]),
  ];
  return times.length === 0 ? undefined : times.join(', ');
}

function valuesOfVerdict(event: BlockVerdict): Values {
  const { hash, height, outcome, rpc, peersReached, peersTried, firstMs, medianMs, lastMs, signers, reason } = event;
  const times =
    firstMs === undefined || medianMs === undefined || lastMs === undefined
      ? undefined
      : fill(EVENT_PARTS.times, {
          first: formatMs(firstMs),
          median: formatMs(medianMs),
          last: formatMs(lastMs),
        });
  const answer = rpc && fill(EVENT_PARTS.rpc, { outcome: rpc.outcome, reason: rpc.reason, time: formatMs(rpc.ms) });
  const counts = { hash, height, outcome, reached: peersReached, tried: peersTried };
  return { ...counts, times, signers: signers && partOfSigners(signers), rpc: answer, reason };
}

function partOfSigners({ reached, tried, majorityMs }: SignersReached): string {
  return fill(EVENT_PARTS.signers, {
    reached,
    tried,
    majority: majorityMs === undefined ? undefined : formatMs(majorityMs),
  });
}

function valuesOfPlan({ connect, disconnect, kept, targets, known, skipped = {} }: PlanEvent): Values {
  const why = ({ peer, reason }: PlannedChange) => fill(EVENT_PARTS.planned, { peer, reason });
  const changes = [
    ...(connect.length === 0 ? [] : [fill(EVENT_PARTS.connect, { peers: connect.map(why).join(', ') })]),
    ...(disconnect.length === 0 ? [] : [fill(EVENT_PARTS.leave, { peers: disconnect.map(why).join(', ') })]),
  ];
  const reasons = Object.entries(skipped).map(([code, count]) => `${count} ${code}`);
  return {
    targets,
    kept,
    known,
    skipped: reasons.length === 0 ? undefined : reasons.join(', '),
    changes: changes.join('; '),
  };
}

function factsOfGossip({ added, known, futureDated, refused }: GossipEvent): string {
  return [
    fill(EVENT_PARTS.added, { count: added }),
    fill(EVENT_PARTS.known, { count: known }),
    ...(futureDated === 0 ? [] : [fill(EVENT_PARTS['future-dated'], { count: futureDated })]),
    ...Object.entries(refused).map(([reason, count]) => fill(EVENT_PARTS.refused, { count, reason })),
  ].join(', ');
}

function valuesOfService({ service, state, code, detail }: ServiceEvent): Values {
  return { service: SERVICE_NAMES[service], state, code: code === '' || code === state ? undefined : code, detail };
}

function origin(source: BlockSource): string {
  if (source === 'dashd') return source;
  return EVENT_PARTS[source === 'pool' ? 'the-pool' : 'the-cluster'];
}

/** What has been reported lately, per peer and code. Bounded, oldest out. */
class Repeats {
  private readonly reported: BoundedMap<string, Map<string, number>>;

  constructor(
    private readonly spanMs: number,
    capacity: number,
  ) {
    this.reported = new BoundedMap(capacity);
  }

  isRepeat(peer: string, code: string, at: number): boolean {
    const codes = this.reported.get(peer) ?? new Map<string, number>();
    const last = codes.get(code);
    // Of a clock that was set back, too: what was reported then would not be reported again for hours.
    if (last !== undefined && Math.abs(at - last) < this.spanMs) return true;
    codes.set(code, at);
    this.reported.renew(peer, codes);
    return false;
  }

  forget(peer: string): void {
    this.reported.delete(peer);
  }
}
