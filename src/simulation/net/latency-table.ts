/** Round trips between regions: what distance alone costs, before each host's access line, the spread of paths and the jitter of messages. */
import { MICROS_PER_MS, type Micros } from '../engine.js';

export interface LatencyData {
  readonly regions: readonly string[];
  /** Median round trips, milliseconds: a row and a column for each region, in their order. Symmetric. */
  readonly roundTripMs: readonly (readonly number[])[];
  /** Standard deviation of the logarithm of a path's latency about its median; 0: all paths of two regions are alike. */
  readonly spread: number;
}

export class LatencyTable {
  readonly regions: readonly string[];
  readonly spread: number;
  /** One way, by `from * regions + to`. */
  private readonly micros: readonly number[];

  constructor({ regions, roundTripMs, spread }: LatencyData) {
    this.regions = regions;
    this.spread = spread;
    this.micros = roundTripMs.flatMap((row) => row.map((ms) => (ms / 2) * MICROS_PER_MS));
  }

  /** One way between two regions, half of the median round trip. @throws RangeError for a region that is not in the table */
  oneWay(from: number, to: number): Micros {
    const micros = to < this.regions.length ? this.micros[from * this.regions.length + to] : undefined;
    if (micros === undefined) throw new RangeError(`no latency between regions ${from} and ${to}`);
    return micros;
  }
}
