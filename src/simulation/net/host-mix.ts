/** Where the hosts of a network are, and their access lines: shares, of which each host is drawn. */
import type { Random } from '../../time.js';
import type { HostSpec } from './hosts.js';

export interface AccessLine {
  /** Of the hosts that have this line, from 0 to 1. */
  readonly share: number;
  readonly upMbit: number;
  readonly downMbit: number;
  /** One way, from and to, milliseconds. */
  readonly accessMs: readonly [number, number];
}

export interface HostShares {
  /** Shares by the name of a region; in sum 1. */
  readonly regions: Readonly<Record<string, number>>;
  /** Shares in sum 1. */
  readonly lines: readonly AccessLine[];
}

export type HostKind = 'masternodes' | 'others';

export type HostMix = Readonly<Record<HostKind, HostShares>>;

const BYTES_PER_MBIT = 125_000;

/**
 * @param regions of the latency table
 * @throws RangeError when the shares name a region that is not among them
 */
export function drawHost({ regions: shares, lines }: HostShares, regions: readonly string[], random: Random): HostSpec {
  const region = regions.indexOf(pickByShare(Object.entries(shares), ([, share]) => share, random)[0]);
  if (region < 0) throw new RangeError('the shares of hosts name a region that the latency table has not');
  const line = pickByShare(lines, ({ share }) => share, random);
  const [from, to] = line.accessMs;
  return {
    region,
    accessMs: from + (to - from) * random.float(),
    up: line.upMbit * BYTES_PER_MBIT,
    down: line.downMbit * BYTES_PER_MBIT,
  };
}

function pickByShare<T>(items: readonly T[], shareOf: (item: T) => number, random: Random): T {
  let left = random.float();
  for (const item of items) {
    left -= shareOf(item);
    if (left < 0) return item;
  }
  // Shares that a rounding left below 1.
  const last = items.at(-1);
  if (last === undefined) throw new RangeError('nothing to draw from');
  return last;
}
