/** The keys of the data files in config/simulation/, with their bounds. Messages complete "is not …" and "Give …". */
import { z } from 'zod';

const MAX_REGIONS = 64;
const MAX_LINES = 32;
const MAX_TEXT = 2_000;
const MAX_ROUND_TRIP_MS = 10_000;
const MAX_SPREAD = 2;
const MAX_ACCESS_MS = 1_000;
const MIN_MBIT = 0.1;
const MAX_MBIT = 100_000;
/** What shares may differ from 1 in sum. */
const ROUNDING = 1e-6;

function decimal(min: number, max: number) {
  const error = `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

function listOf<T extends z.ZodType>(item: T, max: number) {
  const error = `a list of 1 to ${max} values`;
  return z.array(item, { error }).min(1, { error }).max(max, { error });
}

function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: 'a section with keys' });
}

function sumsToOne(shares: readonly number[]): boolean {
  return Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) <= ROUNDING;
}

const NAME = z
  .string({ error: 'a name' })
  .regex(/^[a-z][a-z0-9-]{0,39}$/, { error: 'a name of letters, digits and hyphens' });
const SHARE = decimal(0, 1);
/** Where the figures come from, or that they are an assumption. */
const SOURCE = z
  .string({ error: 'the source of the figures, as text' })
  .min(1, { error: 'the source of the figures, as text' })
  .max(MAX_TEXT, { error: `text of at most ${MAX_TEXT} characters` });

function matrixOf(value: z.ZodType<number>) {
  return listOf(listOf(value, MAX_REGIONS), MAX_REGIONS);
}

function isMatrixOf(size: number, matrix: readonly (readonly number[])[]): boolean {
  return matrix.length === size && matrix.every((row) => row.length === size);
}

function isSymmetric(matrix: readonly (readonly number[])[]): boolean {
  return matrix.every((row, from) => row.every((value, to) => value === matrix[to]?.[from]));
}

export const LATENCY_SCHEMA = section({
  source: SOURCE,
  regions: listOf(NAME, MAX_REGIONS).refine((names) => new Set(names).size === names.length, {
    error: 'a list of different names',
  }),
  roundTripMs: matrixOf(decimal(0, MAX_ROUND_TRIP_MS)),
  spread: z.union([decimal(0, MAX_SPREAD), matrixOf(decimal(0, MAX_SPREAD))], {
    error: `a number from 0 to ${MAX_SPREAD}, or a list of rows of such numbers`,
  }),
}).superRefine(({ regions: { length }, roundTripMs, spread }, context) => {
  for (const [key, matrix] of Object.entries({ roundTripMs, spread })) {
    if (typeof matrix === 'number') continue;
    const message = isMatrixOf(length, matrix)
      ? 'the same in both directions: row i, column j is row j, column i'
      : `${length} rows of ${length} numbers, one for each region`;
    if (!isMatrixOf(length, matrix) || !isSymmetric(matrix)) context.addIssue({ code: 'custom', path: [key], message });
  }
});

const LINE = section({
  share: SHARE,
  upMbit: decimal(MIN_MBIT, MAX_MBIT),
  downMbit: decimal(MIN_MBIT, MAX_MBIT),
  accessMs: z
    .tuple([decimal(0, MAX_ACCESS_MS), decimal(0, MAX_ACCESS_MS)], { error: 'a list of two numbers, from and to' })
    .refine(([from, to]) => from <= to, { error: 'a list of two numbers, the smaller one first' }),
});

const HOST_SHARES = section({
  source: SOURCE,
  regions: z
    .record(NAME, SHARE, { error: 'a section with a share for each region' })
    .refine((shares) => sumsToOne(Object.values(shares)), { error: 'a section with shares that are 1 in sum' }),
  lines: listOf(LINE, MAX_LINES).refine((lines) => sumsToOne(lines.map(({ share }) => share)), {
    error: 'a list of lines with shares that are 1 in sum',
  }),
});

export const HOSTS_SCHEMA = section({ masternodes: HOST_SHARES, others: HOST_SHARES });

/** The names of a section's keys. */
export function latencyKeys(): readonly string[] {
  return Object.keys(LATENCY_SCHEMA.shape);
}

/** As {@link latencyKeys}: the top, the hosts of a kind, or one of their lines. */
export function hostsKeys(path: readonly PropertyKey[]): readonly string[] {
  const sections = [HOSTS_SCHEMA, HOST_SHARES];
  return Object.keys((sections[path.length] ?? LINE).shape);
}
