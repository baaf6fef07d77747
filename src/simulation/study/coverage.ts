/** Which share of nodes had the block when, over all runs. */
import { MICROS_PER_MS, type Micros } from '../engine.js';

const BIN: Micros = 5 * MICROS_PER_MS;
/** 60 s: no block takes longer where nodes are connected. */
const BINS = 12_000;

export class Coverage {
  private readonly counts = new Float64Array(BINS);
  private total = 0;

  /** Of one run. @param nodes those that count */
  add(times: readonly Micros[], nodes: readonly number[]): void {
    this.total += nodes.length;
    for (const id of nodes) {
      const time = times[id] ?? -1;
      const bin = Math.ceil(time / BIN);
      if (time >= 0 && bin < BINS) this.counts[bin] = (this.counts[bin] ?? 0) + 1;
    }
  }

  /** The share that had it at each of these times, which are multiples of 5 ms and ascend. */
  at(times: readonly Micros[]): number[] {
    let bin = 0;
    let reached = 0;
    return times.map((time) => {
      for (; bin < BINS && bin * BIN <= time; bin += 1) reached += this.counts[bin] ?? 0;
      return this.total === 0 ? 0 : reached / this.total;
    });
  }
}

const POINTS = 50;

/** From 0 until a time, or a little later, in at most 51 points. */
export function pointsUntil(end: Micros): Micros[] {
  const step = Math.max(1, Math.ceil(end / POINTS / BIN)) * BIN;
  return Array.from({ length: Math.ceil(end / step) + 1 }, (_, index) => index * step);
}
