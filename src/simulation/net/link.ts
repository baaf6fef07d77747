/** An established connection between two hosts, and what is under way on it. */
import type { Micros } from '../engine.js';
import type { HostId } from './hosts.js';
import { CongestionWindow } from './window.js';

export class Link {
  /** Set by `Transport.close`; nothing arrives any more. */
  isClosed = false;
  readonly fromA: Direction;
  readonly fromB: Direction;

  /** @param latency one way, without what the hosts' factors add */
  constructor(
    readonly a: HostId,
    readonly b: HostId,
    latency: Micros,
    /** Both hosts' stops at the time of the handshake, in sum. */
    readonly stops: number,
  ) {
    this.fromA = new Direction(this, a, b, latency);
    this.fromB = new Direction(this, b, a, latency);
  }
}

/** A message that waits for the window. */
export interface Message {
  /** Bytes not sent yet. */
  left: number;
  readonly arrived: () => void;
}

export class Direction {
  readonly window = new CongestionWindow();
  readonly queue: Message[] = [];
  /** Bursts so far: the key of their draws. */
  bursts = 0;
  /** When the last burst that was sent reaches the receiver: the next comes no earlier. */
  lastArrival: Micros = 0;
  /** Whether it is scheduled that the queue goes on. */
  isWaiting = false;

  constructor(
    readonly link: Link,
    readonly from: HostId,
    readonly to: HostId,
    readonly latency: Micros,
  ) {}
}
