/**
 * TCP timing between hosts. It says when a message's last byte arrives, and moves no bytes. `docs/simulator-model.md` says what is modelled.
 *
 * A message leaves in bursts, each as large as the window has room (`window.ts`). A burst passes the sender's uplink, one FIFO queue for all
 * connections of the host, takes the path's latency, and passes the receiver's downlink (`burst.ts`), a FIFO queue as well; its first bytes
 * are received while the last ones are still sent. The draws for the n-th burst from one host to another are the same whatever else
 * happens in the run (`KeyedRandom`). A message that fits the window costs one event, each further burst of it two.
 */
import { type Engine, MICROS_PER_MS, type Micros } from '../engine.js';
import { exp, type KeyedRandom, type RunRandom } from '../random.js';
import { Burst } from './burst.js';
import { Cuts, nextAttempt } from './cuts.js';
import { type Disturbances, Host, type HostId, type HostSpec } from './hosts.js';
import type { LatencyTable } from './latency-table.js';
import { type Direction, delayOf, Link } from './link.js';
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
/** From one process of a host to another. */
const LOOPBACK: Micros = 50;
/** The least that Linux adds to a round trip before it sends again: `TCP_RTO_MIN`. */
const MIN_TIMEOUT: Micros = 200 * MICROS_PER_MS;
/** Segments of a burst at most, as far as the keys of draws go. */
const MAX_SEGMENTS = 65_536;

export class Transport {
  private readonly engine: Engine;
  private readonly table: LatencyTable;
  private readonly loss: number;
  private readonly jitter: Micros;
  private readonly hosts: Host[] = [];
  private readonly cuts = new Cuts();
  private readonly disturbances: Disturbances = { any: false };
  private age = 0;
  private readonly paths: KeyedRandom;
  private readonly jitters: KeyedRandom;
  private readonly losses: KeyedRandom;

  constructor({ engine, random, latency, options }: TransportDeps) {
    const { loss, jitterMs } = { ...DEFAULTS, ...options };
    this.engine = engine;
    this.table = latency;
    this.loss = loss;
    this.jitter = jitterMs * MICROS_PER_MS;
    this.paths = random.keyed('paths');
    this.jitters = random.keyed('jitter');
    this.losses = random.keyed('losses');
  }

  addHost(spec: HostSpec): HostId {
    const id = this.hosts.length;
    this.hosts.push(new Host(id, spec));
    return id;
  }

  /** An established connection; the time of its handshake is the caller's, see {@link roundTrip}. @throws RangeError for an unknown host */
  connect(a: HostId, b: HostId): Link {
    return new Link(this.host(a), this.host(b), this.latency(a, b), this.disturbances);
  }

  /**
   * @param from one of the link's ends
   * @param bytes over 0
   * @param arrived runs when the receiver has the last byte; messages of one direction of a link arrive in order
   */
  send(link: Link, from: HostId, bytes: number, arrived: () => void): void {
    const direction = from === link.a ? link.fromA : link.fromB;
    if (direction.age !== this.age) direction.renew(this.age);
    if (this.sendWhole(direction, bytes, arrived)) return;
    direction.queue.push({ left: bytes, arrived });
    if (!direction.isWaiting) this.pump(direction);
  }

  /** As `pump` would, without the queue: most messages meet an open path and fit the window. @returns whether it did */
  private sendWhole(direction: Direction, bytes: number, arrived: () => void): boolean {
    if (direction.isWaiting || this.disturbances.any || direction.isClosed) return false;
    const { delay, window } = direction;
    if (window.room(this.engine.now, timeoutOf(delay)) < segmentsOf(bytes)) return false;
    this.burst(direction, bytes, delay, arrived);
    return true;
  }

  /** All connections are as new ones from now on: none remembers how fast it was. Only when nothing is under way. */
  renew(): void {
    this.age += 1;
  }

  /** Median, without jitter: for the handshake, and to choose near peers. @throws RangeError for an unknown host */
  roundTrip(a: HostId, b: HostId): Micros {
    return 2 * delayOf(this.host(a), this.host(b), this.latency(a, b));
  }

  /** Bytes that wait in a host's uplink now. @throws RangeError for an unknown host */
  backlog(host: HostId): number {
    return this.host(host).backlog(this.engine.now);
  }

  /** Nothing of it arrives any more. */
  close(link: Link): void {
    link.close();
  }

  /**
   * Cuts the path of two hosts, both ways, or that of a host to itself: what is sent is lost, and sent again at pauses that double until
   * it arrives. What is under way still arrives.
   * @returns a function that undoes this cut
   */
  cut(a: HostId, b: HostId): () => void {
    this.cuts.add(a, b);
    this.disturbances.any = true;
    let isUndone = false;
    return () => {
      if (isUndone) return;
      isUndone = true;
      for (const direction of this.cuts.remove(a, b)) this.retry(direction);
    };
  }

  /** Cuts each path from a host of one list to one of the other. @returns a function that undoes it */
  partition(ones: readonly HostId[], others: readonly HostId[]): () => void {
    const undo = ones.flatMap((one) => others.map((other) => this.cut(one, other)));
    return () => {
      for (const each of undo) each();
    };
  }

  /** Its connections are dead from now on, and nothing on them arrives; the other ends learn nothing. @throws RangeError for an unknown host */
  stop(host: HostId): void {
    this.disturbances.any = true;
    const stopped = this.host(host);
    stopped.isUp = false;
    stopped.stops += 1;
    stopped.upFreeAt = this.engine.now;
    stopped.downFreeAt = this.engine.now;
  }

  /** New connections work again. @throws RangeError for an unknown host */
  start(host: HostId): void {
    this.host(host).isUp = true;
  }

  /** Multiplies the latency of all paths of a host, from now on. @throws RangeError for an unknown host */
  setLatencyFactor(host: HostId, factor: number): void {
    this.disturbances.any = true;
    this.host(host).latencyFactor = factor;
  }

  /** Multiplies the rates of a host's uplink and downlink for what is sent from now on; over 0. @throws RangeError for an unknown host */
  setRateFactor(host: HostId, factor: number): void {
    this.host(host).setRateFactor(factor);
  }

  /** Sends what the window has room for. */
  private pump(direction: Direction): void {
    const { queue, window, link, sender, receiver } = direction;
    if (!link.isAlive) {
      queue.length = 0;
      return;
    }
    if (queue.length > 0 && this.cuts.has(sender.id, receiver.id)) {
      direction.isWaiting = true;
      direction.cutSince ??= this.engine.now;
      this.cuts.hold(direction);
      return;
    }
    direction.cutSince = undefined;
    const { delay } = direction;
    for (let message = queue[0]; message !== undefined; message = queue[0]) {
      const room = window.room(this.engine.now, timeoutOf(delay));
      if (room <= 0) {
        this.resumeAt(direction, window.opensAt);
        return;
      }
      const bytes = Math.min(message.left, room * SEGMENT_BYTES);
      message.left -= bytes;
      if (message.left === 0) queue.shift();
      this.burst(direction, bytes, delay, message.left === 0 ? message.arrived : undefined);
    }
  }

  private resumeAt(direction: Direction, time: Micros): void {
    direction.isWaiting = true;
    this.engine.at(time, () => {
      direction.isWaiting = false;
      this.pump(direction);
    });
  }

  /** The path is open: the next attempt arrives. */
  private retry(direction: Direction): void {
    const { now } = this.engine;
    this.resumeAt(direction, nextAttempt(direction.cutSince ?? now, now, timeoutOf(direction.delay)));
  }

  private burst(direction: Direction, bytes: number, delay: Micros, arrived: (() => void) | undefined): void {
    const { sender, window, isLocal } = direction;
    const { now } = this.engine;
    const start = isLocal ? now : Math.max(now, sender.upFreeAt);
    const end = isLocal ? now : start + sender.upMicros(bytes);
    const first = isLocal ? now : start + sender.upMicros(Math.min(bytes, SEGMENT_BYTES));
    if (!isLocal) sender.upFreeAt = end;
    const segments = segmentsOf(bytes);
    direction.bursts += 1;
    window.take(segments, end, first + 2 * delay);
    const travel = delay + (isLocal ? 0 : this.drawJitter(direction));
    const repair = isLocal ? 0 : this.drawRepair(direction, segments, delay);
    const at = Math.max(direction.lastArrival, end + travel + repair);
    direction.lastArrival = at;
    this.engine.post(at, new Burst(this.engine, direction, start + travel, bytes, arrived));
  }

  private drawJitter({ from, to, bursts }: Direction): Micros {
    return this.jitter === 0 ? 0 : Math.floor(this.jitters.float(from, to, bursts) * this.jitter);
  }

  /**
   * How much later a burst is complete for its losses: by a round trip when segments behind the first lost one tell the sender, by the
   * retransmission timeout at the end of what there is to send. A segment that is sent again is not lost again.
   */
  private drawRepair(direction: Direction, segments: number, delay: Micros): Micros {
    if (this.loss === 0) return 0;
    const { from, to, bursts, queue, window } = direction;
    for (let segment = 0; segment < segments; segment += 1) {
      if (this.losses.float(from, to, bursts * MAX_SEGMENTS + segment) >= this.loss) continue;
      window.lost();
      const isTold = segments - 1 - segment >= DUPLICATES || queue.length > 0;
      return isTold ? 2 * delay : timeoutOf(delay);
    }
    return 0;
  }

  private host(id: HostId): Host {
    const host = this.hosts[id];
    if (host === undefined) throw new RangeError(`there is no host ${id}`);
    return host;
  }

  /** One way, both access lines included, with the spread of paths: the same for all connections of two hosts. */
  private latency(a: HostId, b: HostId): Micros {
    if (a === b) return LOOPBACK;
    const { id: low, spec: one } = this.host(Math.min(a, b));
    const { id: high, spec: other } = this.host(Math.max(a, b));
    const spread = this.table.spread(one.region, other.region);
    const factor = spread === 0 ? 1 : exp(spread * this.paths.normal(low, high));
    const access = (one.accessMs + other.accessMs) * MICROS_PER_MS;
    return Math.round(this.table.oneWay(one.region, other.region) * factor + access);
  }
}

/** After which TCP sends again. Source: Linux, `__tcp_set_rto`: the smoothed round trip, and at least 200 ms for its variance. */
function timeoutOf(delay: Micros): Micros {
  return 2 * delay + MIN_TIMEOUT;
}
