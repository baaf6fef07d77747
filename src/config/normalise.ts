/** Normalises raw values: one rule for files, variables, flags and files of secrets. */

/**
 * Trims white space and a byte-order mark. An empty text and null mean "not set", since a compose file passes an unset variable as an
 * empty one (`X: ${X:-}`). The entries of a list are normalised in the same way.
 * @returns undefined for a value that is not set
 */
export function normalise(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(normalise).filter((entry) => entry !== undefined);
  return typeof value === 'string' ? normaliseText(value) : value;
}

/** {@link normalise} for a text. `trim` removes a byte-order mark, too. */
export function normaliseText(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
