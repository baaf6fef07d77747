/** An established connection between two hosts, and what is under way on it. */
import type { Micros } from '../engine.js';
import type { Disturbances, Host, HostId } from './hosts.js';
import { CongestionWindow } from './window.js';

export class Link {
  readonly a: HostId;
  readonly b: HostId;
  readonly fromA: Direction;
  readonly fromB: Direction;
  private readonly stops: number;

  /** @param latency one way, without the hosts' factors */
  constructor(
    a: Host,
    b: Host,
    latency: Micros,
    private readonly disturbances: Disturbances,
  ) {
    this.a = a.id;
    this.b = b.id;
    this.fromA = new Direction(this, a, b, latency, disturbances);
    this.fromB = new Direction(this, b, a, latency, disturbances);
    // A host that does not run answers no handshake.
    if (!a.isUp || !b.isUp) this.close();
    this.stops = a.stops + b.stops;
  }

  /** Nothing of it arrives any more. */
  close(): void {
    this.fromA.isClosed = true;
    this.fromB.isClosed = true;
  }

  /** Whether anything of it arrives: it was not closed, and neither host has stopped. */
  get isAlive(): boolean {
    if (this.fromA.isClosed) return false;
    return !this.disturbances.any || this.stops === this.fromA.sender.stops + this.fromB.sender.stops;
  }
}

/** A message that waits for the window. */
export interface Message {
  /** Bytes not sent yet. */
  left: number;
  readonly arrived: () => void;
}

export class Direction {
  window = new CongestionWindow();
  /** See `Transport.renew`. */
  age = 0;
  readonly queue: Message[] = [];
  /** Bursts so far: the key of their draws. */
  bursts = 0;
  /** When the last burst that was sent is complete at the receiver: the next is no earlier. */
  lastArrival: Micros = 0;
  isClosed = false;
  readonly from: HostId;
  readonly to: HostId;
  /** Whether the queue goes on by itself: when the window opens, or the path does. */
  isWaiting = false;
  /** When the first attempt was made since the path is cut. */
  cutSince: Micros | undefined;

  constructor(
    readonly link: Link,
    readonly sender: Host,
    readonly receiver: Host,
    private readonly latency: Micros,
    private readonly disturbances: Disturbances,
  ) {
    this.from = sender.id;
    this.to = receiver.id;
  }

  get isAlive(): boolean {
    return this.disturbances.any ? this.link.isAlive : !this.isClosed;
  }

  /** As on a new connection. Only when nothing is under way. */
  renew(age: number): void {
    this.age = age;
    this.window = new CongestionWindow();
    this.bursts = 0;
  }

  /** From one process of a host to another. */
  get isLocal(): boolean {
    return this.sender === this.receiver;
  }

  /** Latency one way, now. */
  get delay(): Micros {
    return this.disturbances.any ? delayOf(this.sender, this.receiver, this.latency) : this.latency;
  }
}

/** One way, with the hosts' factors as they are now; a host is no further from itself. */
export function delayOf(a: Host, b: Host, latency: Micros): Micros {
  const factor = a === b ? 1 : a.latencyFactor * b.latencyFactor;
  return factor === 1 ? latency : Math.round(latency * factor);
}
