/**
 * Where nodes are, and what lines and machines they have. All of it is an assumption: nobody has published the places of Dash's nodes with their
 * lines. Masternodes are rented servers, most of them in Europe and North America; of pools and of other nodes more are in Asia.
 */
import type { RunRandom } from '../random.js';

/** Shares by the name of the region; those of a table's regions are scaled to 1. */
export type Shares = Readonly<Record<string, number>>;

export interface Geography {
  readonly masternodes: Shares;
  readonly others: Shares;
  readonly miners: Shares;
}

export const GEOGRAPHY: Geography = {
  masternodes: {
    'north-america': 0.33,
    europe: 0.54,
    'south-america': 0.01,
    'asia-pacific': 0.08,
    japan: 0.02,
    australia: 0.02,
  },
  others: {
    'north-america': 0.3,
    europe: 0.45,
    'south-america': 0.03,
    'asia-pacific': 0.17,
    japan: 0.03,
    australia: 0.02,
  },
  miners: {
    'north-america': 0.25,
    europe: 0.35,
    'south-america': 0,
    'asia-pacific': 0.35,
    japan: 0.05,
    australia: 0,
  },
};

/** A line to the network. */
export interface Line {
  /** One way, milliseconds. */
  readonly accessMs: number;
  /** Bytes per second. */
  readonly up: number;
  readonly down: number;
}

export const MBIT = 125_000;

/** A server in a data centre. */
export function drawServerLine(random: RunRandom): Line {
  const rate = weighted(random, [
    [1_000 * MBIT, 0.4],
    [250 * MBIT, 0.4],
    [100 * MBIT, 0.2],
  ]);
  return { accessMs: drawMs(random, 0.2, 2), up: rate, down: rate };
}

/** An office or a home. */
export function drawOtherLine(random: RunRandom): Line {
  const up = weighted(random, [
    [100 * MBIT, 0.4],
    [50 * MBIT, 0.4],
    [20 * MBIT, 0.2],
  ]);
  return { accessMs: drawMs(random, 1, 12), up, down: 2 * up };
}

/** @throws RangeError when none of the regions has a share */
export function drawRegion(random: RunRandom, regions: readonly string[], shares: Shares): number {
  const weights = regions.map((name, index): readonly [number, number] => [index, shares[name] ?? 0]);
  return weighted(random, weights);
}

function drawMs(random: RunRandom, from: number, to: number): number {
  return random.between(from * 1_000, to * 1_000) / 1_000;
}

function weighted<T>(random: RunRandom, choices: readonly (readonly [T, number])[]): T {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random.float() * total;
  for (const [choice, weight] of choices) {
    if (left < weight) return choice;
    left -= weight;
  }
  throw new RangeError('no choice has a weight');
}
