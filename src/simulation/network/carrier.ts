/** What the network of coarse nodes and virtual sockets need of TCP's timing: `Transport` of net/ has it. */
import type { Micros } from '../engine.js';

export type HostId = number;

/** An established connection. */
export interface Link {
  readonly a: HostId;
  readonly b: HostId;
}

export interface Carrier<L extends Link = Link> {
  connect(a: HostId, b: HostId): L;
  /** @param arrived runs when the receiver has the last byte; messages of one direction of a link arrive in order */
  send(link: L, from: HostId, bytes: number, arrived: () => void): void;
  /** Median, without jitter. */
  roundTrip(a: HostId, b: HostId): Micros;
  /** Nothing of it arrives any more. */
  close(link: L): void;
}
