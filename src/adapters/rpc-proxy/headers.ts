/** Header fields as Node gives and takes them raw: names and values in turn, in their order and case. Source: RFC 9110, 7.6.1. */

/** Of one connection, not of the message that passes over it. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Whoever names it in `Connection` would have the body's length taken away. */
const NEVER_HOP_BY_HOP: ReadonlySet<string> = new Set(['content-length']);

/**
 * The fields that go on to the next connection.
 * @param without further names to leave out, in lower case
 */
export function endToEnd(raw: readonly string[], ...without: readonly string[]): string[] {
  const named = valuesOf(raw, 'connection').flatMap((value) =>
    value.split(',').map((name) => name.trim().toLowerCase()),
  );
  const left = new Set([...HOP_BY_HOP, ...named.filter((name) => !NEVER_HOP_BY_HOP.has(name)), ...without]);
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) if (!left.has(name.toLowerCase())) kept.push(name, value);
  return kept;
}

export function hasHeader(raw: readonly string[], name: string): boolean {
  return valuesOf(raw, name).length > 0;
}

/** @param wanted in lower case */
export function valuesOf(raw: readonly string[], wanted: string): string[] {
  return [...pairs(raw)].filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

function* pairs(raw: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] ?? '', raw[at + 1] ?? ''];
}
