/** Which share of nodes had the block when, over all runs. */
import { MICROS_PER_MS, type Micros } from '../engine.js';

const BIN: Micros = 5 * MICROS_PER_MS;
/** 60 s: no block takes longer where nodes are connected. */
const BINS = 12_000;

/** How many of these nodes had it within each 5 ms: up to 0, up to 5 ms and so on, until the last that had it. */
export function countByTime(times: readonly Micros[], nodes: readonly number[]): number[] {
  const counts: number[] = [];
  for (const id of nodes) {
    const time = times[id] ?? -1;
    const bin = Math.ceil(time / BIN);
    if (time < 0 || bin >= BINS) continue;
    while (counts.length <= bin) counts.push(0);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

export class Coverage {
  private readonly counts = new Float64Array(BINS);
  private total = 0;

  /** Of one run. @param counts as {@link countByTime} gives them @param nodes those that count */
  add(counts: readonly number[], nodes: number): void {
    this.total += nodes;
    for (const [bin, count] of counts.entries()) this.counts[bin] = (this.counts[bin] ?? 0) + count;
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
