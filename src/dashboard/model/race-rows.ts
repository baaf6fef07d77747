/** Which rows of a long race are listed. */
import type { RaceRow } from './race.js';
import { groupOf } from './race-groups.js';

export const ROW_FILTERS = ['all', 'signers', 'members', 'others', 'compact', 'failed'] as const;
export type RowFilter = (typeof ROW_FILTERS)[number];

const IS: Readonly<Record<RowFilter, (row: RaceRow) => boolean>> = {
  all: () => true,
  signers: ({ proof }) => groupOf(proof) === 'signers',
  members: ({ proof }) => groupOf(proof) === 'members',
  others: ({ proof }) => groupOf(proof) === 'others',
  compact: ({ proof }) => proof.form === 'compact',
  failed: ({ proof }) => proof.status === 'failed',
};

export function filterRows(rows: readonly RaceRow[], filter: RowFilter): readonly RaceRow[] {
  return filter === 'all' ? rows : rows.filter(IS[filter]);
}

export function countRows(rows: readonly RaceRow[]): Readonly<Record<RowFilter, number>> {
  const counts = { all: rows.length, signers: 0, members: 0, others: 0, compact: 0, failed: 0 };
  for (const filter of ROW_FILTERS) if (filter !== 'all') counts[filter] = filterRows(rows, filter).length;
  return counts;
}
