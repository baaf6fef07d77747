/** Figures of a sample. A time of −1 (never) is longer than any other. */
import type { Micros } from '../engine.js';
import type { RunRandom } from '../random.js';

/** How often the runs are drawn anew, with repetition. */
const RESAMPLES = 2_000;
const TAIL = 0.025;

/** When the n-th of these nodes had the block; −1: never. @param n from 1 */
export function nthTime(times: readonly Micros[], nodes: readonly number[], n: number): Micros {
  const reached = nodes.map((id) => times[id] ?? -1).filter((time) => time >= 0);
  return reached.sort((a, b) => a - b)[n - 1] ?? -1;
}

/** The smallest time that a share of the times does not exceed; −1: never, or there are none. */
export function quantile(times: readonly Micros[], share: number): Micros {
  const sorted = times.map((time) => (time < 0 ? Number.POSITIVE_INFINITY : time)).sort((a, b) => a - b);
  const time = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(time) ? time : -1;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the runs in which both reached it. */
export function ratios(times: readonly Micros[], others: readonly Micros[]): number[] {
  return times.flatMap((time, run) => {
    const other = others[run] ?? -1;
    return time > 0 && other > 0 ? [time / other] : [];
  });
}

/** 95 % confidence interval of the mean, by the percentiles of means of samples that are drawn anew. Source: Efron, 1979. */
export function bootstrap(values: readonly number[], random: RunRandom): readonly [low: number, high: number] {
  const means: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample += 1) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw += 1) sum += random.pick(values);
    means.push(sum / values.length);
  }
  means.sort((a, b) => a - b);
  const at = (share: number): number => means[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))] ?? Number.NaN;
  return [at(TAIL), at(1 - TAIL)];
}
