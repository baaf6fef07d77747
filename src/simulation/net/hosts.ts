/**
 * Hosts: machines with a place and an access line. Several nodes may be on one host, as a pool's relay and its dashd are: they share its uplink.
 */
import type { Micros } from '../engine.js';

/** Index of a host within its transport, from 0. */
export type HostId = number;

export interface HostSpec {
  /** Index of a region of the latency table. */
  readonly region: number;
  /** One way from the host to its region's exchange, milliseconds. */
  readonly accessMs: number;
  /** Rates of payload, bytes per second. */
  readonly up: number;
  readonly down: number;
}

const MICROS_PER_SECOND = 1_000_000;

/** Whether a host has ever stopped, or a path was cut or changed: without, what such things cost is not looked up for each message. */
export interface Disturbances {
  any: boolean;
}

/** A host's state in a run. */
export class Host {
  /** When the uplink has sent all that was given to it. */
  upFreeAt: Micros = 0;
  /** When the downlink has received all that has reached it. */
  downFreeAt: Micros = 0;
  isUp = true;
  /** Counts its stops: a connection does not survive one. */
  stops = 0;
  /** Of the latencies of all its paths. */
  latencyFactor = 1;
  private up: number;
  private down: number;

  constructor(
    readonly id: HostId,
    readonly spec: HostSpec,
  ) {
    this.up = spec.up;
    this.down = spec.down;
  }

  /** @param factor of the rates of its uplink and its downlink */
  setRateFactor(factor: number): void {
    this.up = this.spec.up * factor;
    this.down = this.spec.down * factor;
  }

  /** Time on the uplink, rounded up: two messages never leave in the same instant. */
  upMicros(bytes: number): Micros {
    return Math.ceil((bytes * MICROS_PER_SECOND) / this.up);
  }

  /** As {@link upMicros}, on the downlink. */
  downMicros(bytes: number): Micros {
    return Math.ceil((bytes * MICROS_PER_SECOND) / this.down);
  }

  /** Bytes that wait in its uplink. */
  backlog(now: Micros): number {
    return Math.round((Math.max(0, this.upFreeAt - now) * this.up) / MICROS_PER_SECOND);
  }
}
