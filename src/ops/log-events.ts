/** One clear line for each thing the relay says of itself, at the level it deserves. */
import { BoundedMap } from '../common/bounded.js';
import type { LogLevel } from '../config/config.js';
import type {
  BlockProof,
  BlockReceived,
  BlockRefused,
  BlockVerdict,
  GossipEvent,
  PeerEvent,
  PlanEvent,
  PlannedChange,
  RelayEvent,
  ServiceEvent,
} from '../contracts/events.js';
import { SERVICE_NAMES } from '../contracts/services.js';
import { MINUTE_MS, SECOND_MS } from '../time.js';
import { LineLimit } from './line-limit.js';
import type { Logger } from './logger.js';
import { describeFinality, formatMs, formatSize } from './units.js';

type PeerConnected = Extract<PeerEvent, { type: 'peer-connected' }>;
type PeerLost = Extract<PeerEvent, { type: 'peer-lost' }>;

/** The same loss of the same peer within this time is told at `debug`. */
const REPEAT_MS = 10 * MINUTE_MS;
/** A local dashd that stayed this long and goes is lost anew; one that comes and goes faster is still being lost. */
const STEADY_MS = 5 * SECOND_MS;
/** Losses remembered; the oldest give way, so that peers who come and go cannot fill memory. */
const MAX_REMEMBERED = 1_000;

/** Returns what writes an event's line. What services tell of a change is told once already, and not filtered again. */
export function createEventLog(logger: Logger): (event: RelayEvent) => void {
  const gravity = createGravity();
  const limit = new LineLimit();
  return (event) => {
    const level = gravity(event);
    // winston formats what it then does not write.
    if (!logger.isLevelEnabled(level)) return;
    const flood = level === 'critical' ? undefined : floodOf(event);
    const behind = flood === undefined ? '' : limit.next(flood, event.at);
    if (behind !== undefined) logger.log({ level, message: `${describe(event)}${behind}`, event });
  };
}

/** Of what others can cause as often as they like, the kind. */
function floodOf(event: RelayEvent): string | undefined {
  if (event.type === 'refused') return `refused ${event.source}`;
  return event.type === 'service' && event.state === 'fault' ? `${event.service} ${event.code}` : undefined;
}

/** How grave an event is; for a lost peer that depends on what was told before. */
function createGravity(): (event: RelayEvent) => LogLevel {
  const repeats = new Repeats(REPEAT_MS, MAX_REMEMBERED);
  let localSince = Number.NEGATIVE_INFINITY;

  const ofLoss = (event: PeerLost): LogLevel => {
    if (event.protected && event.wasReady && event.at - localSince >= STEADY_MS) repeats.forget(event.peer);
    // Once the local dashd is away, attempts may fail in several ways: that is still one loss.
    const code = event.protected ? 'away' : event.code;
    if (repeats.isRepeat(event.peer, code, event.at)) return 'debug';
    if (event.protected) return 'critical';
    return event.wasReady ? 'warn' : 'info';
  };

  const ofArrival = (event: PeerConnected): LogLevel => {
    if (event.protected) localSince = event.at;
    return event.protected ? 'info' : 'debug';
  };

  return (event) => {
    switch (event.type) {
      case 'verdict':
        return event.success ? 'info' : 'error';
      case 'finality':
        return event.state === 'orphaned' ? 'error' : 'info';
      case 'service':
        return ofService(event);
      case 'peer-connected':
        return ofArrival(event);
      case 'peer-lost':
        return ofLoss(event);
      case 'plan':
        return event.connect.length + event.disconnect.length > 0 ? 'info' : 'debug';
      default:
        return PLAIN_LEVELS[event.type];
    }
  };
}

function ofService({ state, code }: ServiceEvent): LogLevel {
  if (code === 'wrong-network') return 'critical';
  return state === 'up' ? 'info' : 'warn';
}

/** Of events that are always as grave as each other. */
const PLAIN_LEVELS = {
  received: 'info',
  refused: 'warn',
  repeated: 'debug',
  stored: 'debug',
  proof: 'debug',
  gossip: 'debug',
  tip: 'debug',
} as const satisfies Partial<Record<RelayEvent['type'], LogLevel>>;

function describe(event: RelayEvent): string {
  switch (event.type) {
    case 'received':
      return received(event);
    case 'refused':
      return refused(event);
    case 'repeated':
      return `block ${event.hash} came again from ${origin(event.source)}`;
    case 'stored':
      return `block ${event.hash} is stored: it survives a loss of power`;
    case 'proof':
      return proof(event);
    case 'verdict':
      return verdict(event);
    case 'finality':
      return `block ${event.hash}${atHeight(event.height)} ${describeFinality(event)}`;
    case 'peer-connected':
      return connected(event);
    case 'peer-lost':
      return lost(event);
    case 'service':
      return service(event);
    case 'plan':
      return plan(event);
    case 'gossip':
      return gossip(event);
    case 'tip':
      return `tip is ${event.hash} (${event.source})`;
  }
}

function received({ hash, source, size, transactions, height, held, note }: BlockReceived): string {
  const facts = [formatSize(size), ...(transactions === undefined ? [] : [`${transactions} transactions`])];
  const waiting = held === undefined ? '' : `; peers wait for dashd's answer: ${held.join(', ')}`;
  const mend = note === undefined ? '' : `; ${note}`;
  return `block ${hash}${atHeight(height)} from ${origin(source)}: ${facts.join(', ')}${waiting}${mend}`;
}

function refused({ hash, source, size, code, reason }: BlockRefused): string {
  return `refused ${hash === undefined ? 'a frame' : `block ${hash}`} of ${formatSize(size)} from ${origin(source)}: ${code}: ${reason}`;
}

function proof({ hash, peer, status, reason, writtenMs, acknowledgedMs, acceptedMs }: BlockProof): string {
  const times = [
    ...(writtenMs === undefined ? [] : [`written ${formatMs(writtenMs)}`]),
    ...(acknowledgedMs === undefined ? [] : [`acknowledged ${formatMs(acknowledgedMs)}`]),
    ...(acceptedMs === undefined ? [] : [`accepted ${formatMs(acceptedMs)}`]),
  ];
  const why = reason === undefined ? '' : `: ${reason}`;
  return `block ${hash} at ${peer}: ${status}${why}${times.length === 0 ? '' : ` (${times.join(', ')})`}`;
}

function verdict(event: BlockVerdict): string {
  const { hash, height, outcome, rpc, peersReached, peersTried, firstMs, medianMs, lastMs, reason } = event;
  const parts = [`reached ${peersReached} of ${peersTried} peers`];
  if (firstMs !== undefined && medianMs !== undefined && lastMs !== undefined) {
    parts.push(`first ${formatMs(firstMs)}, median ${formatMs(medianMs)}, last ${formatMs(lastMs)}`);
  }
  if (rpc !== undefined) {
    parts.push(`rpc ${rpc.outcome}${rpc.reason === undefined ? '' : ` (${rpc.reason})`} in ${formatMs(rpc.ms)}`);
  }
  const why = reason === undefined ? '' : `; ${reason}`;
  return `block ${hash}${atHeight(height)} ${outcome}: ${parts.join('; ')}${why}`;
}

function connected({ peer, protected: local, userAgent, height, protocolVersion }: PeerConnected): string {
  return `${local ? 'local dashd' : 'peer'} ${peer} connected: ${userAgent}, protocol ${protocolVersion}, height ${height}`;
}

function lost({ peer, protected: local, code, reason, wasReady }: PeerLost): string {
  const subject = local ? 'local dashd' : 'peer';
  return wasReady
    ? `${subject} ${peer} lost: ${code}: ${reason}`
    : `${subject} ${peer} not reached: ${code}: ${reason}`;
}

function plan({ connect, disconnect, kept, targets, known, skipped = {} }: PlanEvent): string {
  const why = ({ peer, reason }: PlannedChange) => `${peer} (${reason})`;
  const changes = [
    ...(connect.length === 0 ? [] : [`connect to ${connect.map(why).join(', ')}`]),
    ...(disconnect.length === 0 ? [] : [`leave ${disconnect.map(why).join(', ')}`]),
  ];
  const what = changes.length === 0 ? 'nothing to change' : changes.join('; ');
  const reasons = Object.entries(skipped).map(([code, count]) => `${count} ${code}`);
  const aside = reasons.length === 0 ? '' : ` (no candidates: ${reasons.join(', ')})`;
  return `peers: ${targets} targets, ${kept} kept, ${known} known${aside}: ${what}`;
}

function gossip({ peer, added, known, futureDated, refused }: GossipEvent): string {
  const facts = [
    `${added} added`,
    `${known} known`,
    ...(futureDated === 0 ? [] : [`${futureDated} dated ahead of time`]),
    ...Object.entries(refused).map(([reason, count]) => `${count} refused: ${reason}`),
  ];
  return `addresses from ${peer}: ${facts.join(', ')}`;
}

function service({ service: name, state, code, detail }: ServiceEvent): string {
  const known = code === '' || code === state;
  return `${SERVICE_NAMES[name]} ${state}: ${known ? '' : `${code}: `}${detail}`;
}

function origin(source: 'pool' | 'dashd'): string {
  return source === 'pool' ? 'the pool' : 'dashd';
}

function atHeight(height: number | undefined): string {
  return height === undefined ? '' : ` (height ${height})`;
}

/** What has been told lately, per peer and code. Bounded, oldest out. */
class Repeats {
  private readonly told: BoundedMap<string, Map<string, number>>;

  constructor(
    private readonly spanMs: number,
    capacity: number,
  ) {
    this.told = new BoundedMap(capacity);
  }

  isRepeat(peer: string, code: string, at: number): boolean {
    const codes = this.told.get(peer) ?? new Map<string, number>();
    const last = codes.get(code);
    // Of a clock that was set back, too: what was told then would not be told again for hours.
    if (last !== undefined && Math.abs(at - last) < this.spanMs) return true;
    codes.set(code, at);
    this.told.renew(peer, codes);
    return false;
  }

  forget(peer: string): void {
    this.told.delete(peer);
  }
}
