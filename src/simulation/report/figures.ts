/** Results as text, for the table and the HTML report. */
import { formatCount, formatMs, formatSize } from '../../dashboard/model/format.js';
import { MICROS_PER_MS, type Micros } from '../engine.js';
import type { Scenario } from '../scenario.js';
import type { ContenderResult, StudyResult } from '../study/result.js';
import { quantile } from '../study/statistics.js';

/** In results a time of −1 says that it did not happen. */
const NEVER = 'never';

export function formatTime(time: Micros): string {
  return time < 0 ? NEVER : formatMs(time / MICROS_PER_MS);
}

export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : '–';
}

/** `15 kB block, pool in europe with 1000 Mbit/s, latency table measured` */
export function titleOf({ blockBytes, latency, pool }: Scenario): string {
  return `${formatSize(blockBytes)} block, pool in ${pool.region} with ${pool.uplinkMbit} Mbit/s, latency table ${latency}`;
}

/** One row of the table: a contender. */
export interface Row {
  readonly name: string;
  readonly p50: string;
  readonly p90: string;
  readonly ratio: string;
  /** Empty for the first contender, which the others are compared with. */
  readonly interval: string;
  readonly network95: string;
  readonly connections: string;
  readonly sent: string;
}

export function rowsOf({ contenders }: StudyResult): Row[] {
  return contenders.map(({ name, cost, network95, summary }, at) => ({
    name,
    p50: formatTime(summary.p50),
    p90: formatTime(summary.p90),
    ratio: at === 0 ? '1' : formatRatio(summary.meanRatioToFirst),
    interval: at === 0 ? '' : summary.ci95.map(formatRatio).join('–'),
    network95: formatTime(quantile(network95, 0.5)),
    connections: formatCount(cost.connections),
    sent: formatSize(Math.round(cost.bytesSent)),
  }));
}

/** The share of signers that the contender wins against a rival with this head start; undefined when it was not simulated. */
export function shareAt({ race }: ContenderResult, headStart: Micros): number | undefined {
  return race.find((point) => point.headStart === headStart)?.share;
}
