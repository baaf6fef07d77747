/** The string literals of a TypeScript source, found by a small scanner: enough for code that Biome has formatted. */

export interface Literal {
  /** `{}` stands for a placeholder of a template; the literals in it are listed as well. */
  readonly text: string;
  readonly line: number;
  /** The code before it, on its line and on the line before. */
  readonly before: string;
}

/** @returns the literals in the order of their ends */
export function literalsIn(source: string): Literal[] {
  const found: Literal[] = [];
  scan(source, 0, found);
  return found;
}

/** @returns the place of the brace that closes what was open before `start`, or the end of the source */
function scan(source: string, start: number, found: Literal[]): number {
  let depth = 0;
  let at = start;
  while (at < source.length) {
    const char = source[at];
    if (char === '}' && depth === 0) return at;
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    at = pastComment(source, at) ?? pastLiteral(source, at, found) ?? pastRegex(source, at) ?? at + 1;
  }
  return source.length;
}

function pastComment(source: string, at: number): number | undefined {
  if (source.startsWith('//', at)) return past(source, '\n', at);
  return source.startsWith('/*', at) ? past(source, '*/', at + 2) : undefined;
}

function past(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + mark.length;
}

function pastLiteral(source: string, start: number, found: Literal[]): number | undefined {
  const quote = source[start];
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined;
  let text = '';
  let at = start + 1;
  while (at < source.length && source[at] !== quote) {
    if (quote === '`' && source.startsWith('${', at)) {
      at = scan(source, at + 2, found) + 1;
      text += '{}';
    } else {
      const size = source[at] === '\\' ? 2 : 1;
      text += source.slice(at, at + size);
      at += size;
    }
  }
  const lines = source.slice(0, start).split('\n');
  found.push({ text, line: lines.length, before: lines.slice(-2).join('\n') });
  return at + 1;
}

/** What may stand before a slash that begins a regular expression. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};>]|\breturn)\s*$/;

function pastRegex(source: string, start: number): number | undefined {
  if (source[start] !== '/' || !BEFORE_REGEX.test(source.slice(Math.max(0, start - 80), start))) return undefined;
  let inClass = false;
  let at = start + 1;
  while (at < source.length && (inClass || source[at] !== '/')) {
    if (source[at] === '[') inClass = true;
    if (source[at] === ']') inClass = false;
    at += source[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}
