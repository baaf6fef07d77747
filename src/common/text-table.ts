/** Lines of text with aligned columns, two spaces between them. @param left the columns that are aligned to the left; the others to the right */
export function textTable(rows: readonly (readonly string[])[], left: ReadonlySet<number>): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  const fitted = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return left.has(column) ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => row.map(fitted).join('  ').trimEnd());
}
