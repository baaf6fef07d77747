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

/** A host's state in a run. */
export class Host {
  /** When the uplink has sent all that was given to it. */
  upFreeAt: Micros = 0;
  /** When the downlink has received all that has reached it. */
  downFreeAt: Micros = 0;
  isUp = true;
  /** Counts its stops: a connection does not survive one. */
  stops = 0;
  /** Of all its latencies, and of both its rates. */
  latencyFactor = 1;
  rateFactor = 1;

  constructor(readonly spec: HostSpec) {}

  /** Time on the wire, at least a microsecond, so that two messages never leave or arrive in the same instant. */
  upMicros(bytes: number): Micros {
    return Math.ceil((bytes * MICROS_PER_SECOND) / (this.spec.up * this.rateFactor));
  }

  downMicros(bytes: number): Micros {
    return Math.ceil((bytes * MICROS_PER_SECOND) / (this.spec.down * this.rateFactor));
  }
}
