/** What counts as given. One rule for files, variables, flags and the files of secrets. */

/**
 * Blanks, line ends and a byte-order mark around a text are no part of it. What is then empty is not given at all, as an orchestrator
 * writes what it has no value for (`X: ${X:-}`); so is null. Of a list the same holds for each entry.
 * @returns undefined for what is not given
 */
export function given(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(given).filter((entry) => entry !== undefined);
  return typeof value === 'string' ? givenText(value) : value;
}

/** {@link given}, of a text. `trim` takes a byte-order mark for a blank. */
export function givenText(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
