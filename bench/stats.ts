/** Statistics of a series of times, milliseconds. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The nearest-rank percentile: the smallest measured value that `p` per cent of all values do not exceed.
 * @throws RangeError when there are no values, or `p` is not above 0 and at most 100
 */
export function percentile(values: readonly number[], p: number): number {
  if (!(p > 0 && p <= 100)) throw new RangeError(`${p} is not a percentage`);
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil((p / 100) * sorted.length) - 1];
  if (value === undefined) throw new RangeError('there are no values');
  return value;
}

/** @throws RangeError when there are no values */
export function summarise(values: readonly number[]): Summary {
  return {
    count: values.length,
    p50: percentile(values, 50),
    p99: percentile(values, 99),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** The median. @throws RangeError when there are no values */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}
