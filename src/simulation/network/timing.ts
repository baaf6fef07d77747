/**
 * Time that a node needs for a block. A small one takes 1–2 ms in all on an idle dashd (measured with 23.1.2). What each further kilobyte
 * takes is an assumption: 0.1 ms, of which most is spent on connecting the block after it has been announced to high-bandwidth peers.
 */
import type { Micros } from '../engine.js';
import type { SimBlock } from './block.js';

export interface Timing {
  /** From the last byte until the block passed CheckBlock and is announced to high-bandwidth peers: microseconds, and more for each 1,000 bytes. */
  readonly check: { readonly base: Micros; readonly perKilobyte: Micros };
  /** From there until it is connected: scripts, the UTXO set, disk. */
  readonly connect: { readonly base: Micros; readonly perKilobyte: Micros };
}

export const TIMING: Timing = {
  check: { base: 400, perKilobyte: 12 },
  connect: { base: 800, perKilobyte: 90 },
};

/** Of nodes that take so many times as long. */
export function slowed({ check, connect }: Timing, factor: number): Timing {
  const times = ({ base, perKilobyte }: Timing['check']) => ({
    base: base * factor,
    perKilobyte: perKilobyte * factor,
  });
  return { check: times(check), connect: times(connect) };
}

/** @param cpu time for the same work, relative to the median node */
export function checkMicros(block: SimBlock, cpu: number, { check }: Timing): Micros {
  return Math.round((check.base + (check.perKilobyte * block.bytes) / 1_000) * cpu);
}

export function connectMicros(block: SimBlock, cpu: number, { connect }: Timing): Micros {
  return Math.round((connect.base + (connect.perKilobyte * block.bytes) / 1_000) * cpu);
}
