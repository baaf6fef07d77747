/** Round trips between regions: what distance alone costs, before each host's access line, the spread of paths and the jitter of messages. */
import { MICROS_PER_MS, type Micros } from '../engine.js';

/** By the index of a region: rows and columns in the order of the regions. */
export type RegionMatrix = readonly (readonly number[])[];

export interface LatencyData {
  readonly regions: readonly string[];
  /** Median round trips, milliseconds, without access lines. Symmetric. */
  readonly roundTripMs: RegionMatrix;
  /** Standard deviation of the logarithm of a path's latency about its median, symmetric; 0: all paths of two regions are alike. */
  readonly spread: RegionMatrix | number;
}

export class LatencyTable {
  readonly regions: readonly string[];
  private readonly spreads: RegionMatrix | number;
  private readonly roundTripMs: RegionMatrix;

  constructor({ regions, roundTripMs, spread }: LatencyData) {
    this.regions = regions;
    this.spreads = spread;
    this.roundTripMs = roundTripMs;
  }

  /** One way between two regions: half of the median round trip. @throws RangeError for a region that is not in the table */
  oneWay(from: number, to: number): Micros {
    return (at(this.roundTripMs, from, to) * MICROS_PER_MS) / 2;
  }

  /** @throws RangeError for a region that is not in the table */
  spread(from: number, to: number): number {
    return typeof this.spreads === 'number' ? this.spreads : at(this.spreads, from, to);
  }
}

function at(matrix: RegionMatrix, row: number, column: number): number {
  const value = matrix[row]?.[column];
  if (value === undefined) throw new RangeError(`the latency table has no regions ${row} and ${column}`);
  return value;
}
