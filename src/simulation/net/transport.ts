/**
 * TCP timing between hosts. It says when a message's last byte arrives, and moves no bytes. `docs/simulator-model.md` says what is modelled.
 *
 * A message leaves in bursts, each as large as the window has room (`window.ts`). A burst passes the sender's uplink, one FIFO queue for all
 * connections of the host, takes the path's latency, and passes the receiver's downlink, a FIFO queue as well. While the first bytes of
 * a burst are received, the last ones may still be sent. The draws for the n-th burst from one host to another are the same whatever
 * else happens in the run (`KeyedRandom`). A message that fits the window costs one event; each further burst costs two.
 */
import { type Engine, EngineEvent, MICROS_PER_MS, type Micros } from '../engine.js';
import { exp, type KeyedRandom, type RunRandom } from '../random.js';
import { Host, type HostId, type HostSpec } from './hosts.js';
import type { LatencyTable } from './latency-table.js';
import { type Direction, Link } from './link.js';
import { DUPLICATES, SEGMENT_BYTES, segmentsOf } from './window.js';

export interface TransportOptions {
  /** Share of segments that get lost. */
  readonly loss: number;
  /** Longest additional delay of a burst, milliseconds; from 0 to it each is as likely. */
  readonly jitterMs: number;
}

export interface TransportDeps {
  readonly engine: Engine;
  readonly random: RunRandom;
  readonly latency: LatencyTable;
  readonly options?: Partial<TransportOptions>;
}

const DEFAULTS: TransportOptions = { loss: 0.001, jitterMs: 4 };
/** From one process to another on a host. */
const LOOPBACK: Micros = 50;
/** The least that Linux adds to a round trip before it sends again: `TCP_RTO_MIN`. */
const MIN_TIMEOUT: Micros = 200 * MICROS_PER_MS;

export class Transport {
  private readonly engine: Engine;
  private readonly table: LatencyTable;
  private readonly options: TransportOptions;
  private readonly hosts: Host[] = [];
  private readonly paths: KeyedRandom;
  private readonly jitter: KeyedRandom;
  private readonly losses: KeyedRandom;

  constructor({ engine, random, latency, options }: TransportDeps) {
    this.engine = engine;
    this.table = latency;
    this.options = { ...DEFAULTS, ...options };
    this.paths = random.keyed('paths');
    this.jitter = random.keyed('jitter');
    this.losses = random.keyed('losses');
  }

  addHost(spec: HostSpec): HostId {
    return this.hosts.push(new Host(spec)) - 1;
  }

  /** An established connection; its handshake is the caller's, see {@link roundTrip}. @throws RangeError for an unknown host */
  connect(a: HostId, b: HostId): Link {
    return new Link(a, b, this.latency(a, b), this.stops(a, b));
  }

  /**
   * @param from one of the link's ends
   * @param bytes over 0
   * @param arrived runs when the receiver has the last byte; messages of one direction of a link arrive in order
   */
  send(link: Link, from: HostId, bytes: number, arrived: () => void): void {
    const direction = from === link.a ? link.fromA : link.fromB;
    direction.queue.push({ left: bytes, arrived });
    if (!direction.isWaiting) this.pump(direction);
  }

  /** Median, without jitter: for the handshake, and to choose near peers. @throws RangeError for an unknown host */
  roundTrip(a: HostId, b: HostId): Micros {
    return 2 * this.delay(a, b, this.latency(a, b));
  }

  /** Bytes that wait in a host's uplink now. @throws RangeError for an unknown host */
  backlog(id: HostId): number {
    const host = this.host(id);
    const seconds = Math.max(0, host.upFreeAt - this.engine.now) / (1_000 * MICROS_PER_MS);
    return Math.round(seconds * host.spec.up * host.rateFactor);
  }

  /** Nothing of it arrives any more. */
  close(link: Link): void {
    link.isClosed = true;
    link.fromA.queue.length = 0;
    link.fromB.queue.length = 0;
  }

  /** Sends what the window has room for. */
  private pump(direction: Direction): void {
    const { queue, window } = direction;
    const { now } = this.engine;
    const roundTrip = 2 * this.delay(direction.from, direction.to, direction.latency);
    for (let message = queue[0]; message !== undefined; message = queue[0]) {
      const room = window.room(now, roundTrip + MIN_TIMEOUT);
      if (room <= 0) {
        direction.isWaiting = true;
        this.engine.at(window.opensAt, () => {
          direction.isWaiting = false;
          this.pump(direction);
        });
        return;
      }
      const bytes = Math.min(message.left, room * SEGMENT_BYTES);
      message.left -= bytes;
      if (message.left === 0) queue.shift();
      this.burst(direction, bytes, roundTrip, message.left === 0 ? message.arrived : undefined);
    }
  }

  private burst(direction: Direction, bytes: number, roundTrip: Micros, arrived: (() => void) | undefined): void {
    const sender = this.host(direction.from);
    const segments = segmentsOf(bytes);
    const isLocal = direction.from === direction.to;
    const start = isLocal ? this.engine.now : Math.max(this.engine.now, sender.upFreeAt);
    const lasts = isLocal ? 0 : sender.upMicros(bytes);
    const end = start + lasts;
    const firstLasts = isLocal ? 0 : sender.upMicros(Math.min(bytes, SEGMENT_BYTES));
    if (!isLocal) sender.upFreeAt = end;
    direction.bursts += 1;
    direction.window.take(segments, end, start + firstLasts + roundTrip);
    const extra = isLocal ? 0 : this.drawJitter(direction) + this.drawLoss(direction, segments, roundTrip);
    const at = Math.max(direction.lastArrival, end + roundTrip / 2 + extra);
    direction.lastArrival = at;
    this.engine.post(
      at,
      new Burst(direction.link, this.host(direction.to), this.engine, at - lasts, isLocal ? 0 : bytes, arrived),
    );
  }

  private drawJitter({ from, to, bursts }: Direction): Micros {
    return Math.floor(this.jitter.float(from, to, bursts) * this.options.jitterMs * MICROS_PER_MS);
  }

  /** @returns by how much losses delay a burst; a segment that is sent again is not lost again */
  private drawLoss(direction: Direction, segments: number, roundTrip: Micros): Micros {
    const { loss } = this.options;
    if (loss === 0) return 0;
    for (let segment = 0; segment < segments; segment += 1) {
      if (this.losses.float(direction.from, direction.to, direction.bursts * 65_536 + segment) >= loss) continue;
      direction.window.lost();
      const isNoticed = segments - 1 - segment >= DUPLICATES || direction.queue.length > 0;
      return isNoticed ? roundTrip : roundTrip + MIN_TIMEOUT;
    }
    return 0;
  }

  private host(id: HostId): Host {
    const host = this.hosts[id];
    if (host === undefined) throw new RangeError(`there is no host ${id}`);
    return host;
  }

  private stops(a: HostId, b: HostId): number {
    return this.host(a).stops + this.host(b).stops;
  }

  /** One way, both access lines included, with the spread of paths: the same for all connections of two hosts. */
  private latency(a: HostId, b: HostId): Micros {
    if (a === b) return LOOPBACK;
    const { spec: one } = this.host(Math.min(a, b));
    const { spec: other } = this.host(Math.max(a, b));
    const spread = this.table.spread(one.region, other.region);
    const factor = spread === 0 ? 1 : exp(spread * this.paths.normal(Math.min(a, b), Math.max(a, b)));
    return Math.round(
      this.table.oneWay(one.region, other.region) * factor + (one.accessMs + other.accessMs) * MICROS_PER_MS,
    );
  }

  private delay(a: HostId, b: HostId, latency: Micros): Micros {
    const factor = this.host(a).latencyFactor * this.host(b).latencyFactor;
    return factor === 1 ? latency : Math.round(latency * factor);
  }
}

/** A burst whose last byte reaches the receiver's downlink. */
class Burst extends EngineEvent {
  private isReceived = false;

  constructor(
    private readonly link: Link,
    private readonly receiver: Host,
    private readonly engine: Engine,
    private readonly firstByteAt: Micros,
    private readonly bytes: number,
    private readonly arrived: (() => void) | undefined,
  ) {
    super();
  }

  run(): void {
    if (this.link.isClosed) return;
    if (!this.isReceived && this.bytes > 0) {
      const { receiver } = this;
      this.isReceived = true;
      receiver.downFreeAt = Math.max(receiver.downFreeAt, this.firstByteAt) + receiver.downMicros(this.bytes);
      if (receiver.downFreeAt > this.time) {
        this.engine.post(receiver.downFreeAt, this);
        return;
      }
    }
    this.arrived?.();
  }
}
